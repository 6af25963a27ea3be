# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Waits between two looks at a condition that has a deadline; knows no condition. Sourced.

# pause SECONDS: waits that long, in the shell itself: sleep would be a process that outlives a killed script.
pause() { read -r -t "$1" <> <(:) || :; }
