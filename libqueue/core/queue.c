/* SPDX-License-Identifier: MIT */
/* Creates, changes, deletes, pauses queues. */
#include "base/error.h"
#include "core/client.h"

static int with_options(pgqueue *queue, enum stmt stmt, const char *name, const char *options,
                        pgqueue_error *error)
{
    struct params *p = pgqi_client_params(queue);
    pgqi_param_text(p, name);
    pgqi_param_text(p, options ? options : "{}");
    return pgqi_client_run(queue, stmt, error);
}

int pgqueue_queue_create(pgqueue *queue, const char *name, const char *options,
                         pgqueue_error *error)
{
    return with_options(queue, STMT_QUEUE_CREATE, name, options, error);
}

int pgqueue_queue_update(pgqueue *queue, const char *name, const char *options,
                         pgqueue_error *error)
{
    return with_options(queue, STMT_QUEUE_UPDATE, name, options, error);
}

int pgqueue_queue_delete(pgqueue *queue, const char *name, pgqueue_error *error)
{
    pgqi_param_text(pgqi_client_params(queue), name);
    return pgqi_client_run(queue, STMT_QUEUE_DELETE, error);
}

int pgqueue_queue_pause(pgqueue *queue, const char *name, const char *reason, pgqueue_error *error)
{
    struct params *p = pgqi_client_params(queue);
    pgqi_param_text(p, name);
    pgqi_param_text(p, reason);
    return pgqi_client_run(queue, STMT_QUEUE_PAUSE, error);
}

int pgqueue_queue_resume(pgqueue *queue, const char *name, pgqueue_error *error)
{
    pgqi_param_text(pgqi_client_params(queue), name);
    return pgqi_client_run(queue, STMT_QUEUE_RESUME, error);
}
