/* SPDX-License-Identifier: MIT */
/* Bulk enqueue, then one worker process empties the queue, from its start to the last committed
 * end; history kept. */
#include <stddef.h>

#include "cases.h"
#include "crew.h"
#include "db.h"
#include "load.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

/* The sessions of what was measured have ended, so their counts are there. */
static void wait_alone(PGconn *watch)
{
    while (db_number(watch, "select count(*) from pg_stat_activity where datname ="
                            " current_database() and pid <> pg_backend_pid()"
                            " and backend_type = 'client backend'") > 0)
        sleep_s(0.02);
}

void case_drain(const char *dsn, long size)
{
    struct shared *shared = shared_new();
    PGconn *watch = db_connect(dsn);
    pgqueue *queue = queue_open(dsn);
    double jobs = (double)size, dead = dead_rows(watch);
    db_run(watch, "checkpoint");
    struct meter meter = meter_start(watch);
    double client_s = own_cpu();
    send_bulk(queue, 0, size);
    client_s = own_cpu() - client_s;
    struct usage in = meter_stop(&meter);
    pgqueue_close(queue);
    report("bulk", "jobs", jobs, "per_s", jobs / in.s, "server_cpu_s_per_100k",
           in.cpu_s / jobs * 1e5, "client_cpu_s_per_100k", client_s / jobs * 1e5, "wal_per_job",
           in.wal / jobs, NULL);
    meter = meter_start(watch);
    struct ended worker = wait_for(start_worker(dsn, &(struct duty){.once = 1}, shared));
    struct usage out = meter_stop(&meter);
    if (atomic_load(&shared->settled) != size)
        die("%ld of %ld jobs were settled", atomic_load(&shared->settled), size);
    wait_alone(watch);
    report("drain", "jobs", jobs, "per_s", jobs / (atomic_load(&shared->settled_s) - meter.start_s),
           "server_cpu_s_per_100k", out.cpu_s / jobs * 1e5, "client_cpu_s_per_100k",
           worker.cpu_s / jobs * 1e5, "client_peak_mb", worker.peak_mb, "ready_ms",
           (atomic_load(&shared->first_s) - meter.start_s) * 1e3, "wal_per_job",
           (in.wal + out.wal) / jobs, "dead_per_job", (dead_rows(watch) - dead) / jobs, NULL);
    PQfinish(watch);
}
