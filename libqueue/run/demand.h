/* SPDX-License-Identifier: MIT */
/* How many jobs a claim asks for. */
#ifndef PGQI_RUN_DEMAND_H
#define PGQI_RUN_DEMAND_H

#include <stdint.h>

struct pgqueue_worker;
struct work_queue;

/* What the pool holds, of all queues together: summed once for a look at many queues. */
struct pool_load {
    int jobs;       /* handed over, or waiting here to be */
    double work_us; /* of one thread, until they have ended */
};

struct pool_load pgqi_pool_load(const struct pgqueue_worker *w, uint64_t now_us);

/* How many jobs to claim for a queue now; 0: none. */
int pgqi_demand(const struct pgqueue_worker *w, const struct work_queue *q,
                const struct pool_load *load, uint64_t now_us);

#endif
