/* SPDX-License-Identifier: MIT */
/* Latency at half load: what this machine sustains is measured first; then half of it comes by
 * hundreds at even distances, and single sends between have their latency noted. */
#include <stddef.h>

#include "cases.h"
#include "crew.h"
#include "feeders.h"
#include "load.h"
#include "meter.h"
#include "probe.h"
#include "report.h"
#include "worker.h"

/* Jobs per second, measured for 4 s after one of warming up. */
static double sustained(const char *dsn)
{
    struct shared *shared = shared_new();
    pid_t producer = start_producer(dsn, shared);
    pid_t worker = start_worker(dsn, &(struct duty){0}, shared);
    sleep_s(1);
    double start = seconds(), before = (double)atomic_load(&shared->settled);
    sleep_s(4);
    double rate = ((double)atomic_load(&shared->settled) - before) / (seconds() - start);
    atomic_store(&shared->stop, 1);
    wait_for(producer);
    wait_count(&shared->settled, atomic_load(&shared->sent), 60);
    stop_worker(worker);
    shared_free(shared);
    return rate;
}

void case_half(const char *dsn, long size)
{
    double most = sustained(dsn);
    struct shared *shared = shared_new();
    pgqueue *queue = queue_open(dsn);
    pid_t worker = start_worker(dsn, &(struct duty){.kind = WORKER_STAMP}, shared);
    pid_t paced = start_paced(dsn, most / 2, shared);
    wait_count(&shared->settled, (long)most / 2, 30);
    double start = seconds(), before = (double)atomic_load(&shared->settled);
    struct latency ms = probe(queue, shared, size);
    double rate = ((double)atomic_load(&shared->settled) - before) / (seconds() - start);
    atomic_store(&shared->stop, 1);
    wait_for(paced);
    stop_worker(worker);
    report("half", "p50_ms", ms.p50, "p90_ms", ms.p90, "p99_ms", ms.p99, "p999_ms", ms.p999,
           "max_ms", ms.max, "call_p50_ms", ms.call_p50, "call_p99_ms", ms.call_p99, "samples",
           (double)size, "per_s", rate, "sustained_per_s", most, NULL);
    pgqueue_close(queue);
}
