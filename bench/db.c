/* SPDX-License-Identifier: MIT */
/* A statement that fails ends the program, notices are dropped. */
#include "db.h"

#include <stdlib.h>

#include "report.h"

static void no_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

PGconn *db_connect(const char *dsn)
{
    PGconn *conn = PQconnectdb(dsn);
    if (PQstatus(conn) != CONNECTION_OK)
        die("%s", PQerrorMessage(conn));
    PQsetNoticeProcessor(conn, no_notice, NULL);
    return conn;
}

double db_number(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        die("%s: %s", sql, PQerrorMessage(conn));
    double value = PQntuples(result) > 0 ? strtod(PQgetvalue(result, 0, 0), NULL) : 0;
    PQclear(result);
    return value;
}

void db_run(PGconn *conn, const char *sql)
{
    db_number(conn, sql);
}

double dead_rows(PGconn *conn)
{
    return db_number(conn, "select coalesce(sum(n_tup_upd + n_tup_del), 0) from"
                           " pg_stat_user_tables where schemaname = 'pgqueue'");
}
