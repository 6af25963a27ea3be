/* SPDX-License-Identifier: MIT */
/* text.c: decodes UTF-8, measures it in terminal columns and takes away its power over a terminal.
 * It does not know where the text comes from. */
#include "text.h"

#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

/* The length of the UTF-8 sequence at text and its character; 0 if there is none. */
static size_t decode(const char *text, size_t len, uint32_t *character)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t need = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (need == 0 || need > len || s[0] > 0xF4)
        return 0;
    uint32_t c = need == 1 ? s[0] : s[0] & (0x7FU >> need);
    for (size_t i = 1; i < need; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3FU);
    }
    if ((need == 3 && c < 0x800) || (need == 4 && c < 0x10000) || c > 0x10FFFF ||
        (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *character = c;
    return need;
}

int text_is_utf8(const char *text, size_t len)
{
    uint32_t c;
    for (size_t i = 0; i < len;) {
        size_t n = decode(text + i, len - i, &c);
        if (n == 0)
            return 0;
        i += n;
    }
    return 1;
}

/* Characters that a terminal obeys or that reorder what is around them. */
static int is_dangerous(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x61C || c == 0x200E || c == 0x200F ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

static void add_escaped(struct buffer *out, uint32_t c)
{
    if (c == '\n')
        buffer_text(out, "\\n");
    else if (c == '\t')
        buffer_text(out, "\\t");
    else if (c == '\r')
        buffer_text(out, "\\r");
    else if (c < 0x80)
        buffer_format(out, "\\x%02x", (unsigned)c);
    else
        buffer_format(out, "\\u%04x", (unsigned)c);
}

void text_for_terminal(struct buffer *out, const char *text, size_t len, int lines)
{
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = decode(text + i, len - i, &c);
        if (n == 0) {
            buffer_format(out, "\\x%02x", (unsigned)(unsigned char)text[i]);
            n = 1;
        } else if (lines && (c == '\n' || c == '\t')) {
            buffer_char(out, (char)c);
        } else if (is_dangerous(c)) {
            add_escaped(out, c);
        } else {
            buffer_add(out, text + i, n);
        }
        i += n;
    }
}

void text_for_json(struct buffer *out, const char *json, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = decode(json + i, len - i, &c);
        if (n == 0) {
            buffer_text(out, "\\ufffd");
            n = 1;
        } else if (c >= 0x7F && is_dangerous(c)) {
            buffer_format(out, "\\u%04x", (unsigned)c);
        } else {
            buffer_add(out, json + i, n);
        }
        i += n;
    }
}

size_t text_columns(const char *text)
{
    static locale_t utf8; /* widths do not depend on the user's locale: our output is UTF-8 */
    static int tried;
    if (!tried) {
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        tried = 1;
    }
    locale_t before = utf8 != (locale_t)0 ? uselocale(utf8) : (locale_t)0;
    size_t columns = 0;
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        size_t n = decode(text + i, len - i, &c);
        int width = n > 0 && utf8 != (locale_t)0 ? wcwidth((wchar_t)c) : 1;
        columns += width >= 0 ? (size_t)width : 1;
        i += n > 0 ? n : 1;
    }
    if (utf8 != (locale_t)0)
        uselocale(before);
    return columns;
}
