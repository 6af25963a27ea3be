/* SPDX-License-Identifier: MIT */
/* The way from the library to the caller's log callback. */
#ifndef PGQI_BASE_LOG_H
#define PGQI_BASE_LOG_H

#include "pgqueue.h"

struct log {
    pgqueue_log_fn *fn; /* NULL: silent */
    void *user;
};

void pgqi_log(const struct log *log, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
