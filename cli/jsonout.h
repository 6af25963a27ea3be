/* SPDX-License-Identifier: MIT */
/* jsonout.h: writes small JSON texts: options for the database, result lines for --json. It reads
 * none: JSON is judged by the server alone, so that one rule holds. */
#ifndef CLI_JSONOUT_H
#define CLI_JSONOUT_H

#include "buffer.h"

#include <stdint.h>

/* Start and end an object or array; the commas come by themselves. */
void jsonout_begin(struct buffer *out, char bracket);
void jsonout_end(struct buffer *out, char bracket);
/* The key of the next value, in an object. */
void jsonout_key(struct buffer *out, const char *key);
/* Values. NULL text is null; text that is not UTF-8 has its bad bytes replaced. */
void jsonout_text(struct buffer *out, const char *text);
void jsonout_integer(struct buffer *out, int64_t value);
void jsonout_boolean(struct buffer *out, int value);
/* A value that is JSON already. */
void jsonout_raw(struct buffer *out, const char *json);

#endif
