/* SPDX-License-Identifier: MIT */
/*
 * conninfo.h: where the database is: [database], else PGQUEUE_DSN, else DATABASE_URL, else libpq's
 * own environment.
 */
#ifndef PGQUEUED_CONNINFO_H
#define PGQUEUED_CONNINFO_H

#include "config.h"

/* database may be NULL. returns owned: free; "" leaves it to libpq. NULL: no memory. */
char *conninfo_make(const struct config_section *database);

#endif
