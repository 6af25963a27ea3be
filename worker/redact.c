/* SPDX-License-Identifier: MIT */
/*
 * redact.c: takes passwords out of connection strings and of messages that quote them.
 */
#include "redact.h"

#include <string.h>
#include <strings.h>

static const char stars[] = "***";

struct sink {
    char *at;
    size_t room; /* without the NUL */
};

static void put(struct sink *sink, const char *text, size_t len)
{
    size_t n = len < sink->room ? len : sink->room;
    memcpy(sink->at, text, n);
    sink->at += n;
    sink->room -= n;
}

/* The length of a word like password= at s, with blanks around the sign, or 0. */
static size_t secret_word(const char *s)
{
    static const char *const words[] = {"password", "passwd", "sslpassword", "token", "secret"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (strncasecmp(s, words[i], len) != 0)
            continue;
        size_t blanks = strspn(s + len, " \t");
        if (s[len + blanks] != '=')
            continue;
        len += blanks + 1;
        return len + strspn(s + len, " \t");
    }
    return 0;
}

/* The length of a value at s: quoted with backslashes, or up to a blank or &. */
static size_t secret_value(const char *s)
{
    if (*s != '\'')
        return strcspn(s, " \t\n&\"");
    size_t i = 1;
    while (s[i] != '\0' && s[i] != '\'')
        i += s[i] == '\\' && s[i + 1] != '\0' ? 2 : 1;
    return s[i] == '\0' ? i : i + 1;
}

/* Behind "://": where the password of user:password@ lies. 0 if there is none. */
static size_t url_password(const char *s, size_t *start)
{
    /* The last @, even behind a /: passwords are not always escaped as they should be. */
    size_t at = strcspn(s, "? \t\n\"'");
    while (at > 0 && s[at - 1] != '@')
        at--;
    if (at == 0)
        return 0;
    *start = strcspn(s, ":") + 1;
    return *start < at ? at - 1 - *start : 0;
}

void redact(const char *text, char *out, size_t out_size)
{
    struct sink sink = {out, out_size - 1};
    const char *s = text;
    while (*s != '\0' && sink.room > 0) {
        size_t word = secret_word(s);
        if (word > 0) {
            put(&sink, s, word);
            put(&sink, stars, sizeof stars - 1);
            s += word;
            s += secret_value(s);
            continue;
        }
        if (strncmp(s, "://", 3) == 0) {
            size_t start = 0;
            size_t len = url_password(s + 3, &start);
            if (len > 0) {
                put(&sink, s, 3 + start);
                put(&sink, stars, sizeof stars - 1);
                s += 3 + start + len;
                continue;
            }
        }
        put(&sink, s++, 1);
    }
    *sink.at = '\0';
}
