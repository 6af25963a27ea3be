/* SPDX-License-Identifier: MIT */
/* help.h: writes --help from the tables of commands and options. It does not know what they do. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "options.h"

/* --help: of the program, of a group of commands, or of one command. */
void help_print(const struct command *commands, const struct parsed *parsed, struct buffer *out);

#endif
