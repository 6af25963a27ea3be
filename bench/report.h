/* SPDX-License-Identifier: MIT */
/* What a measurement says in the end: figures, or why there are none. Knows neither server nor
 * queues. */
#ifndef PGQUEUE_BENCH_REPORT_H
#define PGQUEUE_BENCH_REPORT_H

#include <stddef.h>

/* Prints the message and ends the program: a measurement that failed is worth nothing. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

void sort_values(double *values, size_t count);
/* The value at so large a share of the way from the least to the greatest, below 1. */
double at_share(const double *sorted, size_t count, double share);
/* The value in the middle; sorts. */
double median(double *values, size_t count);

/* One line of JSON on stdout: the case and pairs of a name and a double, NULL at the end. */
void report(const char *name, ...) __attribute__((sentinel));

#endif
