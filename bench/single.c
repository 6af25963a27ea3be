/* SPDX-License-Identifier: MIT */
/* Single sends in turns of a quarter of a second with plain INSERTs of the same row, one commit
 * each. */
#include <stdio.h>

#include "cases.h"
#include "db.h"
#include "load.h"
#include "meter.h"
#include "report.h"

static void insert_one(PGconn *conn, long number)
{
    char json[PAYLOAD_ROOM];
    snprintf(json, sizeof json, PAYLOAD, number, number);
    const char *values[2] = {QUEUE, json};
    PGresult *result = PQexecPrepared(conn, "insert", 2, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        die("%s", PQerrorMessage(conn));
    PQclear(result);
}

void case_single(const char *dsn, long size)
{
    pgqueue *queue = queue_open(dsn);
    PGconn *conn = db_connect(dsn), *watch = db_connect(dsn);
    double count[2] = {0, 0}, time[2] = {0, 0}, cpu[2] = {0, 0};
    PQclear(PQprepare(conn, "insert",
                      "insert into raw_job (queue, data) values ($1, $2) returning id", 0, NULL));
    for (int turn = 0; turn < 8 * (int)size; turn++) {
        struct meter meter = meter_start(watch);
        long n = 0;
        for (; seconds() - meter.start_s < 0.25; n++) {
            if (turn % 2 == 1)
                insert_one(conn, n);
            else
                send_one(queue, n);
        }
        struct usage usage = meter_stop(&meter);
        count[turn % 2] += (double)n;
        time[turn % 2] += usage.s;
        cpu[turn % 2] += usage.cpu_s;
    }
    report("single", "per_s", count[0] / time[0], "insert_per_s", count[1] / time[1], "ratio",
           count[0] / time[0] / (count[1] / time[1]), "server_cpu_us", cpu[0] / count[0] * 1e6,
           "insert_server_cpu_us", cpu[1] / count[1] * 1e6, NULL);
    pgqueue_close(queue);
    PQfinish(conn);
    PQfinish(watch);
}
