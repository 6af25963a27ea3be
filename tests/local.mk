# SPDX-License-Identifier: MIT
# The test suite: how to add a test is told in tests/README.md.
#
# C_TESTS are programs, SCRIPT_TESTS are .sh or .py files; each folder's part adds to them.
C_TESTS =
SCRIPT_TESTS =

# Which file may include libpq's header is a lint's business, not the compiler's.
AM_CPPFLAGS += -I$(top_srcdir)/tests $(PQ_CFLAGS)

check_LTLIBRARIES += tests/libtestdb.la
tests_libtestdb_la_SOURCES = tests/tap.h tests/testdb.c tests/testdb.h tests/testproc.c tests/testproc.h

# Unit tests see every symbol; integration tests are users like any other.
UNIT_LIBS = libqueue/libpgqueue_all.la $(PQ_LIBS) $(CRYPTO_LIBS)
INTEGRATION_LIBS = tests/libtestdb.la libqueue/libpgqueue.la $(PQ_LIBS)
# For programs whose allocations fail one after the other (failalloc.h); they need both.
check_LTLIBRARIES += tests/libfailalloc.la
tests_libfailalloc_la_SOURCES = tests/failalloc.c tests/failalloc.h
FAILALLOC_LIBS = tests/libfailalloc.la
FAILALLOC_LDFLAGS = -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc \
	-Wl,--wrap=reallocarray -Wl,--wrap=aligned_alloc -Wl,--wrap=strdup -Wl,--wrap=strndup
# For programs that count the statements our objects send (statements.h); they need both.
check_LTLIBRARIES += tests/libstatements.la
tests_libstatements_la_SOURCES = tests/statements.c tests/statements.h
STATEMENTS_LIBS = tests/libstatements.la -lpthread
STATEMENTS_LDFLAGS = -Wl,--wrap=PQexec -Wl,--wrap=PQexecParams -Wl,--wrap=PQexecPrepared \
	-Wl,--wrap=PQprepare -Wl,--wrap=PQsendQuery -Wl,--wrap=PQsendQueryParams \
	-Wl,--wrap=PQsendQueryPrepared -Wl,--wrap=PQsendPrepare
# For programs that make workers (testworker.h); it stands before the others.
check_LTLIBRARIES += tests/libtestworker.la
tests_libtestworker_la_SOURCES = tests/testworker.c tests/testworker.h
TESTWORKER_LIBS = tests/libtestworker.la -lpthread
# For tests of SQL alone.
SQL_LIBS = tests/libtestdb.la $(PQ_LIBS)

include tests/lint/local.mk
include tests/unit/local.mk
include tests/integration/local.mk
include tests/isolation/local.mk
include tests/fault/local.mk
include tests/fuzz/local.mk
include tests/cron/local.mk
include tests/core.mk

check_PROGRAMS += $(C_TESTS)
TESTS += $(C_TESTS) $(SCRIPT_TESTS)
TEST_EXTENSIONS = .sh .py
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(top_srcdir)/tests/run-test
SH_LOG_COMPILER = $(top_srcdir)/tests/run-test
PY_LOG_COMPILER = $(top_srcdir)/tests/run-test
# The parent of the recipe's shell is this make: the server that run-test starts ends with it.
AM_TESTS_ENVIRONMENT = PGQUEUE_TEST_BUILDDIR='$(abs_top_builddir)' PGQUEUE_TEST_MAKE_PID=$$PPID \
	PYTHON3='$(PYTHON3)' CC='$(CC)' CXX='$(CXX)'; \
	export PGQUEUE_TEST_BUILDDIR PGQUEUE_TEST_MAKE_PID PYTHON3 CC CXX;

# For scripts/test, which picks tests by a part of their name.
print-tests:
	@for t in $(TESTS); do printf '%s\n' "$$t"; done
.PHONY: print-tests

EXTRA_DIST += $(SCRIPT_TESTS) \
	tests/README.md \
	tests/migrate \
	tests/pgctl \
	tests/run-test \
	tests/tap.sh \
	tests/testdb.py \
	tests/testdb.sh \
	tests/with-server \
	scripts/build \
	scripts/ci.sh \
	scripts/demo \
	scripts/dev \
	scripts/packages.sh \
	scripts/pause.sh \
	scripts/pg.sh \
	scripts/suite.sh \
	scripts/test

CLEANFILES += tests/server.env tests/server.err tests/server.log tests/server.lock tests/server.make
