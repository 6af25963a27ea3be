/* SPDX-License-Identifier: MIT */
/*
 * config_check.h: what must hold between the settings of a configuration.
 */
#ifndef PGQUEUED_CONFIG_CHECK_H
#define PGQUEUED_CONFIG_CHECK_H

#include "config.h"

typedef int config_mistake_fn(void *user, int line, const char *message);

/* Hands each mistake to the callback. */
void config_check(const struct config *config, config_mistake_fn *mistake, void *user);

/* The parts of handler = KIND:REST; rest points into value. "" if it has no kind. */
struct handler_name {
    enum { HANDLER_UNKNOWN, HANDLER_MODULE, HANDLER_EXEC, HANDLER_HTTP } kind;
    const char *rest;     /* the command */
    size_t file_len;      /* of a module: rest is FILE:NAME */
    const char *function; /* NAME */
};
struct handler_name handler_name_parse(const char *value);

#endif
