/* SPDX-License-Identifier: MIT */
/* Creates and removes schedules; when they are due is the database's business. */
#include "base/error.h"
#include "core/client.h"

int pgqueue_schedule(pgqueue *queue, const char *key, const char *name, const char *cron,
                     const char *tz, const char *json, const char *options, pgqueue_error *error)
{
    struct params *p = pgqi_client_params(queue);
    pgqi_param_text(p, key);
    pgqi_param_text(p, name);
    pgqi_param_text(p, cron);
    pgqi_param_text(p, tz ? tz : "UTC");
    pgqi_param_text(p, json);
    pgqi_param_text(p, options ? options : "{}");
    return pgqi_client_run(queue, STMT_SCHEDULE, error);
}

int pgqueue_unschedule(pgqueue *queue, const char *key, pgqueue_error *error)
{
    pgqi_param_text(pgqi_client_params(queue), key);
    return pgqi_client_run_true(queue, STMT_UNSCHEDULE, "there is no schedule with this key",
                                error);
}
