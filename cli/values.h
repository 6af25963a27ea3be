/* SPDX-License-Identifier: MIT */
/* values.h: checks the typed values of options and writes them as JSON for the database. It does
 * not know which options there are. */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "buffer.h"

#include <stdint.h>

enum value_type {
    VALUE_FLAG,     /* no value */
    VALUE_TEXT,     /* any UTF-8 text */
    VALUE_INTEGER,  /* within min and max */
    VALUE_DURATION, /* seconds as a number, or an interval as text; not negative */
    VALUE_START,    /* as VALUE_DURATION, or a point in time */
    VALUE_BOOLEAN,  /* true false on off yes no 1 0 */
    VALUE_PATH      /* a file name: any bytes */
};

struct option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* 0: none */
    enum value_type type;
    const char *value; /* the value's name in the help; NULL for a flag */
    const char *help;
    int64_t min, max; /* of VALUE_INTEGER */
    int resets;       /* 1: an empty value is JSON null, back to the default */
};

/* Why text is no value of the option, in problem; 0 if it is one. */
int value_check(const struct option *option, const char *text, struct buffer *problem);
/* A whole decimal number. Returns 0, or -1 if text is none or out of range. */
int value_integer(const char *text, int64_t *value);
/* Adds text, which value_check accepted, as a JSON value. */
void value_json(struct buffer *out, const struct option *option, const char *text);

#endif
