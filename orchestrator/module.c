/* SPDX-License-Identifier: MIT */
/* module.c: the sync module's entry for pgqueued: configuration, queues, schedule; handles no job.
 */
#include "module.h"

#include "http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(pgqueue_error *error, int code, const char *message)
{
    if (error != NULL) {
        error->code = code;
        error->retryable = 0;
        error->sqlstate[0] = '\0';
        snprintf(error->message, sizeof error->message, "%s", message);
    }
    return code;
}

int module_make(const pgqueue_host *host, struct module **out, pgqueue_error *error)
{
    struct module *module = calloc(1, sizeof *module);
    struct vault_error why = {""};
    if (module == NULL)
        return refuse(error, PGQUEUE_ENOMEM, "out of memory");
    module->host = host;
    int rc = settings_read(&module->settings, host, error);
    if (rc != PGQUEUE_OK)
        goto out;
    if (vault_open(module->settings.key_file, module->settings.token_format, &module->vault,
                   &why) != VAULT_OK) {
        rc = refuse(error, PGQUEUE_EINVAL, why.message);
        goto out;
    }
    /* Commands that other handlers start need not see the key. */
    vault_forget_environment();
    module->db = db_new(host->conninfo, module->settings.connections);
    if (module->db == NULL || !http_start()) {
        rc = refuse(error, PGQUEUE_ENOMEM, "out of memory");
        goto out;
    }
    *out = module;
    return PGQUEUE_OK;
out:
    module_free(module);
    return rc;
}

void module_free(struct module *module)
{
    if (module == NULL)
        return;
    db_free(module->db);
    vault_close(module->vault);
    free(module);
}

void module_log(const struct module *module, int level, const pgqueue_job *job, const char *format,
                ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    module->host->log(module->host->context, level, job, line);
}

bool module_job_stopped(void *user)
{
    return pgqueue_job_cancelled(user) != 0;
}

/* Whether the configuration has a section of this kind and name. */
static bool configured(const pgqueue_host *host, const char *kind, const char *name)
{
    const char *found;
    for (size_t i = 0;
         host->section != NULL && (found = host->section(host->context, kind, i)) != NULL; i++) {
        if (strcmp(found, name) == 0)
            return true;
    }
    return false;
}

/* A [queue] section of an operator's names handler and options itself. Without one nothing is
 * changed: the queues and their options come with the migrations, and what was changed since by
 * hand stays. */
static int add_queue(const pgqueue_host *host, struct module *module, const char *queue,
                     int concurrency, pgqueue_handler *handler, pgqueue_error *error)
{
    pgqueue_work_options options = PGQUEUE_WORK_OPTIONS_INIT;
    options.concurrency = concurrency;
    options.queue_options = "{}";
    if (configured(host, "queue", queue))
        return PGQUEUE_OK;
    return host->work(host->context, queue, &options, handler, module, error);
}

/* A [queue] section of another name must not have the importer: nothing would end its imports. */
static int check_queues(const pgqueue_host *host, pgqueue_error *error)
{
    static const char handler[] = "pgqueue_sync.so:" IMPORT_QUEUE;
    const char *name;
    for (size_t i = 0;
         host->section != NULL && (name = host->section(host->context, "queue", i)) != NULL; i++) {
        char section[160], why[320];
        snprintf(section, sizeof section, "queue %s", name);
        const char *value = host->setting(host->context, section, "handler");
        size_t len = value != NULL ? strlen(value) : 0;
        if (strcmp(name, IMPORT_QUEUE) == 0 || len < strlen(handler) ||
            strcmp(value + len - strlen(handler), handler) != 0)
            continue;
        snprintf(why, sizeof why,
                 "[queue %.128s] handler is the importer, which works the queue " IMPORT_QUEUE
                 " only: call the section [queue " IMPORT_QUEUE "]",
                 name);
        return refuse(error, PGQUEUE_EINVAL, why);
    }
    return PGQUEUE_OK;
}

static int register_all(const pgqueue_host *host, struct module *module, pgqueue_error *error)
{
    static const char plan_queue[] = "daily-sync-orchestrator", schedule[] = "daily-sync";
    int rc = check_queues(host, error);
    if (rc == PGQUEUE_OK)
        rc = add_queue(host, module, plan_queue, 1, plan_daily_sync, error);
    if (rc == PGQUEUE_OK)
        rc = add_queue(host, module, IMPORT_QUEUE, module->settings.concurrency, import_checkins,
                       error);
    if (rc == PGQUEUE_OK && !configured(host, "schedule", schedule))
        rc = host->schedule(host->context, schedule, plan_queue, module->settings.schedule,
                            module->settings.tz, NULL, NULL, error);
    return rc;
}

static int load(const pgqueue_host *host, void **state, pgqueue_error *error)
{
    struct module *module = NULL;
    int rc = module_make(host, &module, error);
    if (rc == PGQUEUE_OK)
        rc = register_all(host, module, error);
    if (rc != PGQUEUE_OK) {
        module_free(module);
        return rc;
    }
    *state = module;
    return PGQUEUE_OK;
}

static void unload(void *state)
{
    module_free(state);
    http_stop();
}

static const pgqueue_module_handler handlers[] = {
    {"daily-sync-orchestrator", plan_daily_sync, 0},
    {IMPORT_QUEUE, import_checkins, 0},
    {NULL, NULL, 0},
};

PGQUEUE_API const pgqueue_module pgqueue_module_entry = {
    .abi = PGQUEUE_MODULE_ABI,
    .name = "sync",
    .version = PGQUEUE_VERSION,
    .handlers = handlers,
    .load = load,
    .unload = unload,
};
