/* SPDX-License-Identifier: MIT */
/* Option structs that grow: each starts with its size. */
#ifndef PGQI_CORE_OPTIONS_H
#define PGQI_CORE_OPTIONS_H

#include "base/buf.h"
#include "pgqueue.h"

/* Lays the caller's struct (NULL: none), of whatever size its version had, over to, which holds
 * what INIT leaves. Errors: EINVAL if the caller skipped INIT. */
int pgqi_options_copy(void *to, size_t size, const void *from, const char *name,
                      pgqueue_error *error);

/* Send options as the JSON object that the SQL functions take, "{}" if nothing is set. Errors:
 * EINVAL, ENOMEM. */
int pgqi_send_options_json(const pgqueue_send_options *options, struct buf *out,
                           pgqueue_error *error);

#endif
