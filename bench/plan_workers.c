/* SPDX-License-Identifier: MIT */
/* So many worker processes on one queue, beside one. */
#include <stddef.h>

#include "cases.h"
#include "pair.h"

void case_plan_workers(const char *dsn, long size)
{
    pair_measure(&(struct pair){.name = "plan_workers",
                                .dsn = dsn,
                                .jobs = 2 * TURN_JOBS,
                                .duty = {.once = 1},
                                .workers = (int)size,
                                .size = size});
}
