/* SPDX-License-Identifier: MIT */
/* Parameters of a statement: texts as text, payloads and arrays in PostgreSQL's binary form, so
 * that nothing has to be quoted. */
#ifndef PGQI_DB_PARAM_H
#define PGQI_DB_PARAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PARAMS_MAX 10

/* Values point into the caller's memory (text) or into bytes (binary, as offsets until bound). */
struct params {
    int count;
    const char *text[PARAMS_MAX];
    size_t at[PARAMS_MAX];
    int length[PARAMS_MAX];
    int binary[PARAMS_MAX]; /* 0 text, 1 binary */
    struct buf bytes;
    const char *values[PARAMS_MAX];
};

/* max: most bytes of binary data. */
void pgqi_params_init(struct params *p, size_t max);
void pgqi_params_free(struct params *p);
/* Empties it and keeps the memory. */
void pgqi_params_reset(struct params *p);

/* text: borrows, until the statement is sent; NULL: null. */
void pgqi_param_text(struct params *p, const char *text);
void pgqi_param_i64(struct params *p, int64_t value);
/* A jsonb value; json NULL: null. */
void pgqi_param_jsonb(struct params *p, const void *json, size_t len);

/* Arrays: begin, the elements, end. type: an element type's oid. */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_FLOAT8 = 701,
    OID_JSONB = 3802
};
void pgqi_param_array(struct params *p, uint32_t type, size_t count);
void pgqi_element_null(struct params *p);
void pgqi_element_i64(struct params *p, int64_t value);
void pgqi_element_i32(struct params *p, int32_t value);
void pgqi_element_f64(struct params *p, double value);
void pgqi_element_text(struct params *p, const char *text, size_t len);
void pgqi_element_jsonb(struct params *p, const void *json, size_t len);
void pgqi_param_array_end(struct params *p);

/* Makes values valid. 0 if memory was out or the limit passed. */
int pgqi_params_bind(struct params *p);

#endif
