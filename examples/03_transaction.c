/* SPDX-License-Identifier: MIT */
/*
 * 03_transaction.c: an order and the job for it, in one transaction of libpq: both are there, or
 * neither. The program's argument is COMMIT or ROLLBACK.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include <pgqueue.h>

/* Returns the first value (free it), or NULL for none; ends the program when the statement fails.
 */
static char *sql(PGconn *conn, const char *statement)
{
    PGresult *result = PQexec(conn, statement);
    char *value = NULL;
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s", PQerrorMessage(conn));
        exit(1);
    }
    if (PQntuples(result) > 0)
        value = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

int main(int argc, char **argv)
{
    const char *dsn = getenv("PGQUEUE_DSN");
    PGconn *conn = PQconnectdb(dsn != NULL ? dsn : "");
    const char *end = argc > 1 && strcmp(argv[1], "ROLLBACK") == 0 ? "rollback" : "commit";
    pgqueue_error error;
    char json[64];
    int64_t id;

    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "%s", PQerrorMessage(conn));
        return 1;
    }
    sql(conn, "set client_min_messages = warning");
    sql(conn, "create table if not exists orders "
              "(id bigint generated always as identity primary key, what text)");
    free(sql(conn, "select pgqueue.declare_queue('ship')")); /* create it, if it is not there */

    sql(conn, "begin");
    char *order = sql(conn, "insert into orders (what) values ('a book') returning id");
    snprintf(json, sizeof json, "{\"order\": %s}", order);
    free(order);
    if (pgqueue_send_on(conn, NULL, "ship", json, strlen(json), NULL, &id, &error) != PGQUEUE_OK) {
        fprintf(stderr, "send: %s\n", error.message);
        sql(conn, "rollback"); /* nothing else is possible in a transaction with an error */
        PQfinish(conn);
        return 1;
    }
    sql(conn, end); /* until here no worker can see the job */

    printf("%s: job %" PRId64 " for %s\n", end, id, json);
    PQfinish(conn);
    return 0;
}
