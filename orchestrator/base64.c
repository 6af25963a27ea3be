/* SPDX-License-Identifier: MIT */
/* base64.c: strict base64; knows nothing of what it carries. */
#include "base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const unsigned char *data, size_t len, char *out)
{
    char *p = out;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t bits = (uint32_t)data[i] << 16;
        if (left > 1)
            bits |= (uint32_t)data[i + 1] << 8;
        if (left > 2)
            bits |= data[i + 2];
        *p++ = alphabet[bits >> 18];
        *p++ = alphabet[bits >> 12 & 63];
        *p++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        *p++ = left > 2 ? alphabet[bits & 63] : '=';
    }
    *p = '\0';
    return (size_t)(p - out);
}

/* The six bits of a character, or -1. */
static int value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

ssize_t base64_decode(const char *text, size_t len, unsigned char *out)
{
    if (len % 4 != 0)
        return -1;
    unsigned char *p = out;
    for (size_t i = 0; i < len; i += 4) {
        size_t pad = 0;
        if (i + 4 == len && text[i + 3] == '=')
            pad = text[i + 2] == '=' ? 2 : 1;
        uint32_t bits = 0;
        for (size_t k = 0; k < 4 - pad; k++) {
            int v = value(text[i + k]);
            if (v < 0)
                return -1;
            bits |= (uint32_t)v << (18 - 6 * k);
        }
        /* A second spelling of the same bytes is refused: the bits behind them must be zero. */
        if ((pad == 1 && (bits & 0xff) != 0) || (pad == 2 && (bits & 0xffff) != 0))
            return -1;
        *p++ = (unsigned char)(bits >> 16);
        if (pad < 2)
            *p++ = (unsigned char)(bits >> 8);
        if (pad < 1)
            *p++ = (unsigned char)bits;
    }
    return p - out;
}
