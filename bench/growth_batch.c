/* SPDX-License-Identifier: MIT */
/* The server's share alone, by the size of a claim: one connection claims so many jobs at once,
 * with a position as a worker has, and settles them, one after the other. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "db.h"
#include "load.h"
#include "meter.h"
#include "report.h"

/* Of a point. */
#define CLAIMS   3000
#define JOBS_MAX 100000

static PGresult *prepared(PGconn *conn, const char *name, int count, const char *const *values)
{
    PGresult *result = PQexecPrepared(conn, name, count, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        die("%s", PQerrorMessage(conn));
    return result;
}

/* Claims behind the last claim and settles; how many. Replaces the last claim's answer. */
static long claim_and_settle(PGconn *conn, const char *batch, PGresult **last)
{
    const char *from[3] = {batch, *last != NULL ? PQgetvalue(*last, 0, 3) : "-infinity",
                           *last != NULL ? PQgetvalue(*last, 0, 4) : "0"};
    PGresult *result = prepared(conn, "claim", 3, from);
    const char *taken[2] = {PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2)};
    PQclear(prepared(conn, "settle", 2, taken));
    PQclear(*last);
    *last = result;
    return strtol(PQgetvalue(result, 0, 0), NULL, 10);
}

static void point(const char *dsn, long batch, long jobs)
{
    PGconn *conn = db_connect(dsn), *watch = db_connect(dsn);
    pgqueue *queue = queue_open(dsn);
    PGresult *last = NULL;
    char text[24];
    snprintf(text, sizeof text, "%ld", batch);
    send_bulk(queue, 0, jobs);
    pgqueue_close(queue);
    PQclear(PQprepare(conn, "claim",
                      "select count(*), array_agg(id), array_agg(lease), max(start_after), max(id)"
                      " from pgqueue.fetch('" QUEUE "', $1, null, '{0}', array[$2::timestamptz],"
                      " array[$3::bigint], false, true)",
                      0, NULL));
    PQclear(PQprepare(conn, "settle", "select pgqueue.settle($1, $2)", 0, NULL));
    db_run(watch, "checkpoint");
    struct meter meter = meter_start(watch);
    for (long done = 0; done < jobs;)
        done += claim_and_settle(conn, text, &last);
    struct usage usage = meter_stop(&meter);
    report("growth_batch", "x", (double)batch, "out_per_s", (double)jobs / usage.s, "out_server_us",
           usage.cpu_s / (double)jobs * 1e6, "out_wal", usage.wal / (double)jobs, NULL);
    PQclear(last);
    PQfinish(conn);
    PQfinish(watch);
}

void case_growth_batch(const char *dsn, long size)
{
    for (long batch = 1; batch <= size; batch *= 10)
        point(dsn, batch, batch * CLAIMS < JOBS_MAX ? batch * CLAIMS : JOBS_MAX);
}
