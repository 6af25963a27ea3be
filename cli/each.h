/* SPDX-License-Identifier: MIT */
/* each.h: commands that take several names or ids, and the lines that they print. */
#ifndef CLI_EACH_H
#define CLI_EACH_H

#include "cli.h"

/* Does something with one name or id; returns an exit code, after a message. */
typedef int each_fn(struct cli *cli, const char *text, const void *context);

/* Connects, then calls act for each argument until the database goes away. The highest code. */
int each_argument(struct cli *cli, each_fn *act, const void *context);
/* The same for ids: all are looked at before the first call. */
int each_id(struct cli *cli, each_fn *act, const void *context);

/* Runs a statement with the one value and reads its boolean: 1, 0 (also: null, no row), -1. */
int call_boolean(struct cli *cli, const char *sql, const char *value, struct db_error *error);

/* Prints "KIND NAME DONE", or {"KEY": NAME, "done": DONE}; with the key "id" the name is a number.
 */
void print_done(const struct cli *cli, const char *kind, const char *key, const char *name,
                const char *done);
/* Prints an id that the database made. */
void print_id(const struct cli *cli, const char *id);

#endif
