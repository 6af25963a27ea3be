# SPDX-License-Identifier: MIT
# The library's objects are linked in, so that their allocations can be made to fail.
C_TESTS += tests/fault/test_alloc_client
tests_fault_test_alloc_client_LDADD = tests/libtestdb.la $(FAILALLOC_LIBS) $(UNIT_LIBS)
tests_fault_test_alloc_client_LDFLAGS = $(FAILALLOC_LDFLAGS)

# The whole chain while it is killed; storm.py and the module are theirs.
SCRIPT_TESTS += tests/fault/chaos_database.py \
	tests/fault/chaos_drain.py \
	tests/fault/chaos_failover.py \
	tests/fault/chaos_import.py \
	tests/fault/chaos_orchestrator.py \
	tests/fault/chaos_storm.py \
	tests/fault/crash_handlers.py \
	tests/fault/test_cli_hung.py
EXTRA_DIST += tests/fault/storm.py tests/pair.py
check_LTLIBRARIES += tests/fault/chaos_handlers.la
tests_fault_chaos_handlers_la_SOURCES = tests/fault/chaos_handlers.c
tests_fault_chaos_handlers_la_LDFLAGS = $(DAEMON_MODULE_LDFLAGS)
tests_fault_chaos_handlers_la_LIBADD = libqueue/libpgqueue.la
