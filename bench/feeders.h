/* SPDX-License-Identifier: MIT */
/* Processes of a measurement that enqueue. Knows of the workers only the counters. */
#ifndef PGQUEUE_BENCH_FEEDERS_H
#define PGQUEUE_BENCH_FEEDERS_H

#include "crew.h"

/* Each goes on until shared->stop.
 *   producer  by thousands, keeps between 10,000 and 20,000 jobs unsettled
 *   paced     by hundreds, per_s jobs a second at even distances
 *   sender    one by one as fast as it goes */
pid_t start_producer(const char *dsn, struct shared *shared);
pid_t start_paced(const char *dsn, double per_s, struct shared *shared);
pid_t start_sender(const char *dsn, struct shared *shared);

#endif
