/* SPDX-License-Identifier: MIT */
/*
 * value.h: checks the text of one setting against its type and brings it into one form. Knows no
 * key.
 */
#ifndef PGQUEUED_VALUE_H
#define PGQUEUED_VALUE_H

#include <stddef.h>

enum value_type {
    VALUE_TEXT,     /* as it stands */
    VALUE_NUMBER,   /* digits with a sign; the form is that of printf %lld */
    VALUE_BOOLEAN,  /* true yes on 1 / false no off 0; the form is true or false */
    VALUE_DURATION, /* 90, 30s, 2m, 20h, 1d, 250ms, 1h30m; the form is seconds */
    VALUE_CHOICE,   /* one of the words in choices, which are separated by | */
    VALUE_CRON,     /* a cron expression, as it stands; so are the next two */
    VALUE_ZONE,     /* what may be the name of a time zone */
    VALUE_JSON
};

struct value_rule {
    enum value_type type;
    double min, max; /* of VALUE_NUMBER, and in seconds of VALUE_DURATION */
    const char *choices;
};

/* Writes the one form of text to out. 0, or -1 with a text in why that says what would be right. */
int value_check(const struct value_rule *rule, const char *text, char *out, size_t out_size,
                char *why, size_t why_size);

#endif
