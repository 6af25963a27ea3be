/* SPDX-License-Identifier: MIT */
/* Makes any bytes text that PostgreSQL takes: valid UTF-8 without NUL. */
#ifndef PGQI_BASE_UTF8_H
#define PGQI_BASE_UTF8_H

#include <stddef.h>

/* Copies at most max bytes of text, each invalid byte and NUL as '?', never half a character.
 * Returns owned, NUL-terminated (free), NULL if memory is out. out_len may be NULL. */
char *pgqi_utf8_clean(const void *text, size_t len, size_t max, size_t *out_len);

/* Bytes of the valid UTF-8 character at p (at most len), 0 if there is none; NUL is none. */
size_t pgqi_utf8_char(const unsigned char *p, size_t len);

#endif
