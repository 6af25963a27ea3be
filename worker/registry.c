/* SPDX-License-Identifier: MIT */
/*
 * registry.c: which handler works which queue, and the schedules, as the configuration and the
 * modules say. Knows neither the worker's life nor the database.
 */
#include "registry.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash.h"
#include "exec.h"
#include "handler_name.h"
#include "host.h"
#include "module.h"

static const char sync_module[] = "pgqueue_sync.so";

/* A handler of one queue. */
struct binding {
    struct binding *next;
    char *queue;
    char *queue_options;
    int32_t concurrency;
    int on_loop;
    pgqueue_handler *handler;
    void *user;
    struct exec *exec; /* user, when the handler is a command */
};

struct timetable {
    struct timetable *next;
    char *key, *queue, *cron, *tz, *json, *options;
};

struct registry {
    struct registry_options options;
    struct module *modules;
    struct binding *bindings;
    struct timetable *timetable;
    struct host host;
    int mistakes;
};

static void mistake(struct registry *registry, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void mistake(struct registry *registry, int line, const char *format, ...)
{
    char message[1024], text[1024 + PATH_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    snprintf(text, sizeof text, "%s:%d: %s", registry->options.config->path, line, message);
    registry->options.report(registry->options.report_user, text);
    registry->mistakes++;
}

static int fail(pgqueue_error *error, int code, const char *what, const char *name,
                const char *wrong)
{
    if (error != NULL) {
        memset(error, 0, sizeof *error);
        error->code = code;
        snprintf(error->message, sizeof error->message, "%s%.200s%s", what, name, wrong);
    }
    return code;
}

static char *copy(const char *text, int *failed)
{
    char *result = text != NULL ? strdup(text) : NULL;
    *failed = *failed || (text != NULL && result == NULL);
    return result;
}

/* On the loop a handler is left without an event when it answers PGQUEUE_LATER. */
static int run_on_loop(pgqueue_job *job, void *user)
{
    struct binding *binding = user;
    int outcome = binding->handler(job, binding->user);
    crash_leave();
    return outcome;
}

/* The host's work(). */
static int add_binding(void *context, const char *queue, const pgqueue_work_options *options,
                       pgqueue_handler *handler, void *user, pgqueue_error *error)
{
    struct registry *registry = context;
    struct binding **last = &registry->bindings;
    pgqueue_work_options given = PGQUEUE_WORK_OPTIONS_INIT;
    if (options != NULL)
        memcpy(&given, options, options->size < sizeof given ? options->size : sizeof given);
    for (; *last != NULL; last = &(*last)->next)
        if (strcmp((*last)->queue, queue) == 0)
            return fail(error, PGQUEUE_EINVAL, "the queue ", queue, " has a handler already");
    struct binding *binding = calloc(1, sizeof *binding);
    int failed = binding == NULL;
    if (!failed) {
        binding->queue = copy(queue, &failed);
        binding->queue_options = copy(given.queue_options, &failed);
        binding->concurrency = given.concurrency;
        binding->on_loop = given.on_loop == 1;
        binding->handler = handler;
        binding->user = user;
        *last = binding;
    }
    return failed ? fail(error, PGQUEUE_ENOMEM, "out of memory", "", "") : 0;
}

/* The host's schedule(). */
static int add_schedule(void *context, const char *key, const char *queue, const char *cron,
                        const char *tz, const char *json, const char *options, pgqueue_error *error)
{
    struct registry *registry = context;
    struct timetable **last = &registry->timetable;
    for (; *last != NULL; last = &(*last)->next)
        if (strcmp((*last)->key, key) == 0)
            return fail(error, PGQUEUE_EINVAL, "the schedule ", key, " is given twice");
    struct timetable *line = calloc(1, sizeof *line);
    int failed = line == NULL;
    if (!failed) {
        line->key = copy(key, &failed);
        line->queue = copy(queue, &failed);
        line->cron = copy(cron, &failed);
        line->tz = copy(tz, &failed);
        line->json = copy(json, &failed);
        line->options = copy(options, &failed);
        *last = line;
    }
    return failed ? fail(error, PGQUEUE_ENOMEM, "out of memory", "", "") : 0;
}

/* The module of that file, opened and loaded once; NULL after the mistake was reported. */
static struct module *get_module(struct registry *registry, const char *file, int line)
{
    struct module *module;
    char why[1024];
    const char *folder = registry->options.config->folder;
    if (module_open(file, folder, &module, why, sizeof why) != 0) {
        mistake(registry, line, "%s", why);
        return NULL;
    }
    for (struct module *m = registry->modules; m != NULL; m = m->next)
        if (m->entry == module->entry) {
            module_close(module);
            return m;
        }
    if (module_load(module, &registry->host.public, why, sizeof why) != 0) {
        mistake(registry, line, "%s", why);
        module_close(module);
        return NULL;
    }
    module->next = registry->modules;
    registry->modules = module;
    return module;
}

/* The names in env = A B, C as a list that ends with NULL; in one piece: free. */
static char **split_names(const char *text)
{
    size_t len = strlen(text);
    char **names = calloc(1, (len / 2 + 2) * sizeof *names + len + 1);
    if (names == NULL)
        return NULL;
    char *at = (char *)(names + len / 2 + 2);
    memcpy(at, text, len);
    for (size_t n = 0; *(at += strspn(at, ", \t")) != '\0'; n++) {
        names[n] = at;
        at += strcspn(at, ", \t");
        if (*at != '\0')
            *at++ = '\0';
    }
    return names;
}

static struct exec *new_command(struct registry *registry, const struct config_section *queue,
                                const char *command)
{
    const char *env = config_value(queue, "queue", "env");
    char **names = split_names(env != NULL ? env : "");
    struct exec *exec = NULL;
    if (names != NULL)
        exec = exec_new(&(struct exec_options){
            .base = registry->options.base,
            .command = command,
            .variables = (const char *const *)names,
            .log = registry->options.log,
            .log_user = registry->options.log_user,
            .group = registry->options.group,
            .group_user = registry->options.group_user,
        });
    free(names);
    if (exec == NULL)
        mistake(registry, queue->line, "out of memory");
    return exec;
}

/* Finds the handler of [queue]: 0, or -1 after the mistake was reported. */
static int find_handler(struct registry *registry, const struct config_section *queue,
                        struct binding *out)
{
    const char *value = config_value(queue, "queue", "handler");
    struct handler_name name = handler_name_parse(value);
    int line = config_line(queue, "handler");
    char file[PATH_MAX], why[1024];
    if (name.kind == HANDLER_EXEC) {
        out->on_loop = 1;
        out->handler = exec_handler;
        out->exec = registry->options.base != NULL ? new_command(registry, queue, name.rest) : NULL;
        out->user = out->exec;
        return registry->options.base != NULL && out->exec == NULL ? -1 : 0;
    }
    snprintf(file, sizeof file, "%.*s", (int)name.file_len, name.rest);
    struct module *module = get_module(registry, file, line);
    if (module == NULL)
        return -1;
    const pgqueue_module_handler *handler = module_handler(module, name.function, why, sizeof why);
    if (handler == NULL) {
        mistake(registry, line, "%s", why);
        return -1;
    }
    out->on_loop = handler->on_loop;
    out->handler = handler->handler;
    out->user = module->state;
    return 0;
}

static void add_queue(struct registry *registry, const struct config_section *queue)
{
    const char *concurrency = config_value(queue, "queue", "concurrency");
    pgqueue_work_options options = PGQUEUE_WORK_OPTIONS_INIT;
    struct binding found = {0};
    pgqueue_error error;
    if (find_handler(registry, queue, &found) != 0)
        return;
    char *queue_options = config_options(queue);
    options.queue_options = queue_options;
    options.on_loop = found.on_loop;
    options.concurrency = concurrency != NULL ? (int32_t)strtol(concurrency, NULL, 10)
                                              : (int32_t)config_number(registry->options.config,
                                                                       "worker", "concurrency");
    if (queue_options == NULL ||
        add_binding(registry, queue->name, &options, found.handler, found.user, &error) != 0)
        mistake(registry, queue->line, "%s",
                queue_options == NULL ? "out of memory" : error.message);
    for (struct binding *b = registry->bindings; b != NULL; b = b->next)
        if (strcmp(b->queue, queue->name) == 0 && b->user == found.user)
            b->exec = found.exec;
    free(queue_options);
}

static void add_timetable(struct registry *registry, const struct config_section *schedule)
{
    pgqueue_error error;
    char *options = config_options(schedule);
    if (options == NULL ||
        add_schedule(registry, schedule->name, config_value(schedule, "schedule", "queue"),
                     config_value(schedule, "schedule", "cron"),
                     config_value(schedule, "schedule", "tz"),
                     config_value(schedule, "schedule", "data"), options, &error) != 0)
        mistake(registry, schedule->line, "%s", options == NULL ? "out of memory" : error.message);
    free(options);
}

int registry_new(const struct registry_options *options, struct registry **out)
{
    const struct config *config = options->config;
    const struct config_section *section;
    struct registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL)
        return -1;
    registry->options = *options;
    host_init(&registry->host, config, registry, add_binding, add_schedule);
    for (size_t i = 0; (section = config_section(config, "queue", i)) != NULL; i++)
        add_queue(registry, section);
    section = config_section(config, "sync", 0);
    if (section == NULL)
        section = config_section(config, "provider", 0);
    if (section != NULL)
        get_module(registry, sync_module, section->line);
    for (size_t i = 0; (section = config_section(config, "schedule", i)) != NULL; i++)
        add_timetable(registry, section);
    if (registry->mistakes > 0) {
        registry_free(registry);
        return -1;
    }
    *out = registry;
    return 0;
}

int registry_threads(const struct registry *registry)
{
    for (struct binding *b = registry->bindings; b != NULL; b = b->next)
        if (!b->on_loop)
            return (int)config_number(registry->options.config, "worker", "concurrency");
    return 0;
}

int registry_attach(struct registry *registry, pgqueue_worker *worker, pgqueue_error *error)
{
    int rc = 0;
    for (struct binding *b = registry->bindings; b != NULL && rc == 0; b = b->next) {
        pgqueue_work_options options = PGQUEUE_WORK_OPTIONS_INIT;
        options.concurrency = b->concurrency;
        options.on_loop = b->on_loop;
        options.queue_options = b->queue_options;
        rc = pgqueue_work(worker, b->queue, &options, b->on_loop ? run_on_loop : b->handler,
                          b->on_loop ? b : b->user, error);
    }
    for (struct timetable *t = registry->timetable; t != NULL && rc == 0; t = t->next)
        rc = pgqueue_worker_schedule(worker, t->key, t->queue, t->cron, t->tz, t->json, t->options,
                                     error);
    return rc;
}

size_t registry_commands(const struct registry *registry)
{
    size_t n = 0;
    for (struct binding *b = registry->bindings; b != NULL; b = b->next)
        n += b->exec != NULL ? exec_running(b->exec) : 0;
    return n;
}

void registry_abandon_commands(struct registry *registry, int sig)
{
    for (struct binding *b = registry->bindings; b != NULL; b = b->next)
        if (b->exec != NULL)
            exec_abandon(b->exec, sig);
}

void registry_free(struct registry *registry)
{
    if (registry == NULL)
        return;
    while (registry->bindings != NULL) {
        struct binding *b = registry->bindings;
        registry->bindings = b->next;
        exec_free(b->exec);
        free(b->queue);
        free(b->queue_options);
        free(b);
    }
    while (registry->timetable != NULL) {
        struct timetable *t = registry->timetable;
        registry->timetable = t->next;
        free(t->key);
        free(t->queue);
        free(t->cron);
        free(t->tz);
        free(t->json);
        free(t->options);
        free(t);
    }
    while (registry->modules != NULL) {
        struct module *module = registry->modules;
        registry->modules = module->next;
        module_close(module);
    }
    free(registry);
}
