/* SPDX-License-Identifier: MIT */
/* The statements that the library sends, by name: each calls one SQL function. Knows no connection.
 */
#include "db/stmt.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/utf8.h"

#define MARKER "/*schema*/"

/* The columns of a claim; row.c reads them in this order. */
#define JOB_COLUMNS                                                                                \
    "id, lease, data, attempt, priority, start_after, retry_limit, extract(epoch from "            \
    "expire_in), "                                                                                 \
    "origin"

static const struct stmt_spec specs[STMT_COUNT] = {
    [STMT_VERSION] = {"pgqueue_version",
                      "select max(version) from " MARKER "migration where set_name = $1", 1, 0},
    /* A role's own settings must not cut a worker's statements short, nor change what they see; the
     * server notices a dead client in seconds, also in the middle of a statement where it can. */
    [STMT_SESSION] =
        {"pgqueue_session",
         "select pg_catalog.set_config('default_transaction_isolation', 'read committed', false),"
         " pg_catalog.set_config('statement_timeout', '0', false),"
         " pg_catalog.set_config('lock_timeout', '0', false),"
         " pg_catalog.set_config('idle_session_timeout', '0', false),"
         " pg_catalog.set_config('DateStyle', 'ISO', false),"
         " pg_catalog.set_config('tcp_keepalives_idle', '3', false),"
         " pg_catalog.set_config('tcp_keepalives_interval', '2', false),"
         " pg_catalog.set_config('tcp_keepalives_count', '2', false),"
         " case when pg_catalog.version() like '%linux%' then"
         " pg_catalog.set_config('client_connection_check_interval', '5s', false) end",
         0, 0},
    [STMT_SEND] = {"pgqueue_send", "select " MARKER "send($1::text, $2::jsonb, $3::jsonb)", 3, 1},
    [STMT_SEND_MANY] = {"pgqueue_send_many",
                        "select " MARKER "enqueue($1::text, $2::jsonb[], $3::jsonb)", 3, 1},
    [STMT_FETCH] = {"pgqueue_fetch",
                    "select " JOB_COLUMNS " from " MARKER "fetch($1::text, $2::int)", 2, 1},
    [STMT_CLAIM] = {"pgqueue_claim",
                    "select " JOB_COLUMNS " from " MARKER
                    "fetch($1::text, $2::int, $3::bigint, $4::int[], $5::timestamptz[],"
                    " $6::bigint[], $7::boolean, true, $8::int, $9::boolean)",
                    9, 1},
    [STMT_SETTLE] = {"pgqueue_settle",
                     "select pg_catalog.unnest(" MARKER
                     "settle($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::float8[],"
                     " $6::bigint[], $7::text))",
                     7, 1},
    [STMT_TOUCH] = {"pgqueue_touch", "select " MARKER "touch($1::bigint, $2::bigint)", 2, 1},
    [STMT_PROGRESS] = {"pgqueue_progress",
                       "select " MARKER "progress($1::bigint, $2::bigint, $3::jsonb)", 3, 1},
    [STMT_CANCEL] = {"pgqueue_cancel", "select " MARKER "cancel($1::bigint)", 1, 1},
    [STMT_RETRY] = {"pgqueue_retry", "select " MARKER "retry($1::bigint)", 1, 1},
    [STMT_RUN_NOW] = {"pgqueue_run_now", "select " MARKER "run_now($1::bigint)", 1, 1},
    [STMT_DELETE_JOB] = {"pgqueue_delete_job", "select " MARKER "delete_job($1::bigint)", 1, 1},
    [STMT_QUEUE_CREATE] = {"pgqueue_queue_create",
                           "select " MARKER "create_queue($1::text, $2::jsonb)", 2, 1},
    [STMT_QUEUE_UPDATE] = {"pgqueue_queue_update",
                           "select " MARKER "update_queue($1::text, $2::jsonb)", 2, 1},
    [STMT_QUEUE_DECLARE] = {"pgqueue_queue_declare",
                            "select " MARKER "declare_queue($1::text, $2::jsonb)", 2, 1},
    [STMT_QUEUE_DELETE] = {"pgqueue_queue_delete", "select " MARKER "delete_queue($1::text)", 1, 1},
    [STMT_QUEUE_PAUSE] = {"pgqueue_queue_pause", "select " MARKER "pause_queue($1::text, $2::text)",
                          2, 1},
    [STMT_QUEUE_RESUME] = {"pgqueue_queue_resume", "select " MARKER "resume_queue($1::text)", 1, 1},
    [STMT_QUEUE_CHECK] = {"pgqueue_queue_check",
                          "select (" MARKER
                          "get_queue(n)).name from pg_catalog.unnest($1::text[]) n",
                          1, 0},
    [STMT_SCHEDULE] = {"pgqueue_schedule",
                       "select " MARKER
                       "schedule($1::text, $2::text, $3::text, $4::text, $5::jsonb, $6::jsonb)",
                       6, 1},
    [STMT_SCHEDULE_DECLARE] =
        {"pgqueue_schedule_declare",
         "select " MARKER
         "schedule_declare($1::text, $2::text, $3::text, $4::text, $5::jsonb, $6::jsonb)",
         6, 1},
    [STMT_UNSCHEDULE] = {"pgqueue_unschedule", "select " MARKER "unschedule($1::text)", 1, 1},
    [STMT_REGISTER] = {"pgqueue_register",
                       "select " MARKER "register_worker($1::text, $2::bigint, $3::bigint[],"
                       " $4::bigint), pg_catalog.pg_backend_pid() <> $4::bigint",
                       4, 1},
    [STMT_UNREGISTER] = {"pgqueue_unregister", "select " MARKER "unregister_worker($1::bigint)", 1,
                         1},
    [STMT_DIED] = {"pgqueue_died",
                   "select " MARKER "worker_died($1::bigint, $2::bigint[], $3::bigint[], $4::text)",
                   4, 1},
    [STMT_POLL] = {"pgqueue_poll",
                   "select known, due, wait_ms, gone from " MARKER
                   "poll($1::bigint, $2::text[], $3::text[], $4::bigint[], $5::bigint[],"
                   " $6::text[], $7::int[], $8::timestamptz[], $9::bigint[],"
                   " $10::text[])",
                   10, 0},
};

