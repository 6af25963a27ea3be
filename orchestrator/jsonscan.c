/* SPDX-License-Identifier: MIT */
/* jsonscan.c: checks JSON text byte by byte before anybody relies on it; builds no tree. */
#include "jsonscan.h"

#include <stdbool.h>
#include <string.h>

/* in: the next byte to read, out: where the next byte kept goes; out <= in always. */
struct scan {
    char *start, *in, *end, *out;
    size_t removed;
    enum json_fault fault;
};

static bool fail(struct scan *s, enum json_fault fault)
{
    s->fault = fault;
    return false;
}

static bool more(const struct scan *s)
{
    return s->in < s->end;
}

static void keep(struct scan *s, size_t n)
{
    memmove(s->out, s->in, n);
    s->out += n;
    s->in += n;
}

static void skip_space(struct scan *s)
{
    while (more(s) && (*s->in == ' ' || *s->in == '\t' || *s->in == '\n' || *s->in == '\r'))
        keep(s, 1);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Keeps a run of digits; false if there is none. */
static bool digits(struct scan *s)
{
    if (!more(s) || !is_digit(*s->in))
        return fail(s, JSON_BROKEN);
    while (more(s) && is_digit(*s->in))
        keep(s, 1);
    return true;
}

static bool number(struct scan *s)
{
    if (*s->in == '-')
        keep(s, 1);
    if (more(s) && *s->in == '0')
        keep(s, 1);
    else if (!digits(s))
        return false;
    if (more(s) && *s->in == '.') {
        keep(s, 1);
        if (!digits(s))
            return false;
    }
    if (!more(s) || (*s->in != 'e' && *s->in != 'E'))
        return true;
    keep(s, 1);
    if (more(s) && (*s->in == '+' || *s->in == '-'))
        keep(s, 1);
    int exponent = 0;
    for (const char *p = s->in; p < s->end && is_digit(*p); p++) {
        exponent = exponent * 10 + (*p - '0');
        if (exponent > JSON_MAX_EXPONENT)
            return fail(s, JSON_NUMBER);
    }
    return digits(s);
}

/* Length of the UTF-8 character at p, or 0: overlong forms, surrogates and all beyond U+10FFFF are
 * none. */
static size_t utf8_length(const char *p, const char *end)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t left = (size_t)(end - p);
    unsigned low = 0x80, high = 0xbf;
    size_t n;
    if (u[0] < 0x80)
        return 1;
    if (u[0] >= 0xc2 && u[0] <= 0xdf) {
        n = 2;
    } else if (u[0] >= 0xe0 && u[0] <= 0xef) {
        n = 3;
        low = u[0] == 0xe0 ? 0xa0 : low;
        high = u[0] == 0xed ? 0x9f : high;
    } else if (u[0] >= 0xf0 && u[0] <= 0xf4) {
        n = 4;
        low = u[0] == 0xf0 ? 0x90 : low;
        high = u[0] == 0xf4 ? 0x8f : high;
    } else {
        return 0;
    }
    if (left < n || u[1] < low || u[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if (u[i] < 0x80 || u[i] > 0xbf)
            return 0;
    }
    return n;
}

/* The value of the four hex digits behind \u at p, or -1. */
static int hex4(const char *p, const char *end)
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    int value = 0;
    for (int i = 2; i < 6; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static bool escape(struct scan *s)
{
    if (s->end - s->in < 2)
        return fail(s, JSON_BROKEN);
    if (s->in[1] != 'u') {
        if (s->in[1] == '\0' || strchr("\"\\/bfnrt", s->in[1]) == NULL)
            return fail(s, JSON_BROKEN);
        keep(s, 2);
        return true;
    }
    int unit = hex4(s->in, s->end);
    if (unit < 0)
        return fail(s, JSON_BROKEN);
    if (unit == 0) {
        s->in += 6;
        s->removed++;
    } else if (unit >= 0xd800 && unit <= 0xdbff) {
        int low = hex4(s->in + 6, s->end);
        if (low < 0xdc00 || low > 0xdfff)
            return fail(s, JSON_SURROGATE);
        keep(s, 12);
    } else if (unit >= 0xdc00 && unit <= 0xdfff) {
        return fail(s, JSON_SURROGATE);
    } else {
        keep(s, 6);
    }
    return true;
}

static bool string(struct scan *s)
{
    if (!more(s) || *s->in != '"')
        return fail(s, JSON_BROKEN);
    keep(s, 1);
    while (more(s)) {
        char c = *s->in;
        if (c == '"') {
            keep(s, 1);
            return true;
        }
        if (c == '\\') {
            if (!escape(s))
                return false;
            continue;
        }
        if ((unsigned char)c < 0x20)
            return fail(s, JSON_BROKEN);
        size_t n = utf8_length(s->in, s->end);
        if (n == 0)
            return fail(s, JSON_ENCODING);
        keep(s, n);
    }
    return fail(s, JSON_BROKEN);
}

static bool literal(struct scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->in) < n || memcmp(s->in, word, n) != 0)
        return fail(s, JSON_BROKEN);
    keep(s, n);
    return true;
}

