/* SPDX-License-Identifier: MIT */
/* options.c: understands a command line by the tables of commands and options. It does not know
 * what the commands do. */
#include "options.h"

#include "jsonout.h"
#include "nearest.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option global_options[] = {
    {"dsn", 'd', VALUE_TEXT, "CONNINFO",
     "database: connection string or URI; else PGQUEUE_DSN, DATABASE_URL, PGHOST ...", 0, 0, 0},
    {"schema", 0, VALUE_TEXT, "NAME", "schema of the queue (pgqueue)", 0, 0, 0},
    {"json", 0, VALUE_FLAG, NULL, "one JSON object per line on standard output", 0, 0, 0},
    {"help", 'h', VALUE_FLAG, NULL, "explain the program or a command", 0, 0, 0},
    {"version", 'V', VALUE_FLAG, NULL, "print the version", 0, 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

/* So many are looked at for the one that was meant. */
#define COMMANDS_MAX 100

/* The place in argv, so that an option can take the next word as its value. */
struct cursor {
    int argc;
    char **argv;
    int at;
};

static const struct option *find_in(const struct option *table, const char *name, size_t len,
                                    char letter)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (letter != 0 ? table->letter == letter
                        : strlen(table->name) == len && memcmp(table->name, name, len) == 0)
            return table;
    }
    return NULL;
}

/* By name, or by letter when that is not 0. Before the command is known only the global ones. */
static const struct option *find_option(const struct parsed *parsed, const char *name, size_t len,
                                        char letter)
{
    const struct option *option = find_in(global_options, name, len, letter);
    if (option == NULL && parsed->command != NULL)
        option = find_in(parsed->command->options, name, len, letter);
    if (option == NULL && parsed->command != NULL)
        option = find_in(parsed->command->settings, name, len, letter);
    return option;
}

static void add_names(const struct option *table, const char **names, size_t *count)
{
    for (; table != NULL && table->name != NULL && *count < 2 * OPTIONS_MAX; table++)
        names[(*count)++] = table->name;
}

/* The help to look at for what was typed so far. */
static void point_to_help(const struct parsed *parsed, struct buffer *problem)
{
    buffer_format(problem, "; see pgqueue %s%s--help",
                  parsed->words.len > 0 ? parsed->words.data : "",
                  parsed->words.len > 0 ? " " : "");
}

static int unknown_option(const struct parsed *parsed, const char *word, size_t len,
                          struct buffer *problem)
{
    const char *names[2 * OPTIONS_MAX];
    size_t count = 0;
    struct buffer name = BUFFER_INIT;
    buffer_format(problem, "%.*s: ", (int)len, word);
    if (parsed->command != NULL) {
        add_names(parsed->command->options, names, &count);
        add_names(parsed->command->settings, names, &count);
    }
    add_names(global_options, names, &count);
    if (strncmp(word, "--", 2) == 0)
        buffer_add(&name, word + 2, len - 2);
    const char *meant = name.len > 0 ? nearest(name.data, names, count) : NULL;
    buffer_free(&name);
    if (meant != NULL) {
        buffer_format(problem, "did you mean --%s?", meant);
        return -1;
    }
    if (parsed->command == NULL)
        buffer_text(problem, "unknown option before the command");
    else
        buffer_format(problem, "unknown option of %s", parsed->command->name);
    point_to_help(parsed, problem);
    return -1;
}

static int remember(struct parsed *parsed, const struct option *option, const char *text,
                    struct buffer *problem)
{
    if (strcmp(option->name, "dsn") == 0)
        parsed->conninfo = text;
    else if (strcmp(option->name, "schema") == 0)
        parsed->schema = text;
    else if (strcmp(option->name, "json") == 0)
        parsed->json = 1;
    else if (strcmp(option->name, "help") == 0)
        parsed->help = 1;
    else if (strcmp(option->name, "version") == 0)
        parsed->version_only = 1;
    else if (option_text(parsed, option->name) != NULL)
        return buffer_format(problem, "--%s is given twice", option->name), -1;
    else if (parsed->given_count == OPTIONS_MAX)
        return buffer_text(problem, "too many options"), -1;
    else {
        parsed->given[parsed->given_count].option = option;
        parsed->given[parsed->given_count++].text = text;
    }
    return 0;
}

