/* SPDX-License-Identifier: MIT */
/* What a measurement costs: wall time, the server's and the client's CPU time, WAL; and the line
 * that reports it. Knows nothing of queues. */
#ifndef PGQUEUE_BENCH_METER_H
#define PGQUEUE_BENCH_METER_H

#include <libpq-fe.h>
#include <sys/types.h>

/* Prints the message and ends the program: a measurement that failed is worth nothing. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Seconds of a clock that only goes forward and that all processes share. */
double seconds(void);
void sleep_s(double s);

PGconn *db_connect(const char *dsn);
/* Runs a statement; the first value as a number, 0 if there is none. */
double db_number(PGconn *conn, const char *sql);
void db_run(PGconn *conn, const char *sql);

/* CPU seconds of every process of the server that the connection belongs to, ended ones included.
 */
double server_cpu(PGconn *conn);

/* CPU seconds of a process that runs, all its threads. */
double process_cpu(pid_t pid);
/* The same of this one. */
double own_cpu(void);

/* Rows of the queue's tables that were updated or deleted so far, by sessions that have ended. */
double dead_rows(PGconn *conn);

struct meter {
    PGconn *conn;
    double start_s, cpu_s, wal;
};
struct usage {
    double s;     /* wall time */
    double cpu_s; /* of the server */
    double wal;   /* bytes */
};
struct meter meter_start(PGconn *conn);
struct usage meter_stop(const struct meter *meter);

/* The value in the middle; sorts. */
double median(double *values, size_t count);

/* One line of JSON on stdout: the case and pairs of a name and a double, NULL at the end. */
void report(const char *name, ...) __attribute__((sentinel));

#endif
