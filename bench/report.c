/* SPDX-License-Identifier: MIT */
/* Lines go to stdout at once, so that none is lost when a later measurement fails. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "pgq_bench: ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_values(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
}

double at_share(const double *sorted, size_t count, double share)
{
    return sorted[(size_t)((double)count * share)];
}

double median(double *values, size_t count)
{
    sort_values(values, count);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void report(const char *name, ...)
{
    va_list args;
    va_start(args, name);
    printf("{\"case\": \"%s\"", name);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;)
        printf(", \"%s\": %.6g", key, va_arg(args, double));
    printf("}\n");
    fflush(stdout);
    va_end(args);
}
