/* SPDX-License-Identifier: MIT */
/* A worker process with little or nothing to do: latency, its death, its idle hours. */
#include <pgqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "crew.h"
#include "meter.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sends 20 jobs a second at uneven distances. The worker must have gone to sleep before. */
void case_latency(const char *dsn, long size)
{
    struct shared *shared = shared_new();
    pgqueue *queue = queue_open(dsn);
    pgqueue_error error;
    char json[PAYLOAD_ROOM];
    if (size < 1 || size > 1 << 15)
        die("latency: 1 to %d samples", 1 << 15);
    pid_t worker = start_worker(dsn, QUEUE, WORKER_STAMP, 0, 0, shared);
    send_bulk(queue, 1 << 15, 1);
    wait_count(&shared->started, 1, 10);
    srand(1);
    for (long i = 0; i < size; i++) {
        sleep_s(0.035 + 0.03 * rand() / RAND_MAX);
        size_t len = (size_t)snprintf(json, sizeof json, PAYLOAD, i, i);
        shared->sent_s[i] = seconds();
        if (pgqueue_send(queue, QUEUE, json, len, NULL, NULL, &error) != PGQUEUE_OK)
            die("%s", error.message);
    }
    wait_count(&shared->started, size + 1, 60);
    struct ended ended = stop_worker(worker);
    double *ms = shared->started_s;
    for (long i = 0; i < size; i++)
        ms[i] = (ms[i] - shared->sent_s[i]) * 1e3;
    qsort(ms, (size_t)size, sizeof *ms, by_value);
    report("latency", "p50_ms", ms[size / 2], "p90_ms", ms[size * 9 / 10], "p99_ms",
           ms[size * 99 / 100], "max_ms", ms[size - 1], "client_cpu_us",
           ended.cpu_s / (double)size * 1e6, NULL);
    pgqueue_close(queue);
}

/* A worker dies with running jobs; a second one, busy with another queue, frees them. */
void case_kill(const char *dsn, long size)
{
    struct shared *shared = shared_new(), *other = shared_new();
    PGconn *watch = db_connect(dsn);
    pgqueue *queue = queue_open(dsn);
    double claimable = 0, end;
    send_bulk(queue, 0, size);
    pid_t witness = start_worker(dsn, "other", WORKER_NOOP, 0, 0, other);
    pid_t victim = start_worker(dsn, QUEUE, WORKER_FOREVER, (int)size, 0, shared);
    wait_count(&shared->started, size, 30);
    sleep_s(1.5); /* the witness looks each second while there are foreign leases */
    double start = seconds();
    kill(victim, SIGKILL);
    wait_for(victim);
    do {
        sleep_s(0.01);
        claimable = db_number(watch, "select count(*) from pgqueue.job_ready");
        end = seconds();
    } while (claimable < (double)size && end < start + 60);
    if (claimable != (double)size)
        die("%.0f of %ld jobs were claimable after %.0f s", claimable, size, end - start);
    report("kill", "jobs", claimable, "claimable_s", end - start, NULL);
    stop_worker(witness);
    pgqueue_close(queue);
    PQfinish(watch);
}

/* The daemon that the environment variable PGQUEUED names, or else a worker of the library.
 * Counts of the database alone: sessions opened and statements, each of which is a transaction.
 * Those of autovacuum would be counted with them. */
void case_idle(const char *dsn, long size)
{
    const char *program = getenv("PGQUEUED");
    PGconn *watch = db_connect(dsn);
    const char *count = "select sum(xact_commit + xact_rollback) from pg_stat_database"
                        " where datname = current_database()";
    const char *sessions = "select sessions from pg_stat_database where datname ="
                           " current_database()";
    db_run(watch, "alter system set autovacuum = off");
    db_run(watch, "select pg_reload_conf()");
    pid_t worker = program != NULL ? start_daemon(program, dsn)
                                   : start_worker(dsn, QUEUE, WORKER_NOOP, 0, 0, shared_new());
    sleep_s(8); /* the looks after the announcement are over */
    double opened = db_number(watch, sessions), before = db_number(watch, count);
    double connections = db_number(watch, "select count(*) - 1 from pg_stat_activity where datname"
                                          " = current_database() and backend_type = 'client "
                                          "backend'");
    sleep_s((double)size);
    opened = db_number(watch, sessions) - opened;
    double statements = db_number(watch, count) - before - 3; /* without the look's own */
    double cpu = stop_worker(worker).cpu_s;
    double day = 86400 / (double)size;
    report("idle", "s", (double)size, "connections", connections, "statements", statements,
           "statements_per_day", statements * day, "connections_opened_per_day",
           connections + opened * day, "client_cpu_s", cpu, NULL);
    db_run(watch, "alter system reset autovacuum");
    db_run(watch, "select pg_reload_conf()");
    PQfinish(watch);
}
