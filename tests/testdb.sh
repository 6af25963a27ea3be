# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Databases and programs for the shell tests; knows nothing of queues. Sourced after tap.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/pause.sh"
TESTDB_N=0
TESTDB_PIDS=()
TESTDB_MAIN=$BASHPID
export TESTDB_OWNER=$TESTDB_MAIN
TESTDB_SCHEMA=${PGQUEUE_TEST_SCHEMA:-pgqueue}

# Whether a process of that group is a child of this test: it has its environment.
testdb_owns_group() {
    local stat line state group
    for stat in /proc/[0-9]*/stat; do
        read -r line 2>/dev/null <"$stat" || continue
        read -r state _ group _ <<<"${line##*) }"
        [ "$group" = "$1" ] && [ "$state" != Z ] || continue
        grep -qzxF "TESTDB_OWNER=$TESTDB_MAIN" "${stat%stat}environ" 2>/dev/null && return 0
    done
    return 1
}

testdb_end() {
    local code=$? pid i
    [ "$BASHPID" = "$TESTDB_MAIN" ] || return "$code"
    for pid in "${TESTDB_PIDS[@]}"; do
        # bash has reaped who ended, and the id may be somebody else's by now.
        testdb_owns_group "$pid" && kill -KILL -- "-$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    for ((i = 0; i < TESTDB_N; i++)); do
        PGOPTIONS='-c client_min_messages=warning' psql -X -q -d "$PGQUEUE_TEST_DSN" \
            -c "drop database if exists t_${TESTDB_MAIN}_$i with (force)"
    done
    exit "$code"
}
trap testdb_end EXIT

# testdb_create [empty]: a migrated database of this test's own (or one without our objects), dropped at exit;
# $TESTDB_DSN is its connection string, and PGQUEUE_DSN is set to the same.
testdb_create() {
    local name=t_${TESTDB_MAIN}_$TESTDB_N template=${PGQUEUE_TEST_TEMPLATE:-}
    [ -n "${PGQUEUE_TEST_DSN:-}" ] || skip_all "no server: run by make check, scripts/test or tests/with-server"
    [ "${1:-}" != empty ] || template=template0
    psql -X -q -d "$PGQUEUE_TEST_DSN" -c "create database $name template $template" || bail "no database"
    TESTDB_N=$((TESTDB_N + 1))
    TESTDB_DSN=${PGQUEUE_TEST_DSN/dbname=postgres/dbname=$name}
    export PGQUEUE_DSN=$TESTDB_DSN
}

# mark SQL: prints the statement with the quoted schema for each marker.
mark() {
    local quoted="\"${TESTDB_SCHEMA//\"/\"\"}\"."
    printf '%s' "${1//'/*schema*/'/$quoted}"
}

# sql STATEMENT: prints the rows, columns separated by |. Fails with psql's exit code.
sql() {
    PGOPTIONS='-c client_min_messages=warning' psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$TESTDB_DSN" -c "$(mark "$1")"
}

# Seconds that every wait waits at least: a deadline ends a test that hangs and promises nothing.
TESTDB_PATIENCE=60

# sql_wait SECONDS QUERY: until the query answers true; ends the test if it does not.
sql_wait() {
    local deadline=$((SECONDS + ($1 > TESTDB_PATIENCE ? $1 : TESTDB_PATIENCE)))
    until [ "$(sql "$2")" = t ]; do
        [ "$SECONDS" -lt "$deadline" ] || bail "not met within $1 s: $2"
        pause 0.02
    done
}

# start COMMAND...: in a process group of its own, killed at exit; leaves $PID, and $OUT and $ERR, files of its output.
start() {
    OUT=$(mktemp "${PGQUEUE_TEST_TMP:-/tmp}/out.XXXXXX")
    ERR=$(mktemp "${PGQUEUE_TEST_TMP:-/tmp}/err.XXXXXX")
    setsid setpriv --pdeathsig KILL "$@" >"$OUT" 2>"$ERR" </dev/null &
    PID=$!
    TESTDB_PIDS+=("$PID")
}

# wait_line SECONDS FILE REGEX: until a line of the file matches; ends the test if none does.
wait_line() {
    local deadline=$((SECONDS + ($1 > TESTDB_PATIENCE ? $1 : TESTDB_PATIENCE)))
    until grep -qE -- "$3" "$2"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            diag "$(cat "$2")"
            bail "no line within $1 s that matches: $3"
        fi
        pause 0.02
    done
}
