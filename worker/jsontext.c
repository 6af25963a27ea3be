/* SPDX-License-Identifier: MIT */
/*
 * jsontext.c: whether a text is a JSON value (RFC 8259) that jsonb takes. Builds nothing of it.
 */
#include "jsontext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

static void skip_blank(const char **at)
{
    *at += strspn(*at, " \t\r\n");
}

/* The four digits behind \u; -1: they are none. */
static long hex4(const char *at)
{
    char digits[5] = "";
    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return -1;
        digits[i] = at[i];
    }
    return strtol(digits, NULL, 16);
}

/* What stands behind a backslash. jsonb has no place for U+0000 and half a surrogate pair. */
static int take_escape(const char **at)
{
    const char *p = *at;
    if (*p == '\0')
        return 0;
    if (*p != 'u') {
        *at = p + 1;
        return strchr("\"\\/bfnrt", *p) != NULL;
    }
    long code = hex4(p + 1);
    if (code <= 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return 0;
    *at = p + 5;
    if (code < 0xD800 || code > 0xDBFF)
        return 1;
    if ((*at)[0] != '\\' || (*at)[1] != 'u')
        return 0;
    code = hex4(*at + 2);
    if (code < 0xDC00 || code > 0xDFFF)
        return 0;
    *at += 6;
    return 1;
}

static int take_string(const char **at)
{
    if (**at != '"')
        return 0;
    for ((*at)++; **at != '"';) {
        if ((unsigned char)**at < 0x20) /* the end, too */
            return 0;
        if (*(*at)++ == '\\' && !take_escape(at))
            return 0;
    }
    (*at)++;
    return 1;
}

static int take_digits(const char **at)
{
    size_t len = strspn(*at, DIGITS);
    *at += len;
    return len > 0;
}

static int take_number(const char **at)
{
    *at += **at == '-';
    if (**at == '0')
        (*at)++;
    else if (!take_digits(at))
        return 0;
    if (**at == '.') {
        (*at)++;
        if (!take_digits(at))
            return 0;
    }
    if (**at == 'e' || **at == 'E') {
        (*at)++;
        *at += **at == '-' || **at == '+';
        return take_digits(at);
    }
    return 1;
}

static int take_scalar(const char **at)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(*at, words[i], strlen(words[i])) == 0) {
            *at += strlen(words[i]);
            return 1;
        }
    return **at == '"' ? take_string(at) : take_number(at);
}

/* The name of a member and its colon. */
static int take_name(const char **at)
{
    skip_blank(at);
    if (!take_string(at))
        return 0;
    skip_blank(at);
    if (**at != ':')
        return 0;
    (*at)++;
    return 1;
}

/* The brackets that a value begins with, and the names behind them: 0: a scalar must follow, 1: the
 * innermost is empty, -1: a mistake. */
static int take_open(const char **at, char *open, size_t *depth)
{
    for (skip_blank(at); **at == '{' || **at == '['; skip_blank(at)) {
        char bracket = *(*at)++;
        open[(*depth)++] = bracket;
        skip_blank(at);
        if (**at == (bracket == '{' ? '}' : ']'))
            return 1;
        if (bracket == '{' && !take_name(at))
            return -1;
    }
    return 0;
}

/* Behind a value: closes what ends here, up to a comma (1) or the end (0); -1: neither. */
static int take_end(const char **at, const char *open, size_t *depth)
{
    for (;;) {
        skip_blank(at);
        if (*depth == 0)
            return **at == '\0' ? 0 : -1;
        if (**at == ',') {
            (*at)++;
            return 1;
        }
        if (**at != (open[*depth - 1] == '{' ? '}' : ']'))
            return -1;
        (*at)++;
        (*depth)--;
    }
}

/* open: room for as many as there are bytes in the text. */
static int take_all(const char **at, char *open)
{
    size_t depth = 0;
    for (int more = 1; more > 0; more = take_end(at, open, &depth)) {
        if (depth > 0 && open[depth - 1] == '{' && !take_name(at))
            return 0;
        int empty = take_open(at, open, &depth);
        if (empty < 0 || (empty == 0 && !take_scalar(at)))
            return 0;
    }
    return depth == 0 && **at == '\0';
}

const char *jsontext_mistake(const char *text)
{
    const char *at = text;
    char *open = malloc(strlen(text) + 1);
    int good = open == NULL || take_all(&at, open);
    free(open);
    return good ? NULL : at;
}
