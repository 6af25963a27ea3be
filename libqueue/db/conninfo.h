/* SPDX-License-Identifier: MIT */
/* Connection strings: what the caller gave, and the defaults that a queue needs. */
#ifndef PGQI_DB_CONNINFO_H
#define PGQI_DB_CONNINFO_H

#include "pgqueue.h"

/* Parallel arrays for PQconnectStartParams, ended by NULL. */
struct conninfo {
    char **keywords;
    char **values;
    size_t count;
};

/* Parses conninfo ("" or NULL: libpq's environment) and adds, where neither it nor the environment
 * says otherwise: keepalives of seconds, a bounded wait for unacknowledged data, UTF-8, a server
 * that takes writes. Errors: EINVAL, ENOMEM. */
int pgqi_conninfo_parse(const char *conninfo, const char *application_name,
                        int32_t connect_timeout_s, struct conninfo *out, pgqueue_error *error);
void pgqi_conninfo_free(struct conninfo *info);

#endif
