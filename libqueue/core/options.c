/* SPDX-License-Identifier: MIT */
/* Option structs that grow, and send options as JSON. What a value may be is the SQL functions'
 * business. */
#include "core/options.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

int pgqi_options_copy(void *to, size_t size, const void *from, const char *name,
                      pgqueue_error *error)
{
    if (from == NULL)
        return PGQUEUE_OK;
    size_t given;
    memcpy(&given, from, sizeof given);
    if (given < sizeof given || given > 64 * 1024)
        return pgqi_error_set(error, PGQUEUE_EINVAL,
                              "%s was not made by its INIT macro (size is %zu)", name, given);
    memcpy(to, from, given < size ? given : size);
    memcpy(to, &size, sizeof size);
    return PGQUEUE_OK;
}

static void key(struct buf *out, const char *name)
{
    pgqi_buf_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
}

static int add_text(struct buf *out, const char *name, const char *value, pgqueue_error *error)
{
    if (value == NULL)
        return PGQUEUE_OK;
    size_t len = strlen(value);
    for (size_t i = 0; i < len;) {
        size_t n = pgqi_utf8_char((const unsigned char *)value + i, len - i);
        if (n == 0)
            return pgqi_error_set(error, PGQUEUE_EINVAL,
                                  "option \"%s\" is not valid UTF-8 at byte %zu", name, i);
        i += n;
    }
    key(out, name);
    pgqi_buf_json(out, value);
    return PGQUEUE_OK;
}

static void add_int(struct buf *out, const char *name, int32_t value)
{
    if (value == PGQUEUE_UNSET)
        return;
    key(out, name);
    pgqi_buf_printf(out, "%d", (int)value);
}

static int add_start(struct buf *out, const pgqueue_send_options *o, pgqueue_error *error)
{
    if (o->start_after != NULL)
        return add_text(out, "start_after", o->start_after, error);
    if (!isfinite(o->delay_s) || o->delay_s < 0)
        return pgqi_error_set(error, PGQUEUE_EINVAL, "delay_s must not be negative, it is %g",
                              o->delay_s);
    if (o->delay_s > 0) {
        key(out, "start_after");
        pgqi_buf_printf(out, "%.6f", o->delay_s);
    }
    return PGQUEUE_OK;
}

int pgqi_send_options_json(const pgqueue_send_options *options, struct buf *out,
                           pgqueue_error *error)
{
    pgqueue_send_options o = PGQUEUE_SEND_OPTIONS_INIT;
    int rc = pgqi_options_copy(&o, sizeof o, options, "pgqueue_send_options", error);
    pgqi_buf_text(out, "{");
    add_int(out, "priority", o.priority);
    add_int(out, "retry_limit", o.retry_limit);
    add_int(out, "retry_delay", o.retry_delay_s);
    add_int(out, "retry_delay_max", o.retry_delay_max_s);
    add_int(out, "expire_in", o.expire_in_s);
    add_int(out, "keep_queued", o.keep_queued_s);
    if (o.retry_backoff != PGQUEUE_UNSET) {
        key(out, "retry_backoff");
        pgqi_buf_text(out, o.retry_backoff ? "true" : "false");
    }
    if (rc == PGQUEUE_OK)
        rc = add_start(out, &o, error);
    if (rc == PGQUEUE_OK)
        rc = add_text(out, "singleton_key", o.singleton_key, error);
    if (rc == PGQUEUE_OK)
        rc = add_text(out, "group_id", o.group_id, error);
    if (rc == PGQUEUE_OK)
        rc = add_text(out, "dead_letter", o.dead_letter, error);
    pgqi_buf_text(out, "}");
    if (rc == PGQUEUE_OK && out->failed == BUF_FULL)
        rc = pgqi_error_set(error, PGQUEUE_EINVAL, "the options are over %zu bytes", out->max);
    else if (rc == PGQUEUE_OK && out->failed)
        rc = pgqi_no_memory(error);
    return rc;
}
