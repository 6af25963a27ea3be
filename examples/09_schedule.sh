#!/bin/sh
# SPDX-License-Identifier: MIT
# 09_schedule.sh: schedules from the command line: look first, set, fire out of turn, remove.
set -eu
pgqueue queue create report

# The next five times, also around a change to daylight saving time.
pgqueue schedule preview '30 2 * * *' --tz Europe/Berlin --from '2026-03-27 12:00 UTC'

# After an outage: one job for the newest time that was missed (latest), none (skip) or one for each (all).
pgqueue schedule set nightly report '30 2 * * mon-fri' --tz Europe/Berlin --data '{"kind": "short"}' --missed skip
pgqueue schedule ls

# Workers fire it when it is due, exactly once, however many there are. Or now:
id=$(pgqueue schedule run-now nightly)
pgqueue show "$id"

# It stays removed, also when the configuration of a daemon names it.
pgqueue schedule rm nightly
