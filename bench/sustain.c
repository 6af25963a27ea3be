/* SPDX-License-Identifier: MIT */
/* Enqueue and work at once for so many seconds: a producer keeps 10,000 to 20,000 jobs waiting
 * while one worker process works. */
#include <stddef.h>

#include "cases.h"
#include "crew.h"
#include "db.h"
#include "feeders.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

void case_sustain(const char *dsn, long size)
{
    struct shared *shared = shared_new();
    PGconn *watch = db_connect(dsn);
    long window_s = size >= 20 ? 10 : size, before = 0;
    double slowest = 0, last = 0;
    struct meter meter = meter_start(watch);
    pid_t producer = start_producer(dsn, shared);
    pid_t worker = start_worker(dsn, &(struct duty){0}, shared);
    for (long t = window_s; t <= size; t += window_s) {
        while (seconds() < meter.start_s + (double)t)
            sleep_s(0.01);
        long done = atomic_load(&shared->settled);
        last = (double)(done - before) / (double)window_s;
        slowest = slowest == 0 || last < slowest ? last : slowest;
        before = done;
        report("sustain_window", "until_s", (double)t, "per_s", last, NULL);
    }
    double client_s = process_cpu(worker);
    struct usage usage = meter_stop(&meter);
    double jobs = (double)before;
    atomic_store(&shared->stop, 1);
    wait_for(producer);
    struct ended ended = stop_worker(worker);
    report("sustain", "s", (double)size, "per_s", jobs / usage.s, "slowest_window_per_s", slowest,
           "last_window_per_s", last, "server_cpu_s_per_100k", usage.cpu_s / jobs * 1e5,
           "client_cpu_s_per_100k", client_s / jobs * 1e5, "client_peak_mb", ended.peak_mb,
           "wal_per_job", usage.wal / jobs, NULL);
    PQfinish(watch);
}
