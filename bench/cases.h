/* SPDX-License-Identifier: MIT */
/* The measurements. Each takes an empty database with the schema, the queue and a table for the raw
 * reference, measures, and reports lines. */
#ifndef PGQUEUE_BENCH_CASES_H
#define PGQUEUE_BENCH_CASES_H

/* size: jobs, or seconds where the case says so. */
void case_setup(const char *dsn, long size);   /* migrates and creates what the others need */
void case_raw(const char *dsn, long size);     /* COPY and batched DELETE: the limit */
void case_single(const char *dsn, long size);  /* seconds of single sends, plain INSERTs between */
void case_drain(const char *dsn, long size);   /* bulk enqueue, then one worker empties the queue */
void case_sustain(const char *dsn, long size); /* seconds of enqueue and work at once */
void case_held(const char *dsn, long size);    /* the same with a snapshot held open */
void case_latency(const char *dsn, long size); /* enqueue call to handler start, 20 per second */
void case_kill(const char *dsn, long size);    /* kill -9 with so many running jobs */
void case_fanout(const char *dsn, long size);  /* users */
void case_idle(const char *dsn, long size);    /* seconds of a worker with nothing to do */

#endif
