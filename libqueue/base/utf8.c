/* SPDX-License-Identifier: MIT */
/* Makes any bytes text that PostgreSQL takes: valid UTF-8 without NUL. */
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

size_t pgqi_utf8_char(const unsigned char *p, size_t len)
{
    /* The lowest second byte rules out overlong forms, the highest surrogates and what lies beyond
     * U+10FFFF. */
    unsigned low = 0x80, high = 0xBF;
    size_t need;
    if (len == 0 || p[0] == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        need = 2;
    else if (p[0] >= 0xE0 && p[0] <= 0xEF)
        need = 3;
    else if (p[0] >= 0xF0 && p[0] <= 0xF4)
        need = 4;
    else
        return 0;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (len < need || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return need;
}

char *pgqi_utf8_clean(const void *text, size_t len, size_t max, size_t *out_len)
{
    const unsigned char *p = text;
    size_t room = len < max ? len : max;
    char *out = malloc(room + 1);
    if (out == NULL)
        return NULL;
    size_t used = 0;
    for (size_t i = 0; i < len && used < room;) {
        size_t n = pgqi_utf8_char(p + i, len - i);
        if (n > room - used)
            break;
        if (n == 0)
            out[used++] = '?';
        else
            memcpy(out + used, p + i, n);
        used += n;
        i += n ? n : 1;
    }
    out[used] = '\0';
    if (out_len != NULL)
        *out_len = used;
    return out;
}
