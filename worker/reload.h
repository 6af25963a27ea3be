/* SPDX-License-Identifier: MIT */
/*
 * reload.h: checks a configuration in a process of its own, modules included, so that nothing of
 * theirs is ever in the supervisor.
 */
#ifndef PGQUEUED_RELOAD_H
#define PGQUEUED_RELOAD_H

#include <sys/types.h>

#include "config.h"

/* Opens the modules and registers the handlers, which needs no database. Mistakes go to report.
 * 0 or -1. */
int reload_check(const struct config *config, config_report_fn *report, void *user);

/* The same in a child, which logs the mistakes (or prints them, when plain) and ends with 0 or not
 * 0. Its pid, or -1. */
pid_t reload_check_in_child(const struct config *config, int plain);

/* Report functions: one prints "pgqueued: TEXT" on standard error, the other logs. */
void reload_print(void *user, const char *text);
void reload_log(void *user, const char *text);

/* The key of [http] key_file. out: returns owned, free; NULL: there is none. 0, or -1 and why. */
int reload_http_key(const struct config *config, char **out, char *why, size_t why_size);

#endif
