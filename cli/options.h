/* SPDX-License-Identifier: MIT */
/* options.h: the tables that describe commands and options, and what a command line became by them.
 * Parsing, --help and the comparison with the manual page all come from these tables. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "buffer.h"

#include <stddef.h>
#include <stdint.h>

struct cli;

enum value_type {
    VALUE_FLAG,     /* no value */
    VALUE_TEXT,     /* any UTF-8 text */
    VALUE_INTEGER,  /* within min and max */
    VALUE_DURATION, /* seconds as a number, or an interval as text; not negative */
    VALUE_START,    /* as VALUE_DURATION, or a point in time */
    VALUE_BOOLEAN,  /* true false on off yes no 1 0 */
    VALUE_PATH      /* a file name: any bytes */
};

struct option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* 0: none */
    enum value_type type;
    const char *value; /* the value's name in the help; NULL for a flag */
    const char *help;
    int64_t min, max; /* of VALUE_INTEGER */
    int resets;       /* 1: an empty value is JSON null, back to the default */
};

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

/* Why text is no value of the option, in problem; 0 if it is one. */
int value_check(const struct option *option, const char *text, struct buffer *problem);
/* A whole decimal number. Returns 0, or -1 if text is none or out of range. */
int value_integer(const char *text, int64_t *value);

/* The candidate nearest to a mistyped word, NULL if none is near. */
const char *nearest(const char *word, const char *const *candidates, size_t count);

/* --help: of the program, of a group of commands, or of one command. */
void help_print(const struct command *commands, const struct parsed *parsed, struct buffer *out);

#endif
