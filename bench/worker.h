/* SPDX-License-Identifier: MIT */
/* Worker processes of a measurement. Knows nothing of where their jobs come from. */
#ifndef PGQUEUE_BENCH_WORKER_H
#define PGQUEUE_BENCH_WORKER_H

#include "crew.h"

enum worker_kind {
    WORKER_NOOP,   /* returns at once */
    WORKER_STAMP,  /* notes the time of jobs below STAMPS, by the payload's i */
    WORKER_FOREVER /* on the loop, never ends */
};

/* What a worker process does; zeroed: the defaults of the library on QUEUE, until stop_worker(). */
struct duty {
    const char *queue;
    int queues; /* > 0: so many queues, named by queue_name() */
    enum worker_kind kind;
    int concurrency;
    int once;      /* ends when no job is due */
    long max_jobs; /* ends after so many */
};
pid_t start_worker(const char *dsn, const struct duty *duty, struct shared *shared);

/* The daemon with one worker process that handles QUEUE by a command; program: path of pgqueued. */
pid_t start_daemon(const char *program, const char *dsn);

/* Asks it to end, and waits. */
struct ended stop_worker(pid_t pid);

#endif
