/* SPDX-License-Identifier: MIT */
/* Two states of a queue measured in turns: what the machine does meanwhile hits both alike. */
#ifndef PGQUEUE_BENCH_PAIR_H
#define PGQUEUE_BENCH_PAIR_H

#include <pgqueue.h>

#include "worker.h"

/* Jobs of a turn, where there is no reason for another number. */
#define TURN_JOBS 100000

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
