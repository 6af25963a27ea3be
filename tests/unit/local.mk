# SPDX-License-Identifier: MIT
SCRIPT_TESTS += tests/unit/test_tap.sh
