/* SPDX-License-Identifier: MIT */
/* Enqueues jobs: one, one in the caller's transaction, many. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/client.h"
#include "core/options.h"
#include "db/row.h"

static int check_payload(const void *json, size_t len, pgqueue_error *error)
{
    const char *nul = json ? memchr(json, '\0', len) : NULL;
    if (nul != NULL)
        return pgqi_error_set(error, PGQUEUE_EINVAL,
                              "the payload has a NUL byte at offset %zu: JSON text has none",
                              (size_t)(nul - (const char *)json));
    if (len > (size_t)512 * 1024 * 1024)
        return pgqi_error_set(error, PGQUEUE_EINVAL,
                              "the payload is over the limit: %zu bytes, at most 16 MiB", len);
    return PGQUEUE_OK;
}

/* Puts queue, payload and options into p. */
static int bind_send(struct params *p, const char *name, const void *json, size_t len,
                     const pgqueue_send_options *options, struct buf *text, pgqueue_error *error)
{
    int rc = check_payload(json, len, error);
    if (rc == PGQUEUE_OK)
        rc = pgqi_send_options_json(options, text, error);
    if (rc != PGQUEUE_OK)
        return rc;
    pgqi_param_text(p, name);
    pgqi_param_jsonb(p, json, len);
    pgqi_param_text(p, text->data);
    return PGQUEUE_OK;
}

static int read_id(const struct pg_result *result, const char *name, int64_t *id,
                   pgqueue_error *error)
{
    int64_t value = pgqi_row_i64(result, 0, 0);
    if (value == 0)
        return pgqi_error_set(error, PGQUEUE_EDUPLICATE,
                              "queue \"%s\" already has a job with this singleton key", name);
    if (id != NULL)
        *id = value;
    return PGQUEUE_OK;
}

int pgqueue_send(pgqueue *queue, const char *name, const void *json, size_t len,
                 const pgqueue_send_options *options, int64_t *id, pgqueue_error *error)
{
    struct pg_result *result = NULL;
    struct buf text;
    pgqi_buf_init(&text, 64 * 1024);
    int rc = bind_send(pgqi_client_params(queue), name, json, len, options, &text, error);
    if (rc == PGQUEUE_OK)
        rc = pgqi_call(&queue->session, STMT_SEND, &queue->params, &result, error);
    if (rc == PGQUEUE_OK)
        rc = read_id(result, name, id, error);
    pgqi_result_free(result);
    pgqi_buf_free(&text);
    return rc;
}

int pgqueue_send_on(struct pg_conn *conn, const char *schema, const char *name, const void *json,
                    size_t len, const pgqueue_send_options *options, int64_t *id,
                    pgqueue_error *error)
{
    struct pg_result *result = NULL;
    struct params params;
    struct buf text;
    char *sql = NULL;
    const char *in = schema ? schema : "pgqueue";
    int rc = pgqi_schema_check(in, error);
    if (rc != PGQUEUE_OK)
        return rc;
    pgqi_params_init(&params, PGQI_PARAMS_LIMIT);
    pgqi_buf_init(&text, 64 * 1024);
    rc = bind_send(&params, name, json, len, options, &text, error);
    if (rc != PGQUEUE_OK)
        goto out;
    sql = pgqi_stmt_expand(pgqi_stmt_spec(STMT_SEND)->text, in);
    if (sql == NULL) {
        rc = pgqi_no_memory(error);
        goto out;
    }
    rc = pgqi_call_on(conn, STMT_SEND, sql, &params, &result, error);
    if (rc == PGQUEUE_OK)
        rc = read_id(result, name, id, error);
out:
    pgqi_result_free(result);
    free(sql);
    pgqi_buf_free(&text);
    pgqi_params_free(&params);
    return rc;
}

int pgqueue_send_many(pgqueue *queue, const char *name, const pgqueue_payload *payloads,
                      size_t count, const pgqueue_send_options *options, int64_t *ids,
                      pgqueue_error *error)
{
    struct params *p = pgqi_client_params(queue);
    struct pg_result *result = NULL;
    struct buf text;
    int rc = PGQUEUE_OK;
    if (count == 0)
        return PGQUEUE_OK;
    pgqi_buf_init(&text, 64 * 1024);
    pgqi_param_text(p, name);
    pgqi_param_array(p, OID_JSONB, count);
    for (size_t i = 0; rc == PGQUEUE_OK && i < count; i++) {
        rc = check_payload(payloads[i].json, payloads[i].len, error);
        if (payloads[i].json == NULL)
            pgqi_element_null(p);
        else
            pgqi_element_jsonb(p, payloads[i].json, payloads[i].len);
    }
    pgqi_param_array_end(p);
    if (rc == PGQUEUE_OK)
        rc = pgqi_send_options_json(options, &text, error);
    if (rc == PGQUEUE_OK) {
        pgqi_param_text(p, text.data);
        rc = pgqi_call(&queue->session, STMT_SEND_MANY, p, &result, error);
    }
    if (rc == PGQUEUE_OK && ids != NULL)
        pgqi_row_ids(result, 0, 0, ids, count);
    pgqi_result_free(result);
    pgqi_buf_free(&text);
    return rc;
}
