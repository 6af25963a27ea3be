/* SPDX-License-Identifier: MIT */
/* settings.h: the configuration of the sync module, read once and checked. */
#ifndef SYNC_SETTINGS_H
#define SYNC_SETTINGS_H

#include "vault.h"

#include <pgqueue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts borrow: until the module is unloaded. */
struct settings {
    /* [sync] */
    const char *key_file; /* NULL: the environment */
    enum vault_format token_format;
    const char *active_users_query; /* NULL: logins of the last 30 days */
    const char *schedule;           /* five cron fields, UTC unless tz says otherwise */
    const char *tz;
    double spacing_s, window_s;
    int connections; /* to the database, for all handlers of a process */
    int concurrency; /* imports at once; PGQUEUE_UNSET: as many as threads */
    /* [provider foursquare] */
    const char *base_url;
    const char *ca_file; /* NULL: the system's */
    const char *version; /* YYYYMMDD, the shape of the answers that is asked for */
    int page_size;
    double overlap_s; /* how far behind the newest check-in seen a run goes */
    double connect_timeout_s, timeout_s;
    size_t max_response; /* bytes */
};

/* Errors: EINVAL; the message names section and key. */
int settings_read(struct settings *settings, const pgqueue_host *host, pgqueue_error *error);

#endif
