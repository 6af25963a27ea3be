/* SPDX-License-Identifier: MIT */
/* Payloads from 100 bytes on, which no compression makes smaller by much. As many jobs as make some
 * 100 MB, 50,000 at most; in a call as many as make some 1 MB. */
#include <stddef.h>

#include "cases.h"
#include "cost.h"
#include "growth.h"
#include "load.h"
#include "worker.h"

static long between(long least, long value, long most)
{
    return value < least ? least : value > most ? most : value;
}

void case_growth_payload(const char *dsn, long size)
{
    for (long bytes = 100; bytes <= size; bytes *= 10) {
        long jobs = between(100, 100000000 / bytes, 50000);
        struct load load = {
            .count = jobs, .bytes = (size_t)bytes, .per_call = between(1, 1000000 / bytes, 1000)};
        struct cost in = send_off(dsn, &load);
        struct cost out = work_off(dsn, &(struct duty){.max_jobs = jobs}, 1, jobs);
        growth_report("growth_payload", (double)bytes, &in, &out);
    }
}
