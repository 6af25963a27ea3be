/* SPDX-License-Identifier: MIT */
/* Sixteen processes that send one by one, in three databases in turns: with a busy worker process,
 * with one whose queue rings no bell (no NOTIFY ever), and without any. Who has no turn is frozen.
 */
#include <stddef.h>

#include "cases.h"
#include "crew.h"
#include "db.h"
#include "feeders.h"
#include "load.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

#define SENDERS 16
#define TURN_S  2

enum { BUSY, MUTE, ALONE, SIDES };

struct side {
    struct shared *shared;
    pid_t pids[SENDERS + 1];
    int count;
    double jobs, cpu_s;
};

static void mute(const char *dsn)
{
    PGconn *conn = db_connect(dsn);
    db_run(conn, "create or replace function pgqueue.ring(p_queue text, p_start timestamptz,"
                 " p_count int) returns void language plpgsql as 'begin end'");
    PQfinish(conn);
}

static void side_start(struct side *side, const char *dsn, int with_worker)
{
    side->shared = shared_new();
    for (int i = 0; i < SENDERS; i++)
        side->pids[side->count++] = start_sender(dsn, side->shared);
    if (with_worker)
        side->pids[side->count++] = start_worker(dsn, &(struct duty){0}, side->shared);
    wait_count(with_worker ? &side->shared->settled : &side->shared->sent, SENDERS, 30);
    freeze(side->pids, side->count);
    sleep_s(0.2);
}

static void side_stop(struct side *side)
{
    atomic_store(&side->shared->stop, 1);
    thaw(side->pids, side->count);
    for (int i = 0; i < SENDERS; i++)
        wait_for(side->pids[i]);
    if (side->count > SENDERS)
        stop_worker(side->pids[SENDERS]);
}

static void turn(struct side *side, PGconn *watch)
{
    struct meter meter = meter_start(watch);
    long before = atomic_load(&side->shared->sent);
    thaw(side->pids, side->count);
    sleep_s(TURN_S);
    freeze(side->pids, side->count);
    side->jobs += (double)(atomic_load(&side->shared->sent) - before);
    sleep_s(0.05);
    side->cpu_s += meter_stop(&meter).cpu_s;
}

void case_senders(const char *dsn, long size)
{
    const char *mute_dsn = database_beside(dsn, "bench_mute");
    const char *alone_dsn = database_beside(dsn, "bench_alone");
    struct side sides[SIDES] = {0};
    PGconn *watch = db_connect(dsn);
    mute(mute_dsn);
    side_start(&sides[BUSY], dsn, 1);
    side_start(&sides[MUTE], mute_dsn, 1);
    side_start(&sides[ALONE], alone_dsn, 0);
    long turns = size > TURN_S ? size / TURN_S : 1;
    for (long i = 0; i < turns; i++)
        for (int j = 0; j < SIDES; j++)
            turn(&sides[i % 2 == 0 ? j : SIDES - 1 - j], watch);
    double rate[SIDES];
    for (int j = 0; j < SIDES; j++) {
        rate[j] = sides[j].jobs / (double)(turns * TURN_S);
        side_stop(&sides[j]);
    }
    report("senders", "senders", (double)SENDERS, "per_s", rate[BUSY], "mute_per_s", rate[MUTE],
           "alone_per_s", rate[ALONE], "of_mute", rate[BUSY] / rate[MUTE], "of_alone",
           rate[BUSY] / rate[ALONE], "server_cpu_us", sides[BUSY].cpu_s / sides[BUSY].jobs * 1e6,
           "mute_server_cpu_us", sides[MUTE].cpu_s / sides[MUTE].jobs * 1e6, "alone_server_cpu_us",
           sides[ALONE].cpu_s / sides[ALONE].jobs * 1e6, NULL);
    PQfinish(watch);
}
