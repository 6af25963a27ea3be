/* SPDX-License-Identifier: MIT */
/* Latency of an idle queue: the worker has gone to sleep before. */
#include <stddef.h>

#include "cases.h"
#include "crew.h"
#include "load.h"
#include "probe.h"
#include "report.h"
#include "worker.h"

void case_latency(const char *dsn, long size)
{
    struct shared *shared = shared_new();
    pgqueue *queue = queue_open(dsn);
    pid_t worker = start_worker(dsn, &(struct duty){.kind = WORKER_STAMP}, shared);
    send_one(queue, STAMPS - 1);
    wait_count(&shared->started, 1, 10);
    struct latency ms = probe(queue, shared, size);
    struct ended ended = stop_worker(worker);
    report("latency", "p50_ms", ms.p50, "p90_ms", ms.p90, "p99_ms", ms.p99, "p999_ms", ms.p999,
           "max_ms", ms.max, "call_p50_ms", ms.call_p50, "call_p99_ms", ms.call_p99, "samples",
           (double)size, "client_cpu_us", ended.cpu_s / (double)size * 1e6, NULL);
    pgqueue_close(queue);
}
