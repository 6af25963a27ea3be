/* SPDX-License-Identifier: MIT */
/* The limit: the least that any queue in this server has to do for a job, the row comes and the row
 * goes. */
#include <stdio.h>

#include "cases.h"
#include "db.h"
#include "load.h"
#include "meter.h"
#include "report.h"

static void copy_in(PGconn *conn, long count)
{
    char line[PAYLOAD_ROOM + 16];
    PGresult *result = PQexec(conn, "copy raw_job (queue, data) from stdin");
    if (PQresultStatus(result) != PGRES_COPY_IN)
        die("%s", PQerrorMessage(conn));
    PQclear(result);
    for (long i = 0; i < count; i++) {
        int len = snprintf(line, sizeof line, QUEUE "\t" PAYLOAD "\n", i, i);
        if (PQputCopyData(conn, line, len) != 1)
            die("%s", PQerrorMessage(conn));
    }
    if (PQputCopyEnd(conn, NULL) != 1)
        die("%s", PQerrorMessage(conn));
    while ((result = PQgetResult(conn)) != NULL) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            die("%s", PQerrorMessage(conn));
        PQclear(result);
    }
}

void case_raw(const char *dsn, long size)
{
    PGconn *conn = db_connect(dsn), *watch = db_connect(dsn);
    struct meter meter = meter_start(watch);
    copy_in(conn, size);
    struct usage in = meter_stop(&meter);
    meter = meter_start(watch);
    db_run(conn, "do $$ declare f bigint := (select min(id) from raw_job);"
                 " t bigint := (select max(id) from raw_job); begin while f <= t loop"
                 " delete from raw_job where id >= f and id < f + 1000; f := f + 1000; commit;"
                 " end loop; end $$");
    struct usage out = meter_stop(&meter);
    double jobs = (double)size;
    report("raw", "copy_per_s", jobs / in.s, "delete_per_s", jobs / out.s, "per_s",
           jobs / (in.s + out.s), "server_cpu_s_per_100k", (in.cpu_s + out.cpu_s) / jobs * 1e5,
           "wal_per_job", (in.wal + out.wal) / jobs, NULL);
    PQfinish(conn);
    PQfinish(watch);
}
