/* SPDX-License-Identifier: MIT */
/*
 * ini.h: splits an ini text into sections, keys and values with line numbers. Knows no key.
 *
 *     # a comment line, also with ;
 *     [kind name]
 *     key = value, as it stands, to the end of the line
 *     long = a backslash at the end of a line \
 *            joins the next one by a space
 */
#ifndef PGQUEUED_INI_H
#define PGQUEUED_INI_H

#include <stddef.h>

enum { INI_TEXT_MAX = 1024 * 1024 };

/* The texts borrow: until return. Return 0, or not 0 to stop the parse. */
struct ini_events {
    int (*section)(void *user, int line, const char *kind, const char *name); /* name: "" if none */
    int (*entry)(void *user, int line, const char *key, const char *value);
    int (*mistake)(void *user, int line, const char *message);
};

/* Goes on after a mistake. Returns 0, the value that stopped it, or -1 without memory. */
int ini_parse(const char *text, size_t len, const struct ini_events *events, void *user);

#endif
