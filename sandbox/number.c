/* SPDX-License-Identifier: MIT */
/* Reads numbers out of text strictly; does not know what they are for. */
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
    /* strtoll would skip white space and take a plus sign */
    if (!isdigit((unsigned char)text[0]) && text[0] != '-')
        return false;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
        return false;
    *out = value;
    return true;
}

bool number_parse_seconds(const char *text, int64_t *out_ms)
{
    int64_t whole = 0;
    int64_t thousandths = 0;
    const char *p = text;
    if (!isdigit((unsigned char)*p))
        return false;
    for (; isdigit((unsigned char)*p); p++) {
        whole = whole * 10 + (*p - '0');
        if (whole > 86400)
            return false;
    }
    if (*p == '.') {
        p++;
        if (!isdigit((unsigned char)*p))
            return false;
        for (int64_t unit = 100; isdigit((unsigned char)*p); p++, unit /= 10)
            thousandths += (*p - '0') * unit;
    }
    if (*p != '\0')
        return false;
    *out_ms = whole * 1000 + thousandths;
    return true;
}
