/* SPDX-License-Identifier: MIT */
/*
 * config_load.h: reads the configuration from its file and checks it as far as that goes without a
 * database and without loading a module.
 */
#ifndef PGQUEUED_CONFIG_LOAD_H
#define PGQUEUED_CONFIG_LOAD_H

#include "config.h"

/* out: returns owned, free with config_free. Returns 0, or the number of mistakes. */
int config_load(const char *path, config_report_fn *report, void *user, struct config **out);

#endif
