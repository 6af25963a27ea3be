/* SPDX-License-Identifier: MIT */
/* Jobs that are due now beside so many of the same queue that are due next year. */
#include <stddef.h>

#include "cases.h"
#include "load.h"
#include "pair.h"

void case_plan_future(const char *dsn, long size)
{
    pgqueue *queue = queue_open(dsn);
    pgqueue_send_options options = PGQUEUE_SEND_OPTIONS_INIT;
    options.delay_s = 365.0 * 86400;
    send_load(queue, &(struct load){.count = size, .options = &options});
    vacuum(queue);
    pgqueue_close(queue);
    pair_measure(
        &(struct pair){.name = "plan_future", .dsn = dsn, .jobs = TURN_JOBS, .size = size});
}
