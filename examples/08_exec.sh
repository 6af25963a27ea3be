#!/bin/sh
# SPDX-License-Identifier: MIT
# 08_exec.sh: a handler as a command, which 08_exec.ini names. It gets the payload on standard input; what it prints is
# the job's output, and its exit status decides: 0 done, 75 later, 65 never, another one: try again.
set -eu
payload=$(cat)
case $payload in
*'"busy"'*)
    echo "not now" >&2
    exit 75
    ;;
*'"broken"'*)
    echo "attempt $PGQUEUE_ATTEMPT of job $PGQUEUE_JOB_ID: this cannot work" >&2
    exit 65
    ;;
esac
printf '{"length": %d}\n' "${#payload}"