/* --name, --name=value, --name value, -x, -x value, -xvalue. */
static int take_option(struct parsed *parsed, struct cursor *cursor, struct buffer *problem)
{
    const char *word = cursor->argv[cursor->at];
    int is_long = word[1] == '-';
    const char *equals = is_long ? strchr(word, '=') : NULL;
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct option *option =
        is_long ? find_option(parsed, word + 2, len - 2, 0) : find_option(parsed, NULL, 0, word[1]);
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (option == NULL)
        return unknown_option(parsed, word, is_long ? len : 2, problem);
    if (!is_long && word[2] != '\0') {
        if (option->type == VALUE_FLAG)
            return unknown_option(parsed, word, strlen(word), problem);
        value = word + 2;
    }
    if (option->type == VALUE_FLAG) {
        if (value != NULL)
            return buffer_format(problem, "--%s takes no value", option->name), -1;
        return remember(parsed, option, "", problem);
    }
    if (value == NULL) {
        if (cursor->at + 1 >= cursor->argc) {
            buffer_format(problem, "%s needs a value: %s", word, option->value);
            return -1;
        }
        value = cursor->argv[++cursor->at];
    }
    if (value_check(option, value, problem) != 0)
        return -1;
    return remember(parsed, option, value, problem);
}

/* 1 if words begin the name of a command, with a space after them. */
static int begins(const char *name, const char *words)
{
    size_t len = strlen(words);
    return strncmp(name, words, len) == 0 && name[len] == ' ';
}

/* The length of the name's first words, as many as were typed. */
static size_t same_words(const char *name, const char *words)
{
    const char *end = strchr(name, ' ');
    for (const char *at = strchr(words, ' '); at != NULL && end != NULL; at = strchr(at + 1, ' '))
        end = strchr(end + 1, ' ');
    return end != NULL ? (size_t)(end - name) : strlen(name);
}

/* "unknown command", with the nearest beginning of one. */
static int unknown_command(const struct command *commands, const char *words,
                           struct buffer *problem)
{
    const char *names[COMMANDS_MAX];
    struct buffer starts[COMMANDS_MAX] = {BUFFER_INIT};
    size_t count = 0;
    for (const struct command *c = commands; c->name != NULL && count < COMMANDS_MAX; c++) {
        buffer_add(&starts[count], c->name, same_words(c->name, words));
        names[count] = starts[count].data;
        count++;
    }
    buffer_format(problem, "unknown command \"%s\"", words);
    const char *meant = nearest(words, names, count);
    if (meant != NULL)
        buffer_format(problem, ": did you mean %s?", meant);
    else
        buffer_text(problem, "; see pgqueue --help");
    for (size_t i = 0; i < count; i++)
        buffer_free(&starts[i]);
    return -1;
}

/* One more word of the command's name. */
static int take_word(const struct command *commands, struct parsed *parsed, const char *word,
                     struct buffer *problem)
{
    if (parsed->words.len > 0)
        buffer_char(&parsed->words, ' ');
    buffer_text(&parsed->words, word);
    int is_group = 0;
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, parsed->words.data) == 0) {
            parsed->command = c;
            return 0;
        }
        is_group |= begins(c->name, parsed->words.data);
    }
    return is_group ? 0 : unknown_command(commands, parsed->words.data, problem);
}