const struct stmt_spec *pgqi_stmt_spec(enum stmt stmt)
{
    return &specs[stmt];
}

static int is_schema_name(const char *schema)
{
    size_t len = strlen(schema);
    if (len == 0 || len > 63)
        return 0;
    for (size_t i = 0; i < len;) {
        size_t n = pgqi_utf8_char((const unsigned char *)schema + i, len - i);
        if (n == 0 || (n == 1 && (strchr("\"'\\%$", schema[i]) != NULL || schema[i] < 0x20)))
            return 0;
        i += n;
    }
    return 1;
}

int pgqi_schema_check(const char *schema, pgqueue_error *error)
{
    if (is_schema_name(schema))
        return PGQUEUE_OK;
    return pgqi_error_set(error, PGQUEUE_EINVAL,
                          "schema name \"%s\": 1 to 63 bytes without quotes, backslash, %% and $",
                          schema);
}

char *pgqi_stmt_expand(const char *text, const char *schema)
{
    struct buf b;
    pgqi_buf_init(&b, 4 * 1024 * 1024);
    for (const char *at; (at = strstr(text, MARKER)) != NULL; text = at + strlen(MARKER)) {
        pgqi_buf_add(&b, text, (size_t)(at - text));
        pgqi_buf_printf(&b, "\"%s\".", schema);
    }
    pgqi_buf_text(&b, text);
    if (b.failed) {
        pgqi_buf_free(&b);
        return NULL;
    }
    return b.data;
}

int pgqi_stmt_texts_init(struct stmt_texts *texts, const char *schema)
{
    memset(texts, 0, sizeof *texts);
    for (int i = 0; i < STMT_COUNT; i++) {
        texts->text[i] = pgqi_stmt_expand(specs[i].text, schema);
        if (texts->text[i] == NULL) {
            pgqi_stmt_texts_free(texts);
            return PGQUEUE_ENOMEM;
        }
    }
    return PGQUEUE_OK;
}

void pgqi_stmt_texts_free(struct stmt_texts *texts)
{
    for (int i = 0; i < STMT_COUNT; i++)
        free(texts->text[i]);
    memset(texts, 0, sizeof *texts);
}
