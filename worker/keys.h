/* SPDX-License-Identifier: MIT */
/*
 * keys.h: the table of everything that may stand in the configuration. The manual page
 * pgqueued.5.scd and pgqueued.ini.example tell the same; a test compares the three.
 */
#ifndef PGQUEUED_KEYS_H
#define PGQUEUED_KEYS_H

#include "value.h"

enum {
    KEY_REQUIRED = 1, /* the section is wrong without it */
    KEY_SECRET = 2,   /* never printed */
    KEY_OPTION = 4,   /* goes to the queue as an option of that name */
    KEY_CONNINFO = 8, /* a keyword of libpq */
    KEY_PATH = 16     /* of a file, relative to the configuration's folder */
};

struct key {
    const char *section;
    const char *name;
    struct value_rule rule;
    const char *fallback; /* NULL: none */
    unsigned flags;
};

struct section_kind {
    const char *name;
    const char *named; /* what stands for the name in [kind NAME], any number of them; NULL: once */
};

/* Both end with a NULL name. */
extern const struct section_kind section_kinds[];
extern const struct key keys[];

const struct section_kind *section_kind_find(const char *name);
const struct key *key_find(const char *section, const char *name);

#endif
