/* SPDX-License-Identifier: MIT */
/* Latency: from the call of pgqueue_send to the start of the handler, and to the call's return.
 * Knows nothing of what else the queue has to do. */
#ifndef PGQUEUE_BENCH_PROBE_H
#define PGQUEUE_BENCH_PROBE_H

#include <pgqueue.h>

#include "crew.h"

struct latency {
    double p50, p90, p99, p999, max; /* ms */
    double call_p50, call_p99;       /* ms until pgqueue_send returned: the commit */
};
/* Sends so many jobs, about 20 a second at uneven distances, to a WORKER_STAMP that shares the
 * counters. */
struct latency probe(pgqueue *queue, struct shared *shared, long samples);

#endif
