/* SPDX-License-Identifier: MIT */
/*
 * host.h: what a module gets of the daemon: settings, registration, the log. Knows no module.
 */
#ifndef PGQUEUED_HOST_H
#define PGQUEUED_HOST_H

#include <pgqueue.h>

#include "config.h"

typedef int host_work_fn(void *context, const char *queue, const pgqueue_work_options *options,
                         pgqueue_handler *handler, void *user, pgqueue_error *error);
typedef int host_schedule_fn(void *context, const char *key, const char *queue, const char *cron,
                             const char *tz, const char *json, const char *options,
                             pgqueue_error *error);

/* Invariant: public.context is the host itself. */
struct host {
    pgqueue_host public;
    const struct config *config;
    void *context; /* of the two functions */
    host_work_fn *work;
    host_schedule_fn *schedule;
};

/* config, context: borrow, until the host is gone. */
void host_init(struct host *host, const struct config *config, void *context, host_work_fn *work,
               host_schedule_fn *schedule);

#endif
