/* SPDX-License-Identifier: MIT */
/* A worker process with nothing to do: the daemon that the environment variable PGQUEUED names, or
 * else one of the library. Its statements are those that the server logs for this database (the log
 * is the file BENCH_LOG), so whatever else the server does meanwhile does not count. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "crew.h"
#include "db.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

static double logged(const char *database)
{
    char line[8192], mark[80];
    double count = 0;
    FILE *f = fopen(getenv("BENCH_LOG"), "r");
    if (f == NULL)
        die("the server's log cannot be read");
    snprintf(mark, sizeof mark, "] %s LOG:  ", database);
    while (fgets(line, sizeof line, f) != NULL) {
        const char *at = strstr(line, mark);
        if (at != NULL && (strncmp(at + strlen(mark), "execute ", 8) == 0 ||
                           strncmp(at + strlen(mark), "statement: ", 11) == 0))
            count++;
    }
    fclose(f);
    return count;
}

void case_idle(const char *dsn, long size)
{
    const char *program = getenv("PGQUEUED");
    PGconn *watch = db_connect(dsn); /* before the setting: its own statements are not logged */
    const char *sessions = "select sessions from pg_stat_database where datname ="
                           " current_database()";
    char sql[200];
    if (getenv("BENCH_LOG") == NULL)
        die("the environment variable BENCH_LOG must name the server's log");
    snprintf(sql, sizeof sql, "alter database %s set log_statement = 'all'", PQdb(watch));
    db_run(watch, sql);
    pid_t worker = program != NULL ? start_daemon(program, dsn)
                                   : start_worker(dsn, &(struct duty){0}, shared_new());
    sleep_s(8); /* the looks after the announcement are over */
    double opened = db_number(watch, sessions), before = logged(PQdb(watch));
    double connections = db_number(watch, "select count(*) - 1 from pg_stat_activity where datname"
                                          " = current_database() and backend_type = 'client "
                                          "backend'");
    sleep_s((double)size);
    opened = db_number(watch, sessions) - opened;
    double statements = logged(PQdb(watch)) - before;
    struct ended ended = stop_worker(worker);
    double minutes = (double)size / 60;
    report("idle", "s", (double)size, "connections", connections, "connections_opened", opened,
           "statements", statements, "statements_per_minute", statements / minutes,
           "statements_per_day", statements / minutes * 1440, "client_cpu_s", ended.cpu_s, NULL);
    PQfinish(watch);
}
