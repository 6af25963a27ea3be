/* SPDX-License-Identifier: MIT */
/* What a job costs, and two states of a queue measured in turns, so that what the machine does
 * meanwhile hits both alike. */
#include "pair.h"

#include <stdlib.h>

#include "crew.h"
#include "db.h"
#include "load.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

#define TURNS       3
#define WORKERS_MAX 32

struct cost send_off(const char *dsn, const struct load *load)
{
    PGconn *watch = db_connect(dsn);
    pgqueue *queue = queue_open(dsn);
    double jobs = (double)load->count;
    db_run(watch, "checkpoint");
    struct meter meter = meter_start(watch);
    double client_s = own_cpu();
    send_load(queue, load);
    client_s = own_cpu() - client_s;
    struct usage usage = meter_stop(&meter);
    pgqueue_close(queue);
    PQfinish(watch);
    return (struct cost){.per_s = jobs / usage.s,
                         .server_us = usage.cpu_s / jobs * 1e6,
                         .client_us = client_s / jobs * 1e6,
                         .wal = usage.wal / jobs};
}

struct cost work_off(const char *dsn, const struct duty *duty, int workers, long jobs)
{
    struct shared *shared = shared_new();
    PGconn *watch = db_connect(dsn);
    struct cost cost = {0};
    pid_t pids[WORKERS_MAX];
    if (workers < 1 || workers > WORKERS_MAX)
        die("1 to %d workers", WORKERS_MAX);
    db_run(watch, "checkpoint");
    struct meter meter = meter_start(watch);
    for (int i = 0; i < workers; i++)
        pids[i] = start_worker(dsn, duty, shared);
    for (int i = 0; i < workers; i++) {
        struct ended ended = wait_for(pids[i]);
        cost.client_us += ended.cpu_s / (double)jobs * 1e6;
        cost.peak_mb = ended.peak_mb > cost.peak_mb ? ended.peak_mb : cost.peak_mb;
    }
    struct usage usage = meter_stop(&meter);
    if (atomic_load(&shared->settled) != jobs)
        die("%ld of %ld jobs were settled", atomic_load(&shared->settled), jobs);
    cost.per_s = (double)jobs / (atomic_load(&shared->settled_s) - atomic_load(&shared->first_s));
    cost.server_us = usage.cpu_s / (double)jobs * 1e6;
    cost.wal = usage.wal / (double)jobs;
    PQfinish(watch);
    shared_free(shared);
    return cost;
}

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
    const char *plain_dsn = database_beside(pair->dsn, "bench_plain");
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
}
