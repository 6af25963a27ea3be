/* SPDX-License-Identifier: MIT */
/* Jobs for so many users, spaced, in one transaction. */
#include <stdio.h>

#include "cases.h"
#include "db.h"
#include "load.h"
#include "meter.h"
#include "report.h"

void case_fanout(const char *dsn, long size)
{
    PGconn *conn = db_connect(dsn), *watch = db_connect(dsn);
    char sql[256];
    struct meter meter = meter_start(watch);
    snprintf(sql, sizeof sql,
             "select created from pgqueue.fan_out('bench', '" QUEUE
             "', 'select u as user_id from generate_series(1, %ld) u', '2 minutes')",
             size);
    double created = db_number(conn, sql);
    struct usage usage = meter_stop(&meter);
    if (created != (double)size)
        die("the fan-out made %.0f of %ld jobs", created, size);
    report("fanout", "users", created, "s", usage.s, "server_cpu_s", usage.cpu_s, NULL);
    PQfinish(conn);
    PQfinish(watch);
}
