/* SPDX-License-Identifier: MIT */
/* Plain, case; case, plain; and so on: who is measured first changes from turn to turn. */
#include "pair.h"

#include <stdlib.h>

#include "cost.h"
#include "load.h"
#include "report.h"
#include "worker.h"

#define TURNS 3

static void load_turn(const char *dsn, const struct pair *pair, int plain)
{
    pgqueue *queue = queue_open(dsn);
    if (plain || pair->load == NULL)
        send_bulk(queue, 0, pair->jobs);
    else
        pair->load(queue, pair->jobs, pair->size);
    if (plain && pair->analyzed)
        vacuum(queue);
    pgqueue_close(queue);
}

void pair_measure(const struct pair *pair)
{
    int turns = getenv("BENCH_QUICK") != NULL ? 1 : TURNS; /* set by bench/run --quick */
    char *plain_dsn = database_beside(pair->dsn, "bench_plain");
    struct duty plain = {.max_jobs = pair->jobs}, duty = pair->duty;
    double rate[TURNS], cpu[TURNS], per_s[2][TURNS], server_us[2][TURNS], client_us[2][TURNS];
    duty.max_jobs = duty.once ? 0 : pair->jobs;
    for (int turn = 0; turn < turns; turn++) {
        struct cost costs[2];
        load_turn(plain_dsn, pair, 1);
        load_turn(pair->dsn, pair, 0);
        for (int side = 0; side < 2; side++)
            if ((side + turn) % 2 == 0)
                costs[0] = work_off(plain_dsn, &plain, 1, pair->jobs);
            else
                costs[1] =
                    work_off(pair->dsn, &duty, pair->workers ? pair->workers : 1, pair->jobs);
        for (int side = 0; side < 2; side++) {
            per_s[side][turn] = costs[side].per_s;
            server_us[side][turn] = costs[side].server_us;
            client_us[side][turn] = costs[side].client_us;
        }
        rate[turn] = costs[1].per_s / costs[0].per_s;
        cpu[turn] = costs[0].server_us / costs[1].server_us;
    }
    report(pair->name, "size", (double)pair->size, "of_plain", median(rate, (size_t)turns),
           "of_plain_cpu", median(cpu, (size_t)turns), "per_s", median(per_s[1], (size_t)turns),
           "plain_per_s", median(per_s[0], (size_t)turns), "server_cpu_us",
           median(server_us[1], (size_t)turns), "plain_server_cpu_us",
           median(server_us[0], (size_t)turns), "client_cpu_us",
           median(client_us[1], (size_t)turns), "plain_client_cpu_us",
           median(client_us[0], (size_t)turns), NULL);
    free(plain_dsn);
}
