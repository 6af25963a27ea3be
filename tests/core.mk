# SPDX-License-Identifier: MIT
# The tests of the queue in SQL and of the library, in all folders.
SCRIPT_TESTS += tests/integration/test_plans.py
SCRIPT_TESTS += tests/integration/test_stale_plans.py
SCRIPT_TESTS += tests/expected/test_schema.py
SCRIPT_TESTS += tests/integration/test_sql_attempts.py
SCRIPT_TESTS += tests/integration/test_sql_jobs.py
SCRIPT_TESTS += tests/integration/test_sql_queues.py
SCRIPT_TESTS += tests/integration/test_sql_wakes.py
SCRIPT_TESTS += tests/integration/test_sql_workers.py
SCRIPT_TESTS += tests/integration/test_sql_payloads.py
SCRIPT_TESTS += tests/integration/test_storm.py
SCRIPT_TESTS += tests/isolation/test_core_races.py
EXTRA_DIST += tests/invariants.py tests/expected/schema.sql

C_TESTS += tests/integration/test_client
tests_integration_test_client_LDADD = $(INTEGRATION_LIBS) -lpthread

C_TESTS += tests/integration/test_bells
tests_integration_test_bells_LDADD = $(TESTWORKER_LIBS) $(INTEGRATION_LIBS)
C_TESTS += tests/integration/test_worker
tests_integration_test_worker_LDADD = $(TESTWORKER_LIBS) $(INTEGRATION_LIBS)

C_TESTS += tests/fault/test_payloads
tests_fault_test_payloads_LDADD = tests/libtestdb.la $(UNIT_LIBS)

# Workers that are killed, frozen and cut off.
check_PROGRAMS += tests/fault/toy_worker
tests_fault_toy_worker_LDADD = libqueue/libpgqueue.la
SCRIPT_TESTS += tests/fault/test_kill_load.py
SCRIPT_TESTS += tests/fault/test_kill_thousand.py
SCRIPT_TESTS += tests/fault/test_restart_load.py
EXTRA_DIST += tests/toy.py

# Modules of the library.
LIBQUEUE_UNIT_TESTS = tests/unit/test_buf tests/unit/test_conninfo tests/unit/test_hosts tests/unit/test_options \
	tests/unit/test_param tests/unit/test_place \
	tests/unit/test_loop tests/unit/test_row tests/unit/test_stmt tests/unit/test_threads tests/unit/test_utf8
C_TESTS += $(LIBQUEUE_UNIT_TESTS)
tests_unit_test_buf_LDADD = $(UNIT_LIBS)
tests_unit_test_conninfo_LDADD = $(UNIT_LIBS)
tests_unit_test_hosts_LDADD = $(UNIT_LIBS)
tests_unit_test_options_LDADD = $(UNIT_LIBS)
tests_unit_test_param_LDADD = $(UNIT_LIBS)
tests_unit_test_row_LDADD = $(UNIT_LIBS)
tests_unit_test_stmt_LDADD = $(UNIT_LIBS)
tests_unit_test_threads_LDADD = $(UNIT_LIBS)
tests_unit_test_utf8_LDADD = $(UNIT_LIBS)
tests_unit_test_loop_LDADD = $(UNIT_LIBS)
tests_unit_test_place_LDADD = $(UNIT_LIBS)

C_TESTS += tests/fault/test_waiting
tests_fault_test_waiting_LDADD = $(TESTWORKER_LIBS) tests/libtestdb.la $(UNIT_LIBS)

C_TESTS += tests/fault/test_queues
tests_fault_test_queues_LDADD = $(TESTWORKER_LIBS) tests/libtestdb.la $(UNIT_LIBS)
C_TESTS += tests/fault/test_refused
tests_fault_test_refused_LDADD = $(TESTWORKER_LIBS) tests/libtestdb.la $(UNIT_LIBS)

C_TESTS += tests/fault/test_watch
tests_fault_test_watch_LDADD = $(TESTWORKER_LIBS) tests/libtestdb.la $(UNIT_LIBS)

C_TESTS += tests/fault/test_put_off
tests_fault_test_put_off_LDADD = $(TESTWORKER_LIBS) tests/libtestdb.la $(UNIT_LIBS)

C_TESTS += tests/fault/test_hung
tests_fault_test_hung_LDADD = $(TESTWORKER_LIBS) tests/libtestdb.la $(UNIT_LIBS)

C_TESTS += tests/fault/test_failover
tests_fault_test_failover_LDADD = $(TESTWORKER_LIBS) tests/libtestdb.la $(UNIT_LIBS)

C_TESTS += tests/fault/test_silent
tests_fault_test_silent_LDADD = tests/libtestdb.la $(UNIT_LIBS)

C_TESTS += tests/fault/test_alloc_worker
tests_fault_test_alloc_worker_LDADD = tests/libtestdb.la $(FAILALLOC_LIBS) $(UNIT_LIBS)
tests_fault_test_alloc_worker_LDFLAGS = $(FAILALLOC_LDFLAGS)
