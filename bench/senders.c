/* SPDX-License-Identifier: MIT */
/* Sixteen processes that send one by one, in three databases in turns: with a busy worker process,
 * with one whose queue rings no bell (no NOTIFY ever), and without any. Who has no turn is frozen.
 */
#include <stdlib.h>

#include "cases.h"
#include "db.h"
#include "feeders.h"
#include "load.h"
#include "report.h"
#include "sides.h"

#define SENDERS 16
#define TURN_S  2

enum { BUSY, MUTE, ALONE, SIDES };

static void mute(const char *dsn)
{
    PGconn *conn = db_connect(dsn);
    db_run(conn, "create or replace function pgqueue.ring(p_queue text, p_start timestamptz,"
                 " p_count int) returns void language plpgsql as 'begin end'");
    PQfinish(conn);
}

void case_senders(const char *dsn, long size)
{
    char *mute_dsn = database_beside(dsn, "bench_mute");
    char *alone_dsn = database_beside(dsn, "bench_alone");
    PGconn *watch = db_connect(dsn);
    mute(mute_dsn);
    struct side sides[SIDES] = {[BUSY] = side_start(dsn, start_sender, SENDERS, 1),
                                [MUTE] = side_start(mute_dsn, start_sender, SENDERS, 1),
                                [ALONE] = side_start(alone_dsn, start_sender, SENDERS, 0)};
    long turns = size > TURN_S ? size / TURN_S : 1;
    for (long i = 0; i < turns; i++)
        for (int j = 0; j < SIDES; j++) {
            struct side *side = &sides[i % 2 == 0 ? j : SIDES - 1 - j];
            side_turn(side, TURN_S, &side->shared->sent, watch);
        }
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
    free(mute_dsn);
    free(alone_dsn);
    PQfinish(watch);
}
