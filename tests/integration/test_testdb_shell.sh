# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The test harness itself, from the shell; knows nothing of queues.
. "$PGQUEUE_TEST_SRCDIR/tests/tap.sh"
. "$PGQUEUE_TEST_SRCDIR/tests/testdb.sh"

testdb_create
is "$(sql "select count(*) from pg_namespace where nspname = '$TESTDB_SCHEMA'")" 1 "a fresh database is migrated"
sql 'create table /*schema*/marked (n int)'
sql 'insert into /*schema*/marked values (7)'
sql_wait 5 'select n = 7 from /*schema*/marked'
exits 1 "psql ends with 1 for a wrong statement" psql -X -d "$PGQUEUE_DSN" -c 'select 1/0'
like "$STDERR" "division by zero" "and its message is kept"
start sh -c 'echo ready >&2; exec sleep 60'
wait_line 5 "$ERR" '^ready$'
ok "a started program runs" kill -0 "$PID"
kill -KILL "$PID"
code=0
wait "$PID" 2>/dev/null || code=$?
is "$code" 137 "a killed program answers 128 + 9"
start sh -c 'sleep 60 & echo ready >&2'
wait_line 5 "$ERR" '^ready$'
wait "$PID"
ok "what a program left behind is known as the test's" testdb_owns_group "$PID"
testdb_owns_group $$ && fail "another group is not" || pass "another group is not"
tap_done
