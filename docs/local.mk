# SPDX-License-Identifier: MIT
EXTRA_DIST += docs/cron.md
