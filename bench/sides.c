/* SPDX-License-Identifier: MIT */
/* Frozen by a signal: the connections stay, and the server has nothing to do for them. */
#include "sides.h"

#include "crew.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

#define SETTLE_S 0.05 /* in which the statement that was under way ends */

struct side side_start(const char *dsn, feeder_start *feeder, int feeders, int with_worker)
{
    struct side side = {.shared = shared_new(), .feeders = feeders};
    if (feeders > FEEDERS_MAX)
        die("at most %d feeders", FEEDERS_MAX);
    while (side.count < feeders)
        side.pids[side.count++] = feeder(dsn, side.shared);
    if (with_worker)
        side.pids[side.count++] = start_worker(dsn, &(struct duty){0}, side.shared);
    wait_count(with_worker ? &side.shared->settled : &side.shared->sent, feeders, 30);
    freeze(side.pids, side.count);
    sleep_s(4 * SETTLE_S);
    return side;
}

double side_turn(struct side *side, double length_s, _Atomic long *counter, PGconn *watch)
{
    struct meter meter = meter_start(watch);
    long before = atomic_load(counter);
    thaw(side->pids, side->count);
    sleep_s(length_s);
    freeze(side->pids, side->count);
    sleep_s(SETTLE_S);
    double jobs = (double)(atomic_load(counter) - before);
    side->jobs += jobs;
    side->cpu_s += meter_stop(&meter).cpu_s;
    return jobs;
}

void side_stop(struct side *side)
{
    atomic_store(&side->shared->stop, 1);
    thaw(side->pids, side->count);
    for (int i = 0; i < side->feeders; i++)
        wait_for(side->pids[i]);
    if (side->count > side->feeders)
        stop_worker(side->pids[side->feeders]);
    shared_free(side->shared);
}
