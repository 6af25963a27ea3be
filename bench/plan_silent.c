/* SPDX-License-Identifier: MIT */
/* One worker process with so many queues, of which only one has jobs. */
#include <stddef.h>

#include "cases.h"
#include "load.h"
#include "pair.h"

static void load(pgqueue *queue, long jobs, long size)
{
    char name[QUEUE_NAME_ROOM];
    send_load(queue, &(struct load){.queue = queue_name(name, (int)size / 2), .count = jobs});
}

void case_plan_silent(const char *dsn, long size)
{
    queues_create(dsn, (int)size);
    pair_measure(&(struct pair){.name = "plan_silent",
                                .dsn = dsn,
                                .jobs = TURN_JOBS,
                                .duty = {.queues = (int)size},
                                .load = load,
                                .size = size});
}
