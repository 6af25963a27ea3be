/* SPDX-License-Identifier: MIT */
/*
 * cron.c: whether the database would take a cron expression and a time zone, as far as that can be
 * told without it. Knows no time: what an expression means is said in cron_parse() alone, and
 * tests/cron/test_cron_errors.py holds the two verdicts against each other.
 */
#include "cron.h"

#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { FIELDS = 5, DAY = 2, MONTH = 3, WEEKDAY = 4 };

#define BLANK " \t\r\n\v\f"

struct field {
    const char *name;
    int low, high;
    const char *words; /* three letters each, of the values low, low + 1, ...; "" if it has none */
};

static const struct field fields[FIELDS] = {
    {"minute", 0, 59, ""},
    {"hour", 0, 23, ""},
    {"day of month", 1, 31, ""},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"day of week", 0, 7, "sunmontuewedthufrisat"},
};

/* A piece of the expression. */
struct piece {
    const char *text;
    size_t len;
};

/* Cuts piece at the first c: the rest behind it goes to rest. 0: there is none. */
static int cut(struct piece *piece, char c, struct piece *rest)
{
    const char *at = memchr(piece->text, c, piece->len);
    if (at == NULL)
        return 0;
    *rest = (struct piece){at + 1, piece->len - (size_t)(at - piece->text) - 1};
    piece->len = (size_t)(at - piece->text);
    return 1;
}

/* A number of at most four digits; -1: it is none. */
static int number(struct piece piece)
{
    int value = 0;
    if (piece.len < 1 || piece.len > 4)
        return -1;
    for (size_t i = 0; i < piece.len; i++) {
        if (piece.text[i] < '0' || piece.text[i] > '9')
            return -1;
        value = value * 10 + (piece.text[i] - '0');
    }
    return value;
}

/* A number or a name within the field's bounds; -1: neither. */
static int value_of(struct piece piece, const struct field *field)
{
    int value = number(piece);
    for (size_t i = 0; value < 0 && piece.len == 3 && field->words[i] != '\0'; i += 3)
        if (strncasecmp(piece.text, field->words + i, 3) == 0)
            value = field->low + (int)(i / 3);
    return value < field->low || value > field->high ? -1 : value;
}

static int is_star(struct piece piece)
{
    return piece.len == 1 && piece.text[0] == '*';
}

/* What is wrong with one of the items of a field, or NULL; its values are added to bits. */
static const char *read_item(struct piece item, const struct field *field, uint64_t *bits)
{
    struct piece range = item, step_text = {"", 0}, end = {"", 0};
    int has_step = cut(&range, '/', &step_text);
    int has_end = cut(&range, '-', &end);
    int step = has_step ? number(step_text) : 1;
    int first = field->low, last = field->high;
    if (range.len == 0 || (has_end && end.len == 0) || (has_step && step_text.len == 0) ||
        memchr(step_text.text, '/', step_text.len) || memchr(end.text, '-', end.len))
        return "write *, a value, a range a-b, or a step */n or a-b/n, separated by commas";
    int all = !has_end && is_star(range);
    if (!all) {
        first = value_of(range, field);
        last = has_end ? value_of(end, field) : first;
        if (field == &fields[WEEKDAY] && last == 0 && first > 0)
            last = 7; /* Sunday, as the end of a range */
    }
    if (first < 0 || last < 0)
        return "a value is none of this field's";
    if (first > last)
        return "the range goes backwards";
    if (has_step && !all && !has_end)
        return "a step needs a range: a-b/n or */n";
    if (step < 1 || step > field->high)
        return "the step is none of this field's";
    for (; first <= last; first += step)
        *bits |= UINT64_C(1) << first;
    return NULL;
}

static int read_field(struct piece list, const struct field *field, uint64_t *bits, char *why,
                      size_t why_size)
{
    struct piece rest = {"", 0};
    int more = 1;
    while (more) {
        more = cut(&list, ',', &rest);
        const char *wrong = read_item(list, field, bits);
        if (wrong != NULL) {
            snprintf(why, why_size, "%s \"%.*s\" (%d to %d%s): %s", field->name,
                     list.len < 60 ? (int)list.len : 60, list.text, field->low, field->high,
                     field->words[0] != '\0' ? ", or a name of three letters" : "", wrong);
            return -1;
        }
        list = rest;
    }
    return 0;
}

/* 30 February and the like: a day beyond the 29th needs a month that has it. */
static int never_comes(uint64_t days, uint64_t months)
{
    const uint64_t with_30 = 8186, with_31 = 5546; /* bit m is month m */
    return (days & ((UINT64_C(1) << 30) - 1)) == 0 &&
           !((days & (UINT64_C(1) << 30)) && (months & with_30)) &&
           !((days & (UINT64_C(1) << 31)) && (months & with_31));
}

static int check_name(const char *name, char *why, size_t why_size)
{
    static const char *const names[] = {"@hourly",  "@daily",  "@midnight", "@weekly",
                                        "@monthly", "@yearly", "@annually"};
    size_t len = strcspn(name, BLANK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0 &&
            name[len + strspn(name + len, BLANK)] == '\0')
            return 0;
    snprintf(why, why_size,
             "the name is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, "
             "@annually");
    return -1;
}

int cron_check(const char *text, char *why, size_t why_size)
{
    struct piece pieces[FIELDS] = {{"", 0}};
    uint64_t bits[FIELDS] = {0};
    size_t count = 0;
    text += strspn(text, BLANK);
    if (text[0] == '@')
        return check_name(text, why, why_size);
    for (const char *at = text; *at != '\0'; count++) {
        size_t len = strcspn(at, BLANK);
        if (count < FIELDS)
            pieces[count] = (struct piece){at, len};
        at += len;
        at += strspn(at, BLANK);
    }
    if (count != FIELDS) {
        snprintf(why, why_size,
                 "it has %zu fields, not the five of minute, hour, day of month, month, day of "
                 "week",
                 count);
        return -1;
    }
    for (size_t i = 0; i < FIELDS; i++)
        if (read_field(pieces[i], &fields[i], &bits[i], why, why_size) != 0)
            return -1;
    /* With a day of the week of its own, a day matches by either. */
    int either = pieces[DAY].text[0] != '*' && pieces[WEEKDAY].text[0] != '*';
    if (!either && never_comes(bits[DAY], bits[MONTH])) {
        snprintf(why, why_size, "that day never comes in that month");
        return -1;
    }
    return 0;
}

/* As in cron_zone(): a POSIX rule, which we do not want, has a digit or a sign, but so have these.
 */
#define ZONES_WITH_DIGITS                                                                          \
    "^((etc/)?gmt[+-]?0|etc/gmt(\\+([1-9]|1[0-2])|-([1-9]|1[0-4]))|est5edt|cst6cdt|mst7mdt|"       \
    "pst8pdt)$"

int cron_zone_check(const char *name, char *why, size_t why_size)
{
    static const char *const others[] = {"localtime", "posixrules", "factory", "default"};
    regex_t known;
    int wrong = name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/-")] != 0;
    if (wrong && regcomp(&known, ZONES_WITH_DIGITS, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0) {
        wrong = regexec(&known, name, 0, NULL, 0) != 0;
        regfree(&known);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        wrong = wrong || strcasecmp(name, others[i]) == 0;
    if (wrong)
        snprintf(why, why_size, "use the name of an IANA time zone such as Europe/Berlin, or UTC");
    return wrong ? -1 : 0;
}
