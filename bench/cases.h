/* SPDX-License-Identifier: MIT */
/* The measurements, one to a file of its name. Each takes an empty database with the schema, the
 * queue and a table for the raw reference, measures, and reports lines; main.c has the table. */
#ifndef PGQUEUE_BENCH_CASES_H
#define PGQUEUE_BENCH_CASES_H

/* size: jobs, or what the table says. */
typedef void bench_case(const char *dsn, long size);

bench_case case_setup; /* migrates and creates what the others need */

/* The ways of a job, beside the limit. */
bench_case case_raw, case_single, case_drain, case_sustain, case_held, case_senders;
/* A worker process with little or nothing to do. */
bench_case case_latency, case_half, case_idle, case_kill, case_fanout;
/* What must not matter, each in turns with the plain case. */
bench_case case_plan_fresh, case_plan_backlog, case_plan_future, case_plan_ranks, case_plan_queues,
    case_plan_silent, case_plan_workers;
/* The cost of a job as one thing grows. */
bench_case case_growth_backlog, case_growth_workers, case_growth_queues, case_growth_payload,
    case_growth_batch;

#endif
