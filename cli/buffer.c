/* SPDX-License-Identifier: MIT */
/* buffer.c: text that grows, and the end of the program when memory is out. It does not know what
 * the text means. */
#include "buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noreturn)) static void out_of_memory(void)
{
    fputs("pgqueue: out of memory\n", stderr);
    exit(1);
}

char *buffer_reserve(struct buffer *buffer, size_t len)
{
    if (len >= SIZE_MAX / 2 - buffer->len)
        out_of_memory();
    size_t need = buffer->len + len + 1;
    if (need > buffer->size) {
        size_t size = buffer->size < 64 ? 64 : buffer->size;
        while (size < need)
            size *= 2;
        char *data = realloc(buffer->data, size);
        if (data == NULL)
            out_of_memory();
        buffer->data = data;
        buffer->size = size;
    }
    return buffer->data + buffer->len;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t len)
{
    char *at = buffer_reserve(buffer, len);
    if (len > 0)
        memcpy(at, bytes, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_char(struct buffer *buffer, char c)
{
    buffer_add(buffer, &c, 1);
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len > 0) {
        char *at = buffer_reserve(buffer, (size_t)len);
        vsnprintf(at, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->data != NULL)
        buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer->data = NULL;
    buffer->len = buffer->size = 0;
}

void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL)
        out_of_memory();
    return memory;
}