static bool scalar(struct scan *s)
{
    switch (*s->in) {
    case '"':
        return string(s);
    case 't':
        return literal(s, "true");
    case 'f':
        return literal(s, "false");
    case 'n':
        return literal(s, "null");
    default:
        return number(s);
    }
}

/* Keeps `"name" :` of an object's member. */
static bool member_name(struct scan *s)
{
    skip_space(s);
    if (!string(s))
        return false;
    skip_space(s);
    return literal(s, ":");
}

/* One value with all that is in it, without recursion: open holds the bracket of each level. */
static bool value(struct scan *s)
{
    char open[JSON_MAX_DEPTH];
    int depth = 0;
    for (;;) {
        skip_space(s);
        if (!more(s))
            return fail(s, JSON_BROKEN);
        char c = *s->in;
        if (c == '{' || c == '[') {
            if (depth == JSON_MAX_DEPTH)
                return fail(s, JSON_DEPTH);
            open[depth++] = c;
            keep(s, 1);
            skip_space(s);
            if (!more(s) || *s->in != (c == '{' ? '}' : ']')) {
                if (c == '{' && !member_name(s))
                    return false;
                continue;
            }
        } else if (!scalar(s)) {
            return false;
        }
        /* A value is complete: close what ends here, or go on behind a comma. */
        for (;;) {
            if (depth == 0)
                return true;
            skip_space(s);
            if (!more(s))
                return fail(s, JSON_BROKEN);
            bool object = open[depth - 1] == '{';
            if (*s->in == ',') {
                keep(s, 1);
                if (object && !member_name(s))
                    return false;
                break;
            }
            if (*s->in != (object ? '}' : ']'))
                return fail(s, JSON_BROKEN);
            keep(s, 1);
            depth--;
        }
    }
}

enum json_fault json_scan(char *text, size_t *len, size_t *removed, size_t *offset)
{
    struct scan s = {.start = text, .in = text, .end = text + *len, .out = text};
    *removed = 0;
    *offset = 0;
    if (value(&s)) {
        skip_space(&s);
        if (more(&s))
            fail(&s, JSON_BROKEN);
    }
    if (s.fault != JSON_FINE) {
        *offset = (size_t)(s.in - s.start);
        return s.fault;
    }
    *len = (size_t)(s.out - s.start);
    *removed = s.removed;
    return JSON_FINE;
}

size_t json_character(const char *text, size_t len)
{
    return utf8_length(text, text + len);
}

const char *json_fault_text(enum json_fault fault)
{
    switch (fault) {
    case JSON_FINE:
        return "is valid JSON";
    case JSON_ENCODING:
        return "holds invalid UTF-8";
    case JSON_SURROGATE:
        return "holds half of a surrogate pair";
    case JSON_DEPTH:
        return "is nested too deeply";
    case JSON_NUMBER:
        return "holds a number out of range";
    case JSON_BROKEN:
        break;
    }
    return "is not valid JSON";
}
