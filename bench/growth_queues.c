/* SPDX-License-Identifier: MIT */
/* One worker process, the same jobs spread over more and more queues. */
#include <stddef.h>

#include "cases.h"
#include "growth.h"
#include "meter.h"

#define JOBS 100000

/* The cost of all the loads together. */
static struct cost send_spread(const char *dsn, int queues)
{
    PGconn *watch = db_connect(dsn);
    pgqueue *queue = queue_open(dsn);
    char name[QUEUE_NAME_ROOM];
    db_run(watch, "checkpoint");
    struct meter meter = meter_start(watch);
    double client_s = own_cpu();
    for (int i = 0; i < queues; i++)
        send_load(queue, &(struct load){.queue = queue_name(name, i), .count = JOBS / queues});
    client_s = own_cpu() - client_s;
    struct usage usage = meter_stop(&meter);
    pgqueue_close(queue);
    PQfinish(watch);
    return (struct cost){.per_s = JOBS / usage.s,
                         .server_us = usage.cpu_s / JOBS * 1e6,
                         .client_us = client_s / JOBS * 1e6,
                         .wal = usage.wal / JOBS};
}

void case_growth_queues(const char *dsn, long size)
{
    queues_create(dsn, (int)size);
    for (int queues = 1; queues <= (int)size; queues *= 10) {
        struct cost in = send_spread(dsn, queues);
        struct cost out =
            work_off(dsn, &(struct duty){.queues = queues, .max_jobs = JOBS}, 1, JOBS);
        growth_report("growth_queues", queues, &in, &out);
    }
}
