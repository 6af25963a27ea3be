/* SPDX-License-Identifier: MIT */
/* A snapshot held open: two databases with the same to do as in sustain.c, in one of which a
 * REPEATABLE READ transaction is open all the time. They work in turns, free held held free, so
 * that each window of one has its counterpart of the same moment in the other; who has no turn is
 * frozen. */
#include <math.h>
#include <stddef.h>

#include "cases.h"
#include "crew.h"
#include "db.h"
#include "feeders.h"
#include "load.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

struct side {
    struct shared *shared;
    pid_t pids[2];      /* worker, producer */
    double jobs, cpu_s; /* of all windows */
    double window;      /* jobs of this one */
};

static struct side side_start(const char *dsn)
{
    struct side side = {.shared = shared_new()};
    side.pids[0] = start_worker(dsn, &(struct duty){0}, side.shared);
    side.pids[1] = start_producer(dsn, side.shared);
    wait_count(&side.shared->settled, 1, 30);
    freeze(side.pids, 2);
    sleep_s(0.2);
    return side;
}

static void turn(struct side *side, double length_s, PGconn *watch)
{
    struct meter meter = meter_start(watch);
    long before = atomic_load(&side->shared->settled);
    thaw(side->pids, 2);
    sleep_s(length_s);
    freeze(side->pids, 2);
    sleep_s(0.05); /* the statement that was under way */
    struct usage usage = meter_stop(&meter);
    double jobs = (double)(atomic_load(&side->shared->settled) - before);
    side->jobs += jobs;
    side->window += jobs;
    side->cpu_s += usage.cpu_s;
}

static void side_stop(struct side *side)
{
    atomic_store(&side->shared->stop, 1);
    thaw(side->pids, 2);
    wait_for(side->pids[1]);
    stop_worker(side->pids[0]);
}

void case_held(const char *dsn, long size)
{
    const int order[] = {0, 1, 1, 0};
    double turn_s = size >= 20 ? 5 : (double)size / 2, worst = INFINITY, last = 0;
    PGconn *watch = db_connect(dsn), *holder = db_connect(dsn);
    db_run(holder, "begin isolation level repeatable read");
    db_run(holder, "select count(*) from pg_class");
    struct side sides[2] = {side_start(database_beside(dsn, "bench_free")), side_start(dsn)};
    for (double t = 2 * turn_s; t <= (double)size; t += 2 * turn_s) {
        sides[0].window = sides[1].window = 0;
        for (int i = 0; i < 4; i++)
            turn(&sides[order[i]], turn_s, watch);
        last = sides[1].window / sides[0].window;
        worst = last < worst ? last : worst;
        report("held_window", "until_s", t, "per_s", sides[1].window / turn_s / 2, "free_per_s",
               sides[0].window / turn_s / 2, "of_free", last, NULL);
    }
    side_stop(&sides[0]);
    side_stop(&sides[1]);
    report("held", "s", (double)size, "per_s", sides[1].jobs / (double)size, "free_per_s",
           sides[0].jobs / (double)size, "of_free", sides[1].jobs / sides[0].jobs,
           "of_free_worst_window", worst, "of_free_last_window", last, "of_free_cpu",
           sides[1].jobs / sides[1].cpu_s / (sides[0].jobs / sides[0].cpu_s),
           "server_cpu_s_per_100k", sides[1].cpu_s / sides[1].jobs * 1e5,
           "free_server_cpu_s_per_100k", sides[0].cpu_s / sides[0].jobs * 1e5, NULL);
    PQfinish(holder);
    PQfinish(watch);
}
