/* SPDX-License-Identifier: MIT */
/* A feeder is a process that takes one turn after the other. */
#include "feeders.h"

#include <pgqueue.h>
#include <stdlib.h>

#include "crew.h"
#include "load.h"
#include "meter.h"

struct feeder {
    pgqueue *queue;
    struct shared *shared;
    double per_s, start_s; /* of the paced */
    long turn;             /* numbered from 0 on */
};
typedef void feeder_turn(const struct feeder *feeder);

static pid_t start_feeder(const char *dsn, double per_s, struct shared *shared, feeder_turn *turn)
{
    pid_t pid = spawn();
    if (pid != 0)
        return pid;
    struct feeder feeder = {.queue = queue_open(dsn), .shared = shared, .per_s = per_s};
    feeder.start_s = seconds();
    for (; !atomic_load(&shared->stop); feeder.turn++)
        turn(&feeder);
    pgqueue_close(feeder.queue);
    exit(0);
}

static long unsettled(struct shared *shared)
{
    return atomic_load(&shared->sent) - atomic_load(&shared->settled);
}

static void produce(const struct feeder *feeder)
{
    struct shared *shared = feeder->shared;
    if (unsettled(shared) > 19000)
        while (unsettled(shared) > 10000 && !atomic_load(&shared->stop))
            sleep_s(0.002);
    if (atomic_load(&shared->stop))
        return;
    send_bulk(feeder->queue, STAMPS + atomic_load(&shared->sent), 1000);
    atomic_fetch_add(&shared->sent, 1000);
}

static void pace(const struct feeder *feeder)
{
    double wait = feeder->start_s + (double)feeder->turn * 100 / feeder->per_s - seconds();
    if (wait > 0)
        sleep_s(wait);
    send_bulk(feeder->queue, STAMPS + feeder->turn * 100, 100);
    atomic_fetch_add(&feeder->shared->sent, 100);
}

static void send_single(const struct feeder *feeder)
{
    send_one(feeder->queue, STAMPS);
    atomic_fetch_add(&feeder->shared->sent, 1);
}

pid_t start_producer(const char *dsn, struct shared *shared)
{
    return start_feeder(dsn, 0, shared, produce);
}

pid_t start_paced(const char *dsn, double per_s, struct shared *shared)
{
    return start_feeder(dsn, per_s, shared, pace);
}

pid_t start_sender(const char *dsn, struct shared *shared)
{
    return start_feeder(dsn, 0, shared, send_single);
}
