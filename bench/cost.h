/* SPDX-License-Identifier: MIT */
/* What a job costs on its way in, and on its way out. Knows nothing of what it is compared to. */
#ifndef PGQUEUE_BENCH_COST_H
#define PGQUEUE_BENCH_COST_H

#include "load.h"
#include "worker.h"

struct cost {
    double per_s;
    double server_us, client_us; /* of CPU time, per job */
    double wal;                  /* bytes per job */
    double ready_s;              /* from the start of the workers until the first is connected */
    double peak_mb;              /* of the largest worker process */
};

/* Enqueues, after a checkpoint. */
struct cost send_off(const char *dsn, const struct load *load);
/* Has worker processes with this duty settle exactly so many jobs, after a checkpoint. With
 * max_jobs or once set. per_s counts from when the first of them is connected. */
struct cost work_off(const char *dsn, const struct duty *duty, int workers, long jobs);
/* The same without the checkpoint: the WAL has the whole pages of the jobs since they came. */
struct cost work_on(const char *dsn, const struct duty *duty, int workers, long jobs);

#endif
