/* SPDX-License-Identifier: MIT */
/*
 * value.c: checks the text of one setting against its type and brings it into one form. Knows no
 * key.
 */
#include "value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cron.h"
#include "jsontext.h"

enum { DIGITS_MAX = 32 };

static int check_number(const struct value_rule *rule, const char *text, char *out, size_t out_size,
                        char *why, size_t why_size)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || isspace((unsigned char)text[0]) ||
        (double)number < rule->min || (double)number > rule->max) {
        snprintf(why, why_size, "must be a whole number from %.0f to %.0f", rule->min, rule->max);
        return -1;
    }
    snprintf(out, out_size, "%lld", number);
    return 0;
}

static int check_boolean(const char *text, char *out, size_t out_size, char *why, size_t why_size)
{
    static const char *const words[][2] = {
        {"true", "false"}, {"yes", "no"}, {"on", "off"}, {"1", "0"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (size_t no = 0; no < 2; no++)
            if (strcasecmp(text, words[i][no]) == 0) {
                snprintf(out, out_size, "%s", words[0][no]);
                return 0;
            }
    snprintf(why, why_size, "must be true or false");
    return -1;
}

/* The seconds of the unit at *s, which is moved behind it; 0 if there is none. */
static double take_unit(const char **s)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    size_t len = strspn(*s, "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].name) == len && strncmp(*s, units[i].name, len) == 0) {
            *s += len;
            return units[i].seconds;
        }
    }
    return 0;
}

/* Digits with at most one point: strtod alone would take signs, hex, inf and exponents. */
static int take_decimal(const char **s, double *number)
{
    char digits[DIGITS_MAX];
    size_t len = strspn(*s, "0123456789.");
    if (len == 0 || len >= sizeof digits || !isdigit((unsigned char)(*s)[0]))
        return -1;
    memcpy(digits, *s, len);
    digits[len] = '\0';
    char *end;
    *number = strtod(digits, &end);
    *s += len;
    return *end == '\0' ? 0 : -1;
}

static int parse_duration(const char *text, double *seconds)
{
    double total = 0, number;
    const char *s = text;
    while (*s != '\0') {
        if (take_decimal(&s, &number) != 0)
            return -1;
        if (*s == '\0' && total == 0) {
            *seconds = number; /* a plain number */
            return 0;
        }
        while (*s == ' ')
            s++;
        double unit = take_unit(&s);
        if (unit == 0)
            return -1;
        total += number * unit;
        while (*s == ' ')
            s++;
    }
    *seconds = total;
    return s == text ? -1 : 0;
}

static int check_duration(const struct value_rule *rule, const char *text, char *out,
                          size_t out_size, char *why, size_t why_size)
{
    double seconds;
    if (parse_duration(text, &seconds) != 0) {
        snprintf(why, why_size, "must be a duration like 30s, 2m, 20h, 1d or 1h30m");
        return -1;
    }
    if (seconds < rule->min || seconds > rule->max) {
        snprintf(why, why_size, "must be a duration from %.15g to %.15g seconds", rule->min,
                 rule->max);
        return -1;
    }
    snprintf(out, out_size, "%.15g", seconds);
    return 0;
}

static int check_choice(const struct value_rule *rule, const char *text, char *out, size_t out_size,
                        char *why, size_t why_size)
{
    size_t len = strlen(text);
    for (const char *word = rule->choices; *word != '\0';) {
        size_t n = strcspn(word, "|");
        if (n == len && strncasecmp(word, text, n) == 0) {
            snprintf(out, out_size, "%.*s", (int)n, word);
            return 0;
        }
        word += n + (word[n] == '|');
    }
    snprintf(why, why_size, "must be one of %s", rule->choices);
    return -1;
}

static int check_json(const char *text, char *why, size_t why_size)
{
    const char *mistake = jsontext_mistake(text);
    if (mistake == NULL)
        return 0;
    snprintf(why, why_size, "must be JSON, which it is not from byte %zu on",
             (size_t)(mistake - text) + 1);
    return -1;
}

int value_check(const struct value_rule *rule, const char *text, char *out, size_t out_size,
                char *why, size_t why_size)
{
    switch (rule->type) {
    case VALUE_NUMBER:
        return check_number(rule, text, out, out_size, why, why_size);
    case VALUE_BOOLEAN:
        return check_boolean(text, out, out_size, why, why_size);
    case VALUE_DURATION:
        return check_duration(rule, text, out, out_size, why, why_size);
    case VALUE_CHOICE:
        return check_choice(rule, text, out, out_size, why, why_size);
    case VALUE_CRON:
        if (cron_check(text, why, why_size) != 0)
            return -1;
        break;
    case VALUE_ZONE:
        if (cron_zone_check(text, why, why_size) != 0)
            return -1;
        break;
    case VALUE_JSON:
        if (check_json(text, why, why_size) != 0)
            return -1;
        break;
    case VALUE_TEXT:
        break;
    }
    if (snprintf(out, out_size, "%s", text) >= (int)out_size) {
        snprintf(why, why_size, "is longer than %zu bytes", out_size - 1);
        return -1;
    }
    return 0;
}
