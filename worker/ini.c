/* SPDX-License-Identifier: MIT */
/*
 * ini.c: splits an ini text into sections, keys and values with line numbers. Knows no key.
 */
#include "ini.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parse {
    const struct ini_events *events;
    void *user;
    char *at; /* the rest of the text, which is cut up in place */
    char *end;
    int line; /* of the line that is looked at */
};

static char *skip_space(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

static void trim_end(char *s)
{
    size_t len = strlen(s);
    while (len > 0 && isspace((unsigned char)s[len - 1]))
        s[--len] = '\0';
}

/* The next line without its newline, or NULL at the end. */
static char *next_line(struct parse *p)
{
    if (p->at >= p->end)
        return NULL;
    char *line = p->at;
    char *newline = memchr(line, '\n', (size_t)(p->end - line));
    p->at = newline != NULL ? newline + 1 : p->end;
    if (newline != NULL)
        *newline = '\0';
    trim_end(line);
    p->line++;
    return line;
}

/* Joins the lines that follow a backslash, in place: the result never grows. */
static void join_lines(struct parse *p, char *value)
{
    size_t len = strlen(value);
    while (len > 0 && value[len - 1] == '\\') {
        value[--len] = '\0';
        trim_end(value);
        len = strlen(value);
        char *more = next_line(p);
        if (more == NULL)
            return;
        more = skip_space(more);
        size_t n = strlen(more);
        value[len++] = ' ';
        memmove(value + len, more, n + 1);
        len += n;
    }
}

static int take_section(struct parse *p, char *s)
{
    size_t len = strlen(s);
    if (s[len - 1] != ']')
        return p->events->mistake(p->user, p->line, "the section's closing ] is missing");
    s[len - 1] = '\0';
    s = skip_space(s + 1);
    trim_end(s);
    if (*s == '\0')
        return p->events->mistake(p->user, p->line, "the section has no name");
    char *name = s + strcspn(s, " \t");
    if (*name != '\0') {
        *name = '\0';
        name = skip_space(name + 1);
    }
    return p->events->section(p->user, p->line, s, name);
}

static int take_entry(struct parse *p, char *s)
{
    int line = p->line;
    char *equals = strchr(s, '=');
    if (equals == NULL)
        return p->events->mistake(p->user, line, "this is neither \"key = value\" nor [section]");
    *equals = '\0';
    trim_end(s);
    if (*s == '\0')
        return p->events->mistake(p->user, line, "there is no key in front of the =");
    char *value = skip_space(equals + 1);
    join_lines(p, value);
    trim_end(value);
    if (*value == '\0') {
        char text[128];
        snprintf(text, sizeof text, "\"%.64s\" has no value; remove the line to have the default",
                 s);
        return p->events->mistake(p->user, line, text);
    }
    return p->events->entry(p->user, line, s, value);
}

static int parse_lines(struct parse *p)
{
    char *s;
    int rc = 0;
    while (rc == 0 && (s = next_line(p)) != NULL) {
        s = skip_space(s);
        if (*s == '\0' || *s == '#' || *s == ';')
            continue;
        rc = *s == '[' ? take_section(p, s) : take_entry(p, s);
    }
    return rc;
}

int ini_parse(const char *text, size_t len, const struct ini_events *events, void *user)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* what some editors put in front */
    if (len > INI_TEXT_MAX)
        return events->mistake(user, 1, "the file is larger than 1 MiB");
    if (memchr(text, '\0', len) != NULL)
        return events->mistake(user, 1, "the file holds a NUL byte: it is not a text");
    if (len >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        len -= 3;
    }
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return -1;
    memcpy(copy, text, len);
    copy[len] = '\0';
    struct parse p = {events, user, copy, copy + len, 0};
    int rc = parse_lines(&p);
    free(copy);
    return rc;
}
