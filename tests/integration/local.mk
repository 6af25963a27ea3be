# SPDX-License-Identifier: MIT
C_TESTS += tests/integration/test_testdb_c
tests_integration_test_testdb_c_LDADD = $(SQL_LIBS)

SCRIPT_TESTS += tests/integration/test_testdb_python.py

SCRIPT_TESTS += tests/integration/test_testdb_shell.sh

# A program outside the tree, in C and C++.
SCRIPT_TESTS += tests/integration/consumer.sh
EXTRA_DIST += tests/integration/consumer.c

# The provider's sandbox; sandbox.py is also for the importer's tests.
SCRIPT_TESTS += tests/integration/test_sandbox_faults.py \
	tests/integration/test_sandbox_generated.py \
	tests/integration/test_sandbox_paging.py \
	tests/integration/test_sandbox_program.py
EXTRA_DIST += tests/sandbox.py

# The sync application: in SQL and by the daemon.
SCRIPT_TESTS += tests/integration/test_sync_answers.py \
	tests/integration/test_sync_import.py \
	tests/integration/test_sync_midway.py \
	tests/integration/test_sync_page.py \
	tests/integration/test_sync_plan.py \
	tests/integration/test_sync_recorded.py \
	tests/integration/test_sync_resume.py
EXTRA_DIST += tests/provider.py tests/syncapp.py
# The daemon; daemon.py is also for the importer's tests.
SCRIPT_TESTS += tests/integration/daemon_config.py \
	tests/integration/daemon_crash.py \
	tests/integration/daemon_database.py \
	tests/integration/daemon_exec.py \
	tests/integration/daemon_http.py \
	tests/integration/daemon_pooler.py \
	tests/integration/daemon_service.py \
	tests/integration/daemon_signals.py
EXTRA_DIST += tests/daemon.py
check_LTLIBRARIES += tests/integration/daemon_handlers.la tests/integration/daemon_no_entry.la \
	tests/integration/daemon_other_abi.la
# -rpath makes libtool build a shared object of what is never installed.
DAEMON_MODULE_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_integration_daemon_handlers_la_SOURCES = tests/integration/daemon_handlers.c
tests_integration_daemon_handlers_la_LDFLAGS = $(DAEMON_MODULE_LDFLAGS)
tests_integration_daemon_handlers_la_LIBADD = libqueue/libpgqueue.la
tests_integration_daemon_no_entry_la_SOURCES = tests/integration/daemon_no_entry.c
tests_integration_daemon_no_entry_la_LDFLAGS = $(DAEMON_MODULE_LDFLAGS)
tests_integration_daemon_other_abi_la_SOURCES = tests/integration/daemon_other_abi.c
tests_integration_daemon_other_abi_la_LDFLAGS = $(DAEMON_MODULE_LDFLAGS)

EXTRA_DIST += tests/integration/cli.py
SCRIPT_TESTS += tests/integration/test_cli_connection.py
SCRIPT_TESTS += tests/integration/test_cli_jobs.py
SCRIPT_TESTS += tests/integration/test_cli_migrate.py
SCRIPT_TESTS += tests/integration/test_cli_queue.py
SCRIPT_TESTS += tests/integration/test_cli_schedule.py
SCRIPT_TESTS += tests/integration/test_cli_send.py
SCRIPT_TESTS += tests/integration/test_cli_sync.py
SCRIPT_TESTS += tests/integration/test_cli_work.py
# The measurements, which nobody runs by chance.
SCRIPT_TESTS += tests/integration/test_bench.py
# The documents and the examples.
SCRIPT_TESTS += tests/integration/test_examples.py tests/integration/test_readme.py
EXTRA_DIST += tests/documents.py

# Counts that do not depend on the machine, and what the price must not be paid with. The library's objects are linked in, to count their allocations.
SCRIPT_TESTS += tests/integration/test_gate_instructions.py tests/integration/test_gate_plans.py tests/integration/test_gate_sql.py tests/integration/test_late_commits.py
C_TESTS += tests/integration/test_gate_worker
tests_integration_test_gate_worker_LDADD = $(TESTWORKER_LIBS) tests/libtestdb.la $(STATEMENTS_LIBS) $(FAILALLOC_LIBS) $(UNIT_LIBS)
tests_integration_test_gate_worker_LDFLAGS = $(STATEMENTS_LDFLAGS) $(FAILALLOC_LDFLAGS)
check_PROGRAMS += tests/integration/gate_client
tests_integration_gate_client_LDADD = libqueue/libpgqueue.la

# Beyond one server: the tables distributed by queue, a standby to look at.
SCRIPT_TESTS += tests/integration/test_distributed.py tests/integration/test_standby.py
