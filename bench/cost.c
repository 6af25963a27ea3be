/* SPDX-License-Identifier: MIT */
/* What the server and the processes used meanwhile, divided by the number of jobs. */
#include "cost.h"

#include "crew.h"
#include "db.h"
#include "load.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

#define WORKERS_MAX 32

struct cost send_off(const char *dsn, const struct load *load)
{
    PGconn *watch = db_connect(dsn);
    pgqueue *queue = queue_open(dsn);
    double jobs = (double)load->count;
    db_run(watch, "checkpoint");
    struct meter meter = meter_start(watch);
    double client_s = own_cpu();
    send_load(queue, load);
    client_s = own_cpu() - client_s;
    struct usage usage = meter_stop(&meter);
    pgqueue_close(queue);
    PQfinish(watch);
    return (struct cost){.per_s = jobs / usage.s,
                         .server_us = usage.cpu_s / jobs * 1e6,
                         .client_us = client_s / jobs * 1e6,
                         .wal = usage.wal / jobs};
}

static struct cost work(const char *dsn, const struct duty *duty, int workers, long jobs,
                        PGconn *watch)
{
    struct shared *shared = shared_new();
    struct cost cost = {0};
    pid_t pids[WORKERS_MAX];
    if (workers < 1 || workers > WORKERS_MAX)
        die("1 to %d workers", WORKERS_MAX);
    struct meter meter = meter_start(watch);
    for (int i = 0; i < workers; i++)
        pids[i] = start_worker(dsn, duty, shared);
    for (int i = 0; i < workers; i++) {
        struct ended ended = wait_for(pids[i]);
        cost.client_us += ended.cpu_s / (double)jobs * 1e6;
        cost.peak_mb = ended.peak_mb > cost.peak_mb ? ended.peak_mb : cost.peak_mb;
    }
    struct usage usage = meter_stop(&meter);
    if (atomic_load(&shared->settled) != jobs)
        die("%ld of %ld jobs were settled", atomic_load(&shared->settled), jobs);
    cost.per_s = (double)jobs / (atomic_load(&shared->settled_s) - atomic_load(&shared->first_s));
    cost.ready_s = atomic_load(&shared->first_s) - meter.start_s;
    cost.server_us = usage.cpu_s / (double)jobs * 1e6;
    cost.wal = usage.wal / (double)jobs;
    shared_free(shared);
    return cost;
}

struct cost work_off(const char *dsn, const struct duty *duty, int workers, long jobs)
{
    PGconn *watch = db_connect(dsn);
    db_run(watch, "checkpoint");
    struct cost cost = work(dsn, duty, workers, jobs, watch);
    PQfinish(watch);
    return cost;
}

struct cost work_on(const char *dsn, const struct duty *duty, int workers, long jobs)
{
    PGconn *watch = db_connect(dsn);
    struct cost cost = work(dsn, duty, workers, jobs, watch);
    PQfinish(watch);
    return cost;
}
