/* SPDX-License-Identifier: MIT */
/* module.c: the sync module's entry for pgqueued: configuration, queues, schedule; handles no job.
 */
#include "module.h"

#include "http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

/* The queues and their options come with the migrations: here they are only made if somebody
 * removed them, so what an operator changed stays. */
static int register_all(const pgqueue_host *host, struct module *module, pgqueue_error *error)
{
    pgqueue_work_options plan = PGQUEUE_WORK_OPTIONS_INIT;
    plan.concurrency = 1;
    plan.queue_options = "{}";
    pgqueue_work_options import = PGQUEUE_WORK_OPTIONS_INIT;
    import.concurrency = module->settings.concurrency;
    import.queue_options = "{}";
    int rc =
        host->work(host->context, "daily-sync-orchestrator", &plan, plan_daily_sync, module, error);
    if (rc == PGQUEUE_OK)
        rc = host->work(host->context, "import-checkins", &import, import_checkins, module, error);
    if (rc == PGQUEUE_OK)
        rc = host->schedule(host->context, "daily-sync", "daily-sync-orchestrator",
                            module->settings.schedule, module->settings.tz, NULL, NULL, error);
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
    {"import-checkins", import_checkins, 0},
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
