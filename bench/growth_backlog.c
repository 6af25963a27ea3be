/* SPDX-License-Identifier: MIT */
/* The queue grows to size jobs, in steps; at each, a few come and as many of the oldest go. */
#include <stddef.h>

#include "cases.h"
#include "cost.h"
#include "growth.h"
#include "load.h"
#include "worker.h"

#define LEAST    10000
#define JOBS_MAX 100000

void case_growth_backlog(const char *dsn, long size)
{
    long have = 0;
    for (long level = LEAST; level <= size; level *= 10) {
        long jobs = level < JOBS_MAX ? level : JOBS_MAX;
        pgqueue *queue = queue_open(dsn);
        send_bulk(queue, have, level - jobs - have);
        vacuum(queue);
        pgqueue_close(queue);
        struct cost in = send_off(dsn, &(struct load){.first = level - jobs, .count = jobs});
        struct cost out = work_off(dsn, &(struct duty){.max_jobs = jobs}, 1, jobs);
        growth_report("growth_backlog", (double)level, &in, &out);
        have = level - jobs;
    }
}
