/* SPDX-License-Identifier: MIT */
/* help.c: writes --help from the tables of commands and options. It does not know what they do. */
#include "help.h"

#include <stdio.h>
#include <string.h>

static void add_options(struct buffer *out, const char *title, const struct option *table)
{
    if (table == NULL || table->name == NULL)
        return;
    buffer_format(out, "\n%s:\n", title);
    for (; table->name != NULL; table++) {
        struct buffer left = BUFFER_INIT;
        if (table->letter != 0)
            buffer_format(&left, "-%c, ", table->letter);
        buffer_format(&left, "--%s", table->name);
        if (table->value != NULL)
            buffer_format(&left, " %s", table->value);
        buffer_format(out, "  %-28s  %s\n", left.data, table->help);
        buffer_free(&left);
    }
}

static void add_commands(struct buffer *out, const struct command *commands, const char *words)
{
    size_t len = strlen(words);
    for (; commands->name != NULL; commands++) {
        if (len > 0 && (strncmp(commands->name, words, len) != 0 || commands->name[len] != ' '))
            continue;
        struct buffer left = BUFFER_INIT;
        buffer_format(&left, "%s %s", commands->name, commands->arguments);
        if (left.len <= 40)
            buffer_format(out, "  %-40s  %s\n", left.data, commands->help);
        else
            buffer_format(out, "  %s\n  %-40s  %s\n", left.data, "", commands->help);
        buffer_free(&left);
    }
}

void help_print(const struct command *commands, const struct parsed *parsed, struct buffer *out)
{
    const struct command *command = parsed->command;
    if (command != NULL) {
        buffer_format(out, "Usage: pgqueue %s%s%s%s\n\n%s.\n", command->name,
                      command->arguments[0] != '\0' ? " " : "", command->arguments,
                      command->options != NULL || command->settings != NULL ? " [options]" : "",
                      command->help);
        add_options(out, "Options", command->options);
        add_options(out, command->options != NULL ? "Job and queue options" : "Options",
                    command->settings);
        add_options(out, "Options of every command", global_options);
        return;
    }
    const char *words = parsed->words.len > 0 ? parsed->words.data : "";
    buffer_format(out, "Usage: pgqueue [-d CONNINFO] [--schema NAME] [--json] %s%sCOMMAND ...\n",
                  words, words[0] != '\0' ? " " : "");
    if (words[0] == '\0')
        buffer_text(out, "\nA durable job queue inside PostgreSQL.\n");
    buffer_text(out, "\nCommands:\n");
    add_commands(out, commands, words);
    add_options(out, "Options of every command", global_options);
    buffer_text(out, "\nExit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not found, "
                     "5 no database.\n"
                     "pgqueue COMMAND --help explains one command; see also pgqueue(1).\n");
}
