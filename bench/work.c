/* SPDX-License-Identifier: MIT */
/* A worker process with something to do: drain, and enqueue and work at once. */
#include <pgqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "cases.h"
#include "crew.h"
#include "meter.h"

void case_drain(const char *dsn, long size)
{
    struct shared *shared = shared_new();
    PGconn *watch = db_connect(dsn);
    pgqueue *queue = queue_open(dsn);
    double jobs = (double)size;
    db_run(watch, "checkpoint");
    struct meter meter = meter_start(watch);
    send_bulk(queue, 0, size);
    struct usage in = meter_stop(&meter);
    pgqueue_close(queue);
    report("bulk", "per_s", jobs / in.s, "server_cpu_s_per_100k", in.cpu_s / jobs * 1e5,
           "wal_per_job", in.wal / jobs, NULL);
    meter = meter_start(watch);
    struct ended worker = wait_for(start_worker(dsn, QUEUE, WORKER_NOOP, 0, 1, shared));
    struct usage out = meter_stop(&meter);
    if (atomic_load(&shared->settled) != size)
        die("%ld of %ld jobs were settled", atomic_load(&shared->settled), size);
    report("drain", "per_s", jobs / (atomic_load(&shared->settled_s) - meter.start_s),
           "server_cpu_s_per_100k", out.cpu_s / jobs * 1e5, "client_cpu_s_per_100k",
           worker.cpu_s / jobs * 1e5, "client_peak_mb", worker.peak_mb, "ready_ms",
           (atomic_load(&shared->first_s) - meter.start_s) * 1e3, "wal_per_job",
           (in.wal + out.wal) / jobs, NULL);
    PQfinish(watch);
}

static void sustain(const char *name, const char *dsn, long size, PGconn *holder)
{
    struct shared *shared = shared_new();
    PGconn *watch = db_connect(dsn);
    long window_s = size >= 20 ? 10 : size, before = 0;
    double slowest = 0, last = 0;
    if (holder != NULL) {
        db_run(holder, "begin isolation level repeatable read");
        db_run(holder, "select count(*) from pg_class");
    }
    struct meter meter = meter_start(watch);
    pid_t producer = start_producer(dsn, shared);
    pid_t worker = start_worker(dsn, QUEUE, WORKER_NOOP, 0, 0, shared);
    for (long t = window_s; t <= size; t += window_s) {
        while (seconds() < meter.start_s + (double)t)
            sleep_s(0.01);
        long done = atomic_load(&shared->settled);
        last = (double)(done - before) / (double)window_s;
        slowest = slowest == 0 || last < slowest ? last : slowest;
        before = done;
    }
    struct usage usage = meter_stop(&meter);
    double jobs = (double)before;
    atomic_store(&shared->stop, 1);
    wait_for(producer);
    struct ended ended = stop_worker(worker);
    report(name, "per_s", jobs / usage.s, "slowest_window_per_s", slowest, "last_window_per_s",
           last, "server_cpu_s_per_100k", usage.cpu_s / jobs * 1e5, "client_cpu_s_per_100k",
           ended.cpu_s / jobs * 1e5, "wal_per_job", usage.wal / jobs, NULL);
    PQfinish(watch);
}

void case_sustain(const char *dsn, long size)
{
    sustain("sustain", dsn, size, NULL);
}

void case_held(const char *dsn, long size)
{
    PGconn *holder = db_connect(dsn);
    sustain("held", dsn, size, holder);
    PQfinish(holder);
}
