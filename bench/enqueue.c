/* SPDX-License-Identifier: MIT */
/* Ways in: the raw reference, single sends beside plain INSERTs, a fan-out. */
#include <pgqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "crew.h"
#include "meter.h"

void case_setup(const char *dsn, long size)
{
    pgqueue_options options = PGQUEUE_OPTIONS_INIT;
    pgqueue_error error;
    pgqueue *queue;
    (void)size;
    options.skip_schema_check = 1;
    if (pgqueue_open(dsn, &options, &queue, &error) != PGQUEUE_OK ||
        pgqueue_migrate(queue, NULL, NULL, NULL, NULL, NULL, &error) != PGQUEUE_OK ||
        pgqueue_queue_create(queue, QUEUE, NULL, &error) != PGQUEUE_OK ||
        pgqueue_queue_create(queue, "other", NULL, &error) != PGQUEUE_OK)
        die("%s", error.message);
    /* The very row of a job and its two indexes, and nothing else that a queue needs. */
    db_run(pgqueue_connection(queue),
           "create table raw_job (like pgqueue.job_live including all);"
           "alter table raw_job alter created_on set default now(),"
           " alter start_after set default now(), alter rank set default 0,"
           " alter expire_ms set default 900000, alter retry_ms set default 60000,"
           " alter keep_queued_s set default 1209600, alter retry_limit set default 3,"
           " alter backoff set default true");
    pgqueue_close(queue);
}

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

/* The least that any queue in this server has to do for a job: the row comes, the row goes. */
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

static void insert_one(PGconn *conn, const char *json)
{
    const char *values[2] = {QUEUE, json};
    PGresult *result = PQexecPrepared(conn, "insert", 2, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        die("%s", PQerrorMessage(conn));
    PQclear(result);
}

/* Sends and plain INSERTs in turns of a quarter of a second, one commit each. */
void case_single(const char *dsn, long size)
{
    pgqueue *queue = queue_open(dsn);
    PGconn *conn = db_connect(dsn), *watch = db_connect(dsn);
    pgqueue_error error;
    char json[PAYLOAD_ROOM];
    double count[2] = {0, 0}, time[2] = {0, 0}, cpu[2] = {0, 0};
    PQclear(PQprepare(conn, "insert",
                      "insert into raw_job (queue, data) values ($1, $2) returning id", 0, NULL));
    for (int turn = 0; turn < 8 * (int)size; turn++) {
        struct meter meter = meter_start(watch);
        long n = 0;
        for (; seconds() - meter.start_s < 0.25; n++) {
            size_t len = (size_t)snprintf(json, sizeof json, PAYLOAD, n, n);
            if (turn % 2 == 1)
                insert_one(conn, json);
            else if (pgqueue_send(queue, QUEUE, json, len, NULL, NULL, &error) != PGQUEUE_OK)
                die("%s", error.message);
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
