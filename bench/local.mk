# SPDX-License-Identifier: MIT
# Measurements: built with everything else so that they do not rot, run by bench/run, never by make check.
EXTRA_DIST += bench/peers
noinst_PROGRAMS += bench/pgq_bench
bench_pgq_bench_SOURCES = \
	bench/cases.h \
	bench/cost.c bench/cost.h \
	bench/crew.c bench/crew.h \
	bench/db.c bench/db.h \
	bench/drain.c \
	bench/fanout.c \
	bench/feeders.c bench/feeders.h \
	bench/growth.c bench/growth.h \
	bench/growth_backlog.c \
	bench/growth_batch.c \
	bench/growth_payload.c \
	bench/growth_queues.c \
	bench/growth_workers.c \
	bench/half.c \
	bench/held.c \
	bench/idle.c \
	bench/kill.c \
	bench/latency.c \
	bench/load.c bench/load.h \
	bench/main.c \
	bench/meter.c bench/meter.h \
	bench/pair.c bench/pair.h \
	bench/plan_backlog.c \
	bench/plan_fresh.c \
	bench/plan_future.c \
	bench/plan_queues.c \
	bench/plan_ranks.c \
	bench/plan_silent.c \
	bench/plan_workers.c \
	bench/probe.c bench/probe.h \
	bench/raw.c \
	bench/report.c bench/report.h \
	bench/senders.c \
	bench/setup.c \
	bench/sides.c bench/sides.h \
	bench/single.c \
	bench/sustain.c \
	bench/worker.c bench/worker.h
bench_pgq_bench_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
bench_pgq_bench_CFLAGS = $(AM_CFLAGS) $(PQ_CFLAGS)
bench_pgq_bench_LDADD = libqueue/libpgqueue.la $(PQ_LIBS) -lm
EXTRA_DIST += bench/README.md bench/plots.py bench/report.py bench/run
