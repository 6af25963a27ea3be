/* SPDX-License-Identifier: MIT */
/* More and more worker processes on one queue. */
#include <stddef.h>

#include "cases.h"
#include "cost.h"
#include "growth.h"
#include "load.h"
#include "worker.h"

#define JOBS 200000

void case_growth_workers(const char *dsn, long size)
{
    for (int workers = 1; workers <= (int)size; workers *= 2) {
        struct cost in = send_off(dsn, &(struct load){.count = JOBS});
        struct cost out = work_off(dsn, &(struct duty){.once = 1}, workers, JOBS);
        growth_report("growth_workers", workers, &in, &out);
    }
}
