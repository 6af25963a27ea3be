/* SPDX-License-Identifier: MIT */
/*
 * config.h: the configuration of the daemon in memory: its sections and the values of their keys.
 * Knows neither how it is read nor what is right.
 */
#ifndef PGQUEUED_CONFIG_H
#define PGQUEUED_CONFIG_H

#include <stddef.h>
#include <stdio.h>

#include "keys.h"

struct config_entry {
    const struct key *key;
    char *text;  /* as written */
    char *value; /* in its one form: seconds, true, ... */
    int line;
    struct config_entry *next;
};

struct config_section {
    const struct section_kind *kind;
    char *name; /* "" unless kind->named is set */
    int line;
    struct config_entry *entries;
    struct config_section *next;
};

/* Invariant: every key of it is in the table, every value follows its rule. */
struct config {
    char *path;     /* as given */
    char *folder;   /* of the file, absolute: what relative paths are looked up in first */
    char *conninfo; /* "" leaves everything to libpq's environment */
    struct config_section *sections; /* in the order of the file */
};

/* One mistake, as "FILE:LINE: what would be right". text borrows: until return. */
typedef void config_report_fn(void *user, const char *text);

void config_free(struct config *config);

/* The index-th section of a kind in the order of the file, or NULL. Borrows. */
const struct config_section *config_section(const struct config *config, const char *kind,
                                            size_t index);

/* The value of a key in its one form, its default if it was not given, NULL if it has none.
 * section may be NULL, then kind says where the key belongs. Borrows: from config. */
const char *config_value(const struct config_section *section, const char *kind, const char *key);

/* The same for keys with a default, as a number: seconds for a duration. */
double config_number(const struct config *config, const char *kind, const char *key);

/* The line of a key, or that of the section if it was not given. */
int config_line(const struct config_section *section, const char *key);

/* The options of a queue or a schedule as a JSON object; "{}" for none. returns owned: free. NULL:
 * no memory. */
char *config_options(const struct config_section *section);

/* Writes the configuration with all defaults, without secrets, as a file that could be read. */
void config_print(const struct config *config, FILE *stream);

#endif
