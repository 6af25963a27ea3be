/* SPDX-License-Identifier: MIT */
/* Jobs of so many priorities in one queue. */
#include <stddef.h>

#include "cases.h"
#include "load.h"
#include "pair.h"

static void load(pgqueue *queue, long jobs, long size)
{
    pgqueue_send_options options = PGQUEUE_SEND_OPTIONS_INIT;
    for (long i = 0; i < jobs; i += 100) {
        options.priority = (int32_t)(i / 100 % size);
        send_load(queue, &(struct load){.first = i, .count = 100, .options = &options});
    }
}

void case_plan_ranks(const char *dsn, long size)
{
    pair_measure(&(struct pair){
        .name = "plan_ranks", .dsn = dsn, .jobs = TURN_JOBS, .load = load, .size = size});
}
