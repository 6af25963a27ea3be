/* SPDX-License-Identifier: MIT */
/* The oldest jobs of a long queue, beside a queue that has no others. */
#include <stddef.h>

#include "cases.h"
#include "load.h"
#include "pair.h"

void case_plan_backlog(const char *dsn, long size)
{
    pgqueue *queue = queue_open(dsn);
    send_bulk(queue, 0, size);
    vacuum(queue);
    pgqueue_close(queue);
    pair_measure(
        &(struct pair){.name = "plan_backlog", .dsn = dsn, .jobs = TURN_JOBS, .size = size});
}
