# SPDX-License-Identifier: MIT
# The examples, built by make check and run by tests/integration/test_examples.py. They use the library as any program.
check_PROGRAMS += \
	examples/01_send \
	examples/02_worker \
	examples/03_transaction \
	examples/04_event_loop \
	examples/06_fetch_by_hand
EXAMPLE_LIBS = libqueue/libpgqueue.la
examples_01_send_LDADD = $(EXAMPLE_LIBS)
examples_02_worker_LDADD = $(EXAMPLE_LIBS)
examples_03_transaction_LDADD = $(EXAMPLE_LIBS) $(PQ_LIBS)
examples_04_event_loop_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
examples_04_event_loop_LDADD = $(EXAMPLE_LIBS) $(EVENT_LIBS)
examples_06_fetch_by_hand_LDADD = $(EXAMPLE_LIBS)

# -rpath makes libtool build a shared object of what is never installed.
check_LTLIBRARIES += examples/05_module.la
examples_05_module_la_SOURCES = examples/05_module.c
examples_05_module_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

EXTRA_DIST += \
	examples/05_module.ini \
	examples/07_sql.sql \
	examples/08_exec.ini \
	examples/08_exec.sh \
	examples/09_schedule.sh \
	examples/10_fan_out.sql
