/* SPDX-License-Identifier: MIT */
/* What a measurement costs: wall time, the server's and the client's CPU time, WAL. Knows nothing
 * of queues. */
#ifndef PGQUEUE_BENCH_METER_H
#define PGQUEUE_BENCH_METER_H

#include <libpq-fe.h>
#include <sys/types.h>

/* Seconds of a clock that only goes forward and that all processes share. */
double seconds(void);
void sleep_s(double s);

/* CPU seconds of every process of the server that the connection belongs to, ended ones included.
 */
double server_cpu(PGconn *conn);

/* CPU seconds of a process that runs, all its threads. */
double process_cpu(pid_t pid);
/* The same of this one. */
double own_cpu(void);

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

#endif
