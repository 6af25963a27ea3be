/* SPDX-License-Identifier: MIT */
/* One worker process with so many queues, and a share of the jobs in each. */
#include <stddef.h>

#include "cases.h"
#include "load.h"
#include "pair.h"

static void load(pgqueue *queue, long jobs, long size)
{
    send_load(queue, &(struct load){.queues = (int)size, .count = jobs});
}

void case_plan_queues(const char *dsn, long size)
{
    queues_create(dsn, (int)size);
    pair_measure(&(struct pair){.name = "plan_queues",
                                .dsn = dsn,
                                .jobs = TURN_JOBS / size * size,
                                .duty = {.queues = (int)size},
                                .load = load,
                                .size = size});
}