/* The words so far need another one: names those that may follow. */
static int incomplete(const struct command *commands, const struct parsed *parsed,
                      struct buffer *problem)
{
    if (parsed->words.len == 0) {
        buffer_text(problem, "no command given; see pgqueue --help");
        return -1;
    }
    buffer_format(problem, "%s needs one of", parsed->words.data);
    const char *separator = ":";
    const char *last = "";
    size_t last_len = 0;
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (!begins(c->name, parsed->words.data))
            continue;
        const char *word = c->name + parsed->words.len + 1;
        size_t len = strcspn(word, " ");
        if (len == last_len && strncmp(word, last, len) == 0)
            continue;
        buffer_format(problem, "%s %.*s", separator, (int)len, word);
        separator = ",";
        last = word;
        last_len = len;
    }
    return -1;
}

static int check_counts(const struct parsed *parsed, struct buffer *problem)
{
    const struct command *command = parsed->command;
    size_t count = parsed->argument_count;
    if (count < (size_t)command->least) {
        buffer_format(problem, "usage: pgqueue %s %s", command->name, command->arguments);
        return -1;
    }
    if (command->most >= 0 && count > (size_t)command->most) {
        buffer_format(problem, "unexpected argument \"%s\": usage: pgqueue %s%s%s",
                      parsed->arguments[command->most], command->name,
                      command->arguments[0] != '\0' ? " " : "", command->arguments);
        return -1;
    }
    return 0;
}

int options_parse(const struct command *commands, int argc, char **argv, struct parsed *parsed,
                  struct buffer *problem)
{
    struct cursor cursor = {argc, argv, 1};
    int only_arguments = 0;
    parsed->program = argc > 0 ? argv[0] : "pgqueue";
    parsed->arguments = zeroed((size_t)argc + 1, sizeof *parsed->arguments);
    for (; cursor.at < argc; cursor.at++) {
        const char *word = argv[cursor.at];
        if (!only_arguments && strcmp(word, "--") == 0) {
            only_arguments = 1;
        } else if (!only_arguments && word[0] == '-' && word[1] != '\0') {
            if (take_option(parsed, &cursor, problem) != 0)
                return -1;
        } else if (!text_is_utf8(word, strlen(word))) {
            return buffer_format(problem, "argument %d is not UTF-8 text", cursor.at), -1;
        } else if (parsed->command == NULL) {
            if (take_word(commands, parsed, word, problem) != 0)
                return -1;
        } else {
            parsed->arguments[parsed->argument_count++] = word;
        }
    }
    if (parsed->schema != NULL && (parsed->schema[0] == '\0' || strlen(parsed->schema) > 63))
        return buffer_text(problem, "--schema: a name has 1 to 63 bytes"), -1;
    if (parsed->help || (parsed->version_only && parsed->command == NULL))
        return 0;
    if (parsed->command == NULL)
        return incomplete(commands, parsed, problem);
    return parsed->version_only ? 0 : check_counts(parsed, problem);
}

void parsed_free(struct parsed *parsed)
{
    free(parsed->arguments);
    parsed->arguments = NULL;
    buffer_free(&parsed->words);
}

const char *option_text(const struct parsed *parsed, const char *name)
{
    for (size_t i = 0; i < parsed->given_count; i++) {
        if (strcmp(parsed->given[i].option->name, name) == 0)
            return parsed->given[i].text;
    }
    return NULL;
}

int option_given(const struct parsed *parsed, const char *name)
{
    return option_text(parsed, name) != NULL;
}

int64_t option_integer(const struct parsed *parsed, const char *name, int64_t otherwise)
{
    const char *text = option_text(parsed, name);
    int64_t value;
    return text != NULL && value_integer(text, &value) == 0 ? value : otherwise;
}

void options_json(const struct parsed *parsed, struct buffer *out)
{
    const struct option *option = parsed->command->settings;
    for (; option != NULL && option->name != NULL; option++) {
        const char *text = option_text(parsed, option->name);
        if (text == NULL)
            continue;
        struct buffer key = BUFFER_INIT;
        buffer_text(&key, option->name);
        for (char *c = key.data; *c != '\0'; c++)
            *c = *c == '-' ? '_' : *c;
        jsonout_key(out, key.data);
        value_json(out, option, text);
        buffer_free(&key);
    }
}
