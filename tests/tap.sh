# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Prints the results of one shell test as TAP; knows nothing of databases. Sourced: see README.md of this folder.
TAP_RUN=0
TAP_FAILED=0

# diag TEXT: comment lines beside the check that they follow.
diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

# bail TEXT: ends the program at once, as failed.
bail() {
    printf 'Bail out! %s\n' "$*"
    exit 99
}

# skip_all TEXT: ends the program without a check; the continuous integration counts it as a failure.
skip_all() {
    printf '1..0 # SKIP %s\n' "$*"
    exit 0
}

# pass SENTENCE, fail SENTENCE
pass() { printf 'ok %d - %s\n' $((++TAP_RUN)) "$*"; }
fail() {
    TAP_FAILED=$((TAP_FAILED + 1))
    printf 'not ok %d - %s\n' $((++TAP_RUN)) "$*"
    local frame=1
    while [ "${BASH_SOURCE[frame]}" = "${BASH_SOURCE[0]}" ]; do frame=$((frame + 1)); done
    printf '# failed at %s:%s\n' "${BASH_SOURCE[frame]}" "${BASH_LINENO[frame - 1]}"
    return 1
}

# ok SENTENCE COMMAND...: passes if the command exits 0; its output is shown when it does not.
ok() {
    local sentence=$1 output
    shift
    if output=$("$@" 2>&1); then pass "$sentence"; else
        fail "$sentence"
        diag "$ $*"
        diag "$output"
        return 1
    fi
}

# is GOT WANTED SENTENCE
is() {
    if [ "$1" = "$2" ]; then pass "$3"; else
        fail "$3"
        diag "     got: $1"
        diag "expected: $2"
        return 1
    fi
}

# like GOT REGEX SENTENCE: an extended regular expression matches somewhere.
like() {
    if [[ $1 =~ $2 ]]; then pass "$3"; else
        fail "$3"
        diag "          got: $1"
        diag "does not match: $2"
        return 1
    fi
}

# exits CODE SENTENCE COMMAND...: passes if the command ends with that code; leaves its output in $STDOUT and $STDERR.
exits() {
    local want=$1 sentence=$2 got=0 dir
    shift 2
    dir=$(mktemp -d "${PGQUEUE_TEST_TMP:-${TMPDIR:-/tmp}}/exits.XXXXXX")
    "$@" >"$dir/out" 2>"$dir/err" || got=$?
    STDOUT=$(cat "$dir/out")
    STDERR=$(cat "$dir/err")
    rm -rf "$dir"
    if [ "$got" = "$want" ]; then pass "$sentence"; else
        fail "$sentence"
        diag "$ $*"
        diag "exit code $got, expected $want; stderr: $STDERR"
        return 1
    fi
}

# tap_done: the last command of a test.
tap_done() {
    printf '1..%d\n' "$TAP_RUN"
    if [ "$TAP_RUN" -eq 0 ] || [ "$TAP_FAILED" -ne 0 ]; then exit 1; fi
    exit 0
}
