/* SPDX-License-Identifier: MIT */
/* A point of a series: what enqueueing and working off a job cost at this size of something. */
#ifndef PGQUEUE_BENCH_GROWTH_H
#define PGQUEUE_BENCH_GROWTH_H

#include "cost.h"

void growth_report(const char *series, double x, const struct cost *in, const struct cost *out);

#endif
