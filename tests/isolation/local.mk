# SPDX-License-Identifier: MIT

# Claims and outcomes of workers that are dead, or were taken for it.
SCRIPT_TESTS += tests/isolation/claim_turns.py tests/isolation/dead_claims.py tests/isolation/zombies.py
