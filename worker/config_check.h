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

#endif
