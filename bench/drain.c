/* SPDX-License-Identifier: MIT */
/* Bulk enqueue, then one worker process empties the queue, from its start to the last committed
 * end; history kept. */
#include <stddef.h>

#include "cases.h"
#include "cost.h"
#include "db.h"
#include "load.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

/* Seconds per 100,000 jobs: of microseconds per job. */
#define S_PER_100K 0.1

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
    PGconn *watch = db_connect(dsn);
    double jobs = (double)size, dead = dead_rows(watch);
    struct cost in = send_off(dsn, &(struct load){.count = size});
    report("bulk", "jobs", jobs, "per_s", in.per_s, "server_cpu_s_per_100k",
           in.server_us * S_PER_100K, "client_cpu_s_per_100k", in.client_us * S_PER_100K,
           "wal_per_job", in.wal, NULL);
    struct cost out = work_on(dsn, &(struct duty){.once = 1}, 1, size);
    wait_alone(watch);
    report("drain", "jobs", jobs, "per_s", jobs / (out.ready_s + jobs / out.per_s),
           "server_cpu_s_per_100k", out.server_us * S_PER_100K, "client_cpu_s_per_100k",
           out.client_us * S_PER_100K, "client_peak_mb", out.peak_mb, "ready_ms", out.ready_s * 1e3,
           "wal_per_job", in.wal + out.wal, "dead_per_job", (dead_rows(watch) - dead) / jobs, NULL);
    PQfinish(watch);
}
