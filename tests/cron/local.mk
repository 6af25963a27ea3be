# SPDX-License-Identifier: MIT
SCRIPT_TESTS += tests/cron/test_cron_oracle.py tests/cron/test_cron_shifts.py tests/cron/test_cron_errors.py \
	tests/cron/test_schedules.py tests/cron/test_schedule_year.py
EXTRA_DIST += tests/cron/crontest.py tests/data/zone-shifts.tsv
