/* SPDX-License-Identifier: MIT */
/* What a job costs, and two states of a queue measured in turns, so that what the machine does
 * meanwhile hits both alike. */
#ifndef PGQUEUE_BENCH_PAIR_H
#define PGQUEUE_BENCH_PAIR_H

#include <pgqueue.h>

#include "load.h"
#include "worker.h"

struct cost {
    double per_s;
    double server_us, client_us; /* of CPU time, per job */
    double wal;                  /* bytes per job */
    double peak_mb;              /* of the largest worker process */
};

/* Enqueues. */
struct cost send_off(const char *dsn, const struct load *load);
/* Has worker processes with this duty settle exactly so many jobs. With max_jobs or once set.
 * Counted from when the first of them is connected. */
struct cost work_off(const char *dsn, const struct duty *duty, int workers, long jobs);

/* A case beside the plain one: a queue without anything, that a worker process drains. */
struct pair {
    const char *name; /* of the report */
    const char *dsn;  /* of the case; its set-up is done, the plain one's is made here */
    long jobs;        /* worked off in a turn, of the two each */
    struct duty duty; /* of the case; max_jobs is set here unless once is */
    int workers;      /* of the case; 0: one */
    int analyzed;     /* the plain tables are vacuumed and analysed before each turn */
    void (*load)(pgqueue *queue, long jobs, long size); /* enqueues a turn; NULL: plain */
    long size;
};
/* Three turns of each, reports medians and the case as ratios to the plain: jobs per second, and
 * jobs per second of server CPU. */
void pair_measure(const struct pair *pair);

#endif
