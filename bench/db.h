/* SPDX-License-Identifier: MIT */
/* The measurement's own connections to the server, beside those of the library. Knows of the queue
 * only the name of its schema. */
#ifndef PGQUEUE_BENCH_DB_H
#define PGQUEUE_BENCH_DB_H

#include <libpq-fe.h>

PGconn *db_connect(const char *dsn);
/* Runs a statement; the first value as a number, 0 if there is none. */
double db_number(PGconn *conn, const char *sql);
void db_run(PGconn *conn, const char *sql);

/* Rows of the queue's tables that were updated or deleted so far, by sessions that have ended. */
double dead_rows(PGconn *conn);

#endif
