/* SPDX-License-Identifier: MIT */
/*
 * process.h: the life of one worker process, from the fork to its end.
 */
#ifndef PGQUEUED_PROCESS_H
#define PGQUEUED_PROCESS_H

#include "config.h"
#include "shared.h"

/* What the supervisor writes on the control socket, one byte each. Its end means that the
 * supervisor is gone: drain. */
enum { PROCESS_DRAIN = 'd', PROCESS_NOW = 'n', PROCESS_PAUSE = 'p', PROCESS_RESUME = 'r' };

/* What the supervisor read off the page of the process that this one replaces. */
struct process_crash {
    int64_t worker;
    size_t started_count, culprit_count;
    int64_t started[SHARED_SLOTS], culprits[SHARED_SLOTS];
    char reason[128];
};

struct process_options {
    const struct config *config;
    struct shared_page *page;
    int control;                       /* a byte back: something on the page has changed */
    const struct process_crash *crash; /* NULL: none */
    int paused;
};

/* Runs in the child; returns its exit status. The page's end says how it ended. */
int process_run(const struct process_options *options);

#endif
