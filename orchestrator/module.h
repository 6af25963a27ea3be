/* SPDX-License-Identifier: MIT */
/* module.h: what the handlers of the sync module share in one process. */
#ifndef SYNC_MODULE_H
#define SYNC_MODULE_H

#include "db.h"
#include "settings.h"
#include "vault.h"

#include <pgqueue.h>

#include <stdbool.h>

/* Made before the first handler runs, never changed while one runs. */
struct module {
    const pgqueue_host *host;
    struct settings settings;
    struct vault *vault;
    struct db *db;
};

/* Makes the module from its configuration, without registering anything. The host's functions and
 * texts must live as long. out: returns owned, free with module_free. Errors: EINVAL, ENOMEM. */
int module_make(const pgqueue_host *host, struct module **out, pgqueue_error *error);
void module_free(struct module *module);

/* One line to the daemon's log with the job's id; never a token. */
__attribute__((format(printf, 4, 5))) void module_log(const struct module *module, int level,
                                                      const pgqueue_job *job, const char *format,
                                                      ...);

/* Whether a job's handler had better stop. user: the pgqueue_job. */
bool module_job_stopped(void *user);

/* The only queue that imports run on: it has the hook that ends connection and import with the job.
 */
#define IMPORT_QUEUE "import-checkins"

/* The handlers. user: struct module. */
int plan_daily_sync(pgqueue_job *job, void *user);
int import_checkins(pgqueue_job *job, void *user);

#endif
