# SPDX-License-Identifier: MIT
# Measurements: built with everything else so that they do not rot, run by bench/run, never by make check.
noinst_PROGRAMS += bench/pgq_bench
bench_pgq_bench_SOURCES = \
	bench/cases.h \
	bench/crew.c bench/crew.h \
	bench/enqueue.c \
	bench/main.c \
	bench/meter.c bench/meter.h \
	bench/quiet.c \
	bench/work.c
bench_pgq_bench_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
bench_pgq_bench_CFLAGS = $(AM_CFLAGS) $(PQ_CFLAGS)
bench_pgq_bench_LDADD = libqueue/libpgqueue.la $(PQ_LIBS) -lm
EXTRA_DIST += bench/README.md bench/report.py bench/run
