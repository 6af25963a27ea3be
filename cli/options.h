/* SPDX-License-Identifier: MIT */
/* options.h: the tables that describe commands and options, and what a command line became by them.
 * Parsing, --help and the comparison with the manual page all come from these tables. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "buffer.h"
#include "values.h"

#include <stddef.h>
#include <stdint.h>

struct cli;

/* A command's name may be two or three words; none is the beginning of another. */
struct command {
    const char *name;
    const char *arguments;         /* as the help shows them */
    int least, most;               /* how many arguments; most -1: any number */
    const struct option *options;  /* its own; NULL: none */
    const struct option *settings; /* those that become a JSON object for the database; or NULL */
    const char *help;
    int (*run)(struct cli *cli);
};

#define OPTIONS_MAX 40

/* A command line, understood. Texts borrow from argv. */
struct parsed {
    const char *program;
    const struct command *command; /* NULL: only with help or version_only, or an error */
    struct buffer words;           /* of the command's name, as far as it was given */
    const char **arguments;        /* owned array */
    size_t argument_count;
    struct {
        const struct option *option;
        const char *text;
    } given[OPTIONS_MAX];
    size_t given_count;
    const char *conninfo; /* -d; NULL: not given */
    const char *schema;
    int json;
    int help;
    int version_only;
};

/* The options of every command. */
extern const struct option global_options[];

/* Understands a command line. Returns 0, or -1 with the reason, one line, in problem. */
int options_parse(const struct command *commands, int argc, char **argv, struct parsed *parsed,
                  struct buffer *problem);
void parsed_free(struct parsed *parsed);

/* The value of an option, NULL if it was not given; a flag's is "". */
const char *option_text(const struct parsed *parsed, const char *name);
int option_given(const struct parsed *parsed, const char *name);
int64_t option_integer(const struct parsed *parsed, const char *name, int64_t otherwise);

/* Adds the options of the command's settings table that were given, with snake case keys, to a
 * JSON object that has begun. */
void options_json(const struct parsed *parsed, struct buffer *out);

#endif
