/* SPDX-License-Identifier: MIT */
/* buffer.h: text that grows, for everything the command line builds. It does not know what the text
 * means. */
#ifndef CLI_BUFFER_H
#define CLI_BUFFER_H

#include <stddef.h>

/* Invariant: data is NUL-terminated beyond len, or NULL while nothing was added. */
struct buffer {
    char *data;
    size_t len;
    size_t size;
};
#define BUFFER_INIT                                                                                \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

/* The adders end the program when memory is out: it holds nothing that would have to be undone. */
void buffer_add(struct buffer *buffer, const void *bytes, size_t len);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_char(struct buffer *buffer, char c);
__attribute__((format(printf, 2, 3))) void buffer_format(struct buffer *buffer, const char *format,
                                                         ...);
/* Makes room for len more bytes and returns where they go; add them to len yourself. */
char *buffer_reserve(struct buffer *buffer, size_t len);
void buffer_clear(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

/* malloc of an array, zeroed, that ends the program when memory is out. */
void *zeroed(size_t count, size_t size);

#endif
