/* SPDX-License-Identifier: MIT */
/* One worker process, the same jobs spread over more and more queues. */
#include <stddef.h>

#include "cases.h"
#include "cost.h"
#include "growth.h"
#include "load.h"
#include "worker.h"

#define JOBS 100000

void case_growth_queues(const char *dsn, long size)
{
    queues_create(dsn, (int)size);
    for (int queues = 1; queues <= (int)size; queues *= 10) {
        struct cost in = send_off(dsn, &(struct load){.queues = queues, .count = JOBS});
        struct cost out =
            work_off(dsn, &(struct duty){.queues = queues, .max_jobs = JOBS}, 1, JOBS);
        growth_report("growth_queues", queues, &in, &out);
    }
}
