/* SPDX-License-Identifier: MIT */
/* A growing, bounded byte buffer that remembers its first failure, so that a series of appends
 * needs one check at the end. */
#ifndef PGQI_BASE_BUF_H
#define PGQI_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

enum buf_failure { BUF_FULL = 1, BUF_NO_MEMORY = 2 };

/* data is NUL-terminated whenever it is not NULL; failed (an enum buf_failure) stays set once an
 * append did not fit. */
struct buf {
    char *data;
    size_t len;
    size_t room;
    size_t max;
    int failed;
};

void pgqi_buf_init(struct buf *b, size_t max);
void pgqi_buf_free(struct buf *b);
/* Empties it and clears failed; keeps the memory. */
void pgqi_buf_reset(struct buf *b);
void pgqi_buf_add(struct buf *b, const void *data, size_t len);
void pgqi_buf_text(struct buf *b, const char *text);
void pgqi_buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends text as a JSON string with its quotes; text must be valid UTF-8. */
void pgqi_buf_json(struct buf *b, const char *text);
/* Append an integer in network order, for binary parameters. */
void pgqi_buf_u32(struct buf *b, uint32_t value);
void pgqi_buf_u64(struct buf *b, uint64_t value);

#endif
