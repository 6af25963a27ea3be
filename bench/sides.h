/* SPDX-License-Identifier: MIT */
/* The sides of a comparison, a database each, which work in turns: who has none is frozen. */
#ifndef PGQUEUE_BENCH_SIDES_H
#define PGQUEUE_BENCH_SIDES_H

#include <libpq-fe.h>

#include "crew.h"

#define FEEDERS_MAX 16

/* start_producer or start_sender. */
typedef pid_t feeder_start(const char *dsn, struct shared *shared);

struct side {
    struct shared *shared;
    pid_t pids[FEEDERS_MAX + 1];
    int feeders, count; /* the feeders come first, then the worker, if there is one */
    double jobs, cpu_s; /* of all turns; cpu_s is the server's */
};
/* Starts so many feeders and perhaps a worker; frozen when all is under way. */
struct side side_start(const char *dsn, feeder_start *feeder, int feeders, int with_worker);
/* A turn of so many seconds; by how much the counter rose, one of side->shared. */
double side_turn(struct side *side, double length_s, _Atomic long *counter, PGconn *watch);
void side_stop(struct side *side);

#endif
