/* SPDX-License-Identifier: MIT */
/*
 * registry.h: which handler works which queue, and the schedules, as the configuration and the
 * modules say. Gathered before there is a worker, so that a configuration can be checked without.
 */
#ifndef PGQUEUED_REGISTRY_H
#define PGQUEUED_REGISTRY_H

#include <sys/types.h>

#include <pgqueue.h>

#include "config.h"

struct event_base;
struct registry;

struct registry_options {
    const struct config *config; /* borrows: until registry_free */
    struct event_base *base;     /* for commands; NULL: only a check, nothing can be run */
    config_report_fn *report;    /* mistakes, as "FILE:LINE: ..." */
    void *report_user;
    pgqueue_log_fn *log;
    void *log_user;
    void (*group)(void *user, pid_t group, int alive); /* of commands; may be NULL */
    void *group_user;
};

/* Opens and loads the modules and gathers the handlers. out: returns owned, free with
 * registry_free. 0, or -1 after the mistakes were reported. */
int registry_new(const struct registry_options *options, struct registry **out);

/* How many handler threads a worker needs: 0 if all handlers are on the loop. */
int registry_threads(const struct registry *registry);

/* Tells the worker all handlers and schedules. A pgqueue code. */
int registry_attach(struct registry *registry, pgqueue_worker *worker, pgqueue_error *error);

/* Commands that run, and a signal for all of them once their jobs were given back. */
size_t registry_commands(const struct registry *registry);
void registry_abandon_commands(struct registry *registry, int sig);

/* After the worker is gone. NULL is allowed. */
void registry_free(struct registry *registry);

#endif
