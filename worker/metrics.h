/* SPDX-License-Identifier: MIT */
/*
 * metrics.h: the daemon's numbers in the text form that Prometheus reads.
 */
#ifndef PGQUEUED_METRICS_H
#define PGQUEUED_METRICS_H

#include "shared.h"

struct evbuffer;

struct metrics {
    struct shared_page *total; /* counters of all processes, dead and alive */
    struct shared_page *live;  /* of those alive */
    unsigned restarts;
    unsigned workers;   /* wanted */
    unsigned connected; /* of them */
    double poll_age_s;  /* of the worker that has waited longest; < 0: none has ever heard */
    int paused;
};

void metrics_write(struct evbuffer *out, const struct metrics *metrics);

#endif
