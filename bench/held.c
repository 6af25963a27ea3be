/* SPDX-License-Identifier: MIT */
/* A snapshot held open: two databases with the same to do as in sustain.c, in one of which a
 * REPEATABLE READ transaction is open all the time. They work in turns, free held held free, so
 * that each window of one has its counterpart of the same moment in the other; who has no turn is
 * frozen. */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "db.h"
#include "feeders.h"
#include "load.h"
#include "report.h"
#include "sides.h"

void case_held(const char *dsn, long size)
{
    const int order[] = {0, 1, 1, 0};
    char *free_dsn = database_beside(dsn, "bench_free");
    double turn_s = size >= 20 ? 5 : (double)size / 2, worst = INFINITY, last = 0;
    PGconn *watch = db_connect(dsn), *holder = db_connect(dsn);
    db_run(holder, "begin isolation level repeatable read");
    db_run(holder, "select count(*) from pg_class");
    struct side sides[] = {side_start(free_dsn, start_producer, 1, 1),
                           side_start(dsn, start_producer, 1, 1)};
    for (double t = 2 * turn_s; t <= (double)size; t += 2 * turn_s) {
        double window[2] = {0, 0};
        for (int i = 0; i < 4; i++) {
            struct side *side = &sides[order[i]];
            window[order[i]] += side_turn(side, turn_s, &side->shared->settled, watch);
        }
        last = window[1] / window[0];
        worst = last < worst ? last : worst;
        report("held_window", "until_s", t, "per_s", window[1] / turn_s / 2, "free_per_s",
               window[0] / turn_s / 2, "of_free", last, NULL);
    }
    side_stop(&sides[0]);
    side_stop(&sides[1]);
    report("held", "s", (double)size, "per_s", sides[1].jobs / (double)size, "free_per_s",
           sides[0].jobs / (double)size, "of_free", sides[1].jobs / sides[0].jobs,
           "of_free_worst_window", worst, "of_free_last_window", last, "of_free_cpu",
           sides[1].jobs / sides[1].cpu_s / (sides[0].jobs / sides[0].cpu_s),
           "server_cpu_s_per_100k", sides[1].cpu_s / sides[1].jobs * 1e5,
           "free_server_cpu_s_per_100k", sides[0].cpu_s / sides[0].jobs * 1e5, NULL);
    free(free_dsn);
    PQfinish(holder);
    PQfinish(watch);
}
