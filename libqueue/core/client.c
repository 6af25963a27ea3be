/* SPDX-License-Identifier: MIT */
/* The synchronous handle: opening, closing, migrating. */
#include "core/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/options.h"
#include "db/migrate.h"
#include "db/row.h"

const char *pgqueue_version(void)
{
    return PGQUEUE_VERSION;
}

struct params *pgqi_client_params(pgqueue *queue)
{
    pgqi_params_reset(&queue->params);
    return &queue->params;
}

int pgqi_client_run(pgqueue *queue, enum stmt stmt, pgqueue_error *error)
{
    struct pg_result *result = NULL;
    int rc = pgqi_call(&queue->session, stmt, &queue->params, &result, error);
    pgqi_result_free(result);
    return rc;
}

int pgqi_client_run_true(pgqueue *queue, enum stmt stmt, const char *otherwise,
                         pgqueue_error *error)
{
    struct pg_result *result = NULL;
    int rc = pgqi_call(&queue->session, stmt, &queue->params, &result, error);
    if (rc == PGQUEUE_OK && !pgqi_row_bool(result, 0, 0))
        rc = pgqi_error_set(error, PGQUEUE_ENOTFOUND, "%s", otherwise);
    pgqi_result_free(result);
    return rc;
}

int32_t pgqi_wanted_version(void)
{
    int32_t most = 0;
    for (size_t i = 0; i < pgqi_queue_migrations.count; i++)
        if (pgqi_queue_migrations.items[i].version > most)
            most = pgqi_queue_migrations.items[i].version;
    return most;
}

int pgqi_check_version(int32_t installed, int32_t wanted, const char *schema, pgqueue_error *error)
{
    if (installed == 0)
        return pgqi_error_set(error, PGQUEUE_ESCHEMA,
                              "schema \"%s\" is not migrated: run \"pgqueue migrate\" on this"
                              " database",
                              schema);
    if (installed < wanted)
        return pgqi_error_set(error, PGQUEUE_ESCHEMA,
                              "schema \"%s\" has version %d, this library needs %d: run"
                              " \"pgqueue migrate\"",
                              schema, (int)installed, (int)wanted);
    if (installed > wanted)
        return pgqi_error_set(error, PGQUEUE_ESCHEMA,
                              "schema \"%s\" has version %d, newer than this library's %d:"
                              " install a newer libpgqueue",
                              schema, (int)installed, (int)wanted);
    return PGQUEUE_OK;
}

int pgqueue_open(const char *conninfo, const pgqueue_options *options, pgqueue **out,
                 pgqueue_error *error)
{
    pgqueue_options o = PGQUEUE_OPTIONS_INIT;
    int rc = pgqi_options_copy(&o, sizeof o, options, "pgqueue_options", error);
    if (rc != PGQUEUE_OK)
        return rc;
    if (o.answer_timeout_s < 0 && o.answer_timeout_s != PGQUEUE_UNSET)
        return pgqi_error_set(error, PGQUEUE_EINVAL, "answer_timeout_s must not be negative");
    pgqueue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return pgqi_no_memory(error);
    pgqi_params_init(&queue->params, PGQI_PARAMS_LIMIT);
    queue->session.log = (struct log){o.log, o.log_user};
    rc = pgqi_session_open(&queue->session, conninfo, o.schema, o.application_name,
                           o.connect_timeout_s, error);
    if (rc != PGQUEUE_OK) {
        free(queue);
        return rc;
    }
    if (o.answer_timeout_s > 0)
        queue->session.patience.most_us = (uint64_t)o.answer_timeout_s * 1000000;
    if (o.skip_schema_check != 1) {
        int32_t installed = 0, wanted = 0;
        rc = pgqueue_schema_version(queue, NULL, &installed, &wanted, error);
        if (rc == PGQUEUE_OK)
            rc = pgqi_check_version(installed, wanted, queue->session.schema, error);
    }
    if (rc == PGQUEUE_OK)
        *out = queue;
    else
        pgqueue_close(queue);
    return rc;
}

void pgqueue_close(pgqueue *queue)
{
    if (queue == NULL)
        return;
    pgqi_session_close(&queue->session);
    pgqi_params_free(&queue->params);
    free(queue);
}

struct pg_conn *pgqueue_connection(pgqueue *queue)
{
    return queue->session.pg;
}

int pgqueue_migrate(pgqueue *queue, const pgqueue_migration_set *set, pgqueue_plan_fn *plan,
                    void *user, int32_t *from, int32_t *to, pgqueue_error *error)
{
    return pgqi_migrate(&queue->session, set ? set : &pgqi_queue_migrations, plan, user, from, to,
                        error);
}

int pgqueue_schema_version(pgqueue *queue, const pgqueue_migration_set *set, int32_t *installed,
                           int32_t *wanted, pgqueue_error *error)
{
    return pgqi_schema_version(&queue->session, set ? set : &pgqi_queue_migrations, installed,
                               wanted, error);
}
