/* SPDX-License-Identifier: MIT */
/*
 * host.c: what a module gets of the daemon: settings, registration, the log. Knows no module.
 */
#include "host.h"

#include <string.h>

#include "log.h"

/* section is "sync", or a kind and a name: "provider foursquare". Durations come as seconds. */
static const char *host_setting(void *context, const char *section, const char *key)
{
    const struct host *host = context;
    const struct config_section *found = NULL;
    char kind[32];
    size_t len = strcspn(section, " ");
    const char *name = section + len + strspn(section + len, " ");
    if (len >= sizeof kind)
        return NULL;
    memcpy(kind, section, len);
    kind[len] = '\0';
    for (size_t i = 0; (found = config_section(host->config, kind, i)) != NULL; i++)
        if (strcmp(found->name, name) == 0)
            break;
    return config_value(found, kind, key);
}

static const char *host_section(void *context, const char *kind, size_t index)
{
    const struct host *host = context;
    const struct config_section *section = config_section(host->config, kind, index);
    return section != NULL ? section->name : NULL;
}

static int host_work(void *context, const char *queue, const pgqueue_work_options *options,
                     pgqueue_handler *handler, void *user, pgqueue_error *error)
{
    struct host *host = context;
    return host->work(host->context, queue, options, handler, user, error);
}

static int host_schedule(void *context, const char *key, const char *queue, const char *cron,
                         const char *tz, const char *json, const char *options,
                         pgqueue_error *error)
{
    struct host *host = context;
    return host->schedule(host->context, key, queue, cron, tz, json, options, error);
}

static void host_log(void *context, int level, const pgqueue_job *job, const char *message)
{
    (void)context;
    if (job == NULL)
        LOG(level, message);
    else
        LOG(level, message, log_number("job", pgqueue_job_id(job)),
            log_text("queue", pgqueue_job_queue(job)),
            log_number("attempt", pgqueue_job_attempt(job)));
}

void host_init(struct host *host, const struct config *config, void *context, host_work_fn *work,
               host_schedule_fn *schedule)
{
    host->config = config;
    host->context = context;
    host->work = work;
    host->schedule = schedule;
    host->public = (pgqueue_host){
        .size = sizeof host->public,
        .context = host,
        .conninfo = config->conninfo,
        .schema = config_value(config_section(config, "database", 0), "database", "schema"),
        .setting = host_setting,
        .section = host_section,
        .work = host_work,
        .schedule = host_schedule,
        .log = host_log,
    };
}
