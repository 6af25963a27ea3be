/* SPDX-License-Identifier: MIT */
/* cli.h: what every command has at hand: the command line, the database, the way out. It does not
 * know the commands. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "db.h"
#include "exits.h"
#include "options.h"

struct cli {
    struct parsed parsed;
    struct db db;
};

/* The argument at index; NULL if there is none. */
const char *argument(const struct cli *cli, size_t index);

/* Connects, once: the exit code, after a message. any_schema: also where the schema of the queue is
 * missing or of another version. */
int need_database(struct cli *cli, int any_schema);

/* Prints "pgqueue: ..." as one line on stderr, safe for a terminal and without the password of the
 * connection, and returns code. */
__attribute__((format(printf, 3, 4))) int fail(const struct cli *cli, int code, const char *format,
                                               ...);
/* The same for a failed call of the database, with what was tried ("queue mail") before it. NULL:
 * the message stands alone. */
int fail_db(const struct cli *cli, const struct db_error *error, const char *what);

/* Has the database read an option's value as the type: the exit code, after a message that says
 * which option it is. */
int check_type(struct cli *cli, const char *option, const char *type);

/* The worse of two exit codes. */
int worse(int a, int b);

/* Reads a job's id from an argument. Returns 0, or EXIT_USAGE after a message. */
int id_argument(const struct cli *cli, const char *text);

#endif
