/* SPDX-License-Identifier: MIT */
/* Parameters of a statement in PostgreSQL's text and binary forms. */
#include "db/param.h"

#include <string.h>

void pgqi_params_init(struct params *p, size_t max)
{
    memset(p, 0, sizeof *p);
    pgqi_buf_init(&p->bytes, max);
}

void pgqi_params_free(struct params *p)
{
    pgqi_buf_free(&p->bytes);
}

void pgqi_params_reset(struct params *p)
{
    p->count = 0;
    pgqi_buf_reset(&p->bytes);
}

static int next(struct params *p, int binary)
{
    if (p->count >= PARAMS_MAX) {
        p->bytes.failed = BUF_FULL;
        return PARAMS_MAX - 1;
    }
    int i = p->count++;
    p->text[i] = NULL;
    p->binary[i] = binary;
    p->at[i] = p->bytes.len;
    p->length[i] = -1; /* null */
    return i;
}

void pgqi_param_text(struct params *p, const char *text)
{
    p->text[next(p, 0)] = text;
}

void pgqi_param_i64(struct params *p, int64_t value)
{
    int i = next(p, 1);
    pgqi_buf_u64(&p->bytes, (uint64_t)value);
    p->length[i] = 8;
}

/* The binary form of jsonb is a version byte and the text. */
static void add_jsonb(struct params *p, const void *json, size_t len)
{
    pgqi_buf_add(&p->bytes, "\1", 1);
    pgqi_buf_add(&p->bytes, json, len);
}

void pgqi_param_jsonb(struct params *p, const void *json, size_t len)
{
    int i = next(p, 1);
    if (json == NULL)
        return;
    add_jsonb(p, json, len);
    p->length[i] = (int)(p->bytes.len - p->at[i]);
}

void pgqi_param_array(struct params *p, uint32_t type, size_t count)
{
    next(p, 1);
    pgqi_buf_u32(&p->bytes, count > 0); /* dimensions */
    pgqi_buf_u32(&p->bytes, 1);         /* may hold nulls */
    pgqi_buf_u32(&p->bytes, type);
    if (count > 0) {
        pgqi_buf_u32(&p->bytes, (uint32_t)count);
        pgqi_buf_u32(&p->bytes, 1); /* lower bound */
    }
}

void pgqi_element_null(struct params *p)
{
    pgqi_buf_u32(&p->bytes, UINT32_MAX);
}

void pgqi_element_i64(struct params *p, int64_t value)
{
    pgqi_buf_u32(&p->bytes, 8);
    pgqi_buf_u64(&p->bytes, (uint64_t)value);
}

void pgqi_element_i32(struct params *p, int32_t value)
{
    pgqi_buf_u32(&p->bytes, 4);
    pgqi_buf_u32(&p->bytes, (uint32_t)value);
}

void pgqi_element_f64(struct params *p, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    pgqi_buf_u32(&p->bytes, 8);
    pgqi_buf_u64(&p->bytes, bits);
}

void pgqi_element_text(struct params *p, const char *text, size_t len)
{
    pgqi_buf_u32(&p->bytes, (uint32_t)len);
    pgqi_buf_add(&p->bytes, text, len);
}

void pgqi_element_jsonb(struct params *p, const void *json, size_t len)
{
    pgqi_buf_u32(&p->bytes, (uint32_t)len + 1);
    add_jsonb(p, json, len);
}

void pgqi_param_array_end(struct params *p)
{
    int i = p->count - 1;
    p->length[i] = (int)(p->bytes.len - p->at[i]);
}

int pgqi_params_bind(struct params *p)
{
    if (p->bytes.failed)
        return 0;
    for (int i = 0; i < p->count; i++) {
        if (!p->binary[i])
            p->values[i] = p->text[i];
        else
            p->values[i] = p->length[i] < 0 ? NULL : p->bytes.data + p->at[i];
    }
    return 1;
}
