/* SPDX-License-Identifier: MIT */
/* A growing, bounded byte buffer; knows nothing of what it holds but how JSON strings are escaped.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pgqi_buf_init(struct buf *b, size_t max)
{
    memset(b, 0, sizeof *b);
    b->max = max;
}

void pgqi_buf_free(struct buf *b)
{
    free(b->data);
    pgqi_buf_init(b, b->max);
}

void pgqi_buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = 0;
    if (b->data != NULL)
        b->data[0] = '\0';
}

/* Makes room for more bytes and a NUL; 0 if that is over the limit or memory is out. */
static int reserve(struct buf *b, size_t more)
{
    if (b->failed)
        return 0;
    if (more > b->max || b->len > b->max - more) {
        b->failed = BUF_FULL;
        return 0;
    }
    size_t need = b->len + more + 1;
    if (need <= b->room)
        return 1;
    size_t room = b->room ? b->room : 256;
    while (room < need)
        room *= 2;
    char *data = realloc(b->data, room);
    if (data == NULL) {
        b->failed = BUF_NO_MEMORY;
        return 0;
    }
    b->data = data;
    b->room = room;
    return 1;
}

void pgqi_buf_add(struct buf *b, const void *data, size_t len)
{
    if (!reserve(b, len))
        return;
    if (len > 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void pgqi_buf_text(struct buf *b, const char *text)
{
    pgqi_buf_add(b, text, strlen(text));
}

void pgqi_buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        b->failed = BUF_FULL;
    else if (reserve(b, (size_t)len)) {
        vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
}

void pgqi_buf_json(struct buf *b, const char *text)
{
    pgqi_buf_add(b, "\"", 1);
    for (const char *p = text; *p;) {
        size_t plain = 0;
        while (p[plain] && p[plain] != '"' && p[plain] != '\\' && (unsigned char)p[plain] >= 0x20)
            plain++;
        pgqi_buf_add(b, p, plain);
        p += plain;
        if (*p)
            pgqi_buf_printf(b, "\\u%04x", (unsigned)(unsigned char)*p++);
    }
    pgqi_buf_add(b, "\"", 1);
}

void pgqi_buf_u32(struct buf *b, uint32_t value)
{
    unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                              (unsigned char)(value >> 8), (unsigned char)value};
    pgqi_buf_add(b, bytes, sizeof bytes);
}

void pgqi_buf_u64(struct buf *b, uint64_t value)
{
    pgqi_buf_u32(b, (uint32_t)(value >> 32));
    pgqi_buf_u32(b, (uint32_t)value);
}
