/* SPDX-License-Identifier: MIT */
/* values.c: checks the typed values of options and writes them as JSON for the database. It does
 * not know which options there are. */
#include "values.h"

#include "jsonout.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int value_integer(const char *text, int64_t *value)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
        return -1;
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (errno != 0)
        return -1;
    *value = number;
    return 0;
}

/* A decimal number of seconds: digits, at most one point. */
static int is_decimal(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    const char *rest = text + whole;
    size_t fraction = 0;
    if (*rest == '.') {
        fraction = strspn(rest + 1, "0123456789");
        rest += 1 + fraction;
    }
    return *rest == '\0' && whole + fraction > 0;
}

/* 1, 0, or -1 if text is no boolean. */
static int boolean(const char *text)
{
    static const char *const words[2][4] = {{"false", "off", "no", "0"},
                                            {"true", "on", "yes", "1"}};
    for (int value = 0; value < 2; value++) {
        for (size_t i = 0; i < 4; i++) {
            if (strcasecmp(text, words[value][i]) == 0)
                return value;
        }
    }
    return -1;
}

static int check_integer(const struct option *option, const char *text, struct buffer *problem)
{
    int64_t value;
    if (value_integer(text, &value) == 0 && value >= option->min && value <= option->max)
        return 0;
    buffer_format(problem, "--%s: \"%s\" is not a whole number from %" PRId64 " to %" PRId64,
                  option->name, text, option->min, option->max);
    return -1;
}

static int check_duration(const struct option *option, const char *text, struct buffer *problem)
{
    const char *start = text + strspn(text, " \t");
    if (*start == '\0') {
        buffer_format(problem, "--%s: give seconds or an interval such as '5 min'%s", option->name,
                      option->type == VALUE_START ? " or a time" : "");
        return -1;
    }
    if (*start == '-') {
        buffer_format(problem, "--%s: \"%s\" is negative; give a duration from now on",
                      option->name, text);
        return -1;
    }
    if (strspn(start, "0123456789.") == strlen(start) && !is_decimal(start)) {
        buffer_format(problem, "--%s: \"%s\" is not a number of seconds", option->name, text);
        return -1;
    }
    return 0;
}

int value_check(const struct option *option, const char *text, struct buffer *problem)
{
    if (option->type != VALUE_PATH && !text_is_utf8(text, strlen(text))) {
        buffer_format(problem, "--%s: the value is not UTF-8 text", option->name);
        return -1;
    }
    if (option->resets && text[0] == '\0')
        return 0;
    switch (option->type) {
    case VALUE_INTEGER:
        return check_integer(option, text, problem);
    case VALUE_DURATION:
    case VALUE_START:
        return check_duration(option, text, problem);
    case VALUE_BOOLEAN:
        if (boolean(text) >= 0)
            return 0;
        buffer_format(problem, "--%s: \"%s\" is neither true nor false", option->name, text);
        return -1;
    case VALUE_FLAG:
    case VALUE_TEXT:
    case VALUE_PATH:
        break;
    }
    return 0;
}

/* A decimal as JSON wants it: no leading zeros, a digit on both sides of the point. */
static void add_decimal(struct buffer *out, const char *text)
{
    struct buffer number = BUFFER_INIT;
    while (*text == '0' && text[1] >= '0' && text[1] <= '9')
        text++;
    if (*text == '.')
        buffer_char(&number, '0');
    buffer_text(&number, text);
    if (number.data[number.len - 1] == '.')
        buffer_char(&number, '0');
    jsonout_raw(out, number.data);
    buffer_free(&number);
}

void value_json(struct buffer *out, const struct option *option, const char *text)
{
    int64_t number;
    if (option->resets && text[0] == '\0') {
        jsonout_text(out, NULL);
        return;
    }
    switch (option->type) {
    case VALUE_INTEGER:
        if (value_integer(text, &number) == 0)
            jsonout_integer(out, number);
        break;
    case VALUE_DURATION:
    case VALUE_START:
        if (is_decimal(text))
            add_decimal(out, text);
        else
            jsonout_text(out, text);
        break;
    case VALUE_BOOLEAN:
        jsonout_boolean(out, boolean(text) == 1);
        break;
    case VALUE_FLAG:
        jsonout_boolean(out, 1);
        break;
    case VALUE_TEXT:
    case VALUE_PATH:
        jsonout_text(out, text);
        break;
    }
}
