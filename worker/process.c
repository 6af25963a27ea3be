/* SPDX-License-Identifier: MIT */
/*
 * process.c: the life of one worker process, from the fork to its end. Knows the supervisor only as
 * a socket and a page.
 */
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <event2/event.h>
#include <pgqueue_libevent.h>

#include "crash.h"
#include "log.h"
#include "observer.h"
#include "registry.h"

enum {
    TICK_MS = 1000,
    LAST_WORD_MS = 400,   /* between TERM and KILL of commands that outlived the drain */
    ORPHAN_GRACE_S = 5,   /* beyond the drain, when no supervisor is there to end a hang */
    EXIT_CANNOT_WORK = 1, /* only for eyes: the page tells the supervisor */
    SIGNALS = 4
};

struct process {
    const struct process_options *options;
    struct event_base *base;
    struct event *tick, *control;
    struct event *signals[SIGNALS];
    struct registry *registry;
    pgqueue_worker *worker;
    struct pgqueue_libevent *run;
    struct observer observer;
    int terms; /* TERM came so often */
    int result;
    pgqueue_error error;
};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct process *process = arg;
    (void)fd;
    (void)what;
    atomic_fetch_add(&process->options->page->ticks, 1);
}

/* Sent by somebody to this process itself; the supervisor writes on the socket instead. */
static void on_signal(evutil_socket_t sig, short what, void *arg)
{
    struct process *process = arg;
    (void)what;
    if (sig == SIGTERM && ++process->terms == 1)
        pgqueue_worker_stop(process->worker);
    else if (sig == SIGTERM || sig == SIGQUIT)
        pgqueue_worker_stop_now(process->worker);
    else if (sig == SIGUSR1)
        pgqueue_worker_pause(process->worker);
    else
        pgqueue_worker_resume(process->worker);
}

static void lost_supervisor(struct process *process)
{
    double drain = config_number(process->options->config, "worker", "drain_timeout");
    LOG(PGQUEUE_WARNING, "the supervisor is gone: draining");
    event_del(process->control);
    alarm((unsigned)drain + ORPHAN_GRACE_S); /* its default action ends the process */
    pgqueue_worker_stop(process->worker);
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
    struct process *process = arg;
    char orders[16];
    (void)what;
    ssize_t n = read(fd, orders, sizeof orders);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        lost_supervisor(process);
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (orders[i] == PROCESS_DRAIN)
            pgqueue_worker_stop(process->worker);
        else if (orders[i] == PROCESS_NOW)
            pgqueue_worker_stop_now(process->worker);
        else if (orders[i] == PROCESS_PAUSE)
            pgqueue_worker_pause(process->worker);
        else if (orders[i] == PROCESS_RESUME)
            pgqueue_worker_resume(process->worker);
    }
}

static void on_stopped(struct event_base *base, int result, const pgqueue_error *error, void *user)
{
    struct process *process = user;
    process->result = result;
    process->error = *error;
    event_base_loopbreak(base);
}

static void on_mistake(void *user, const char *text)
{
    struct process *process = user;
    process->result = PGQUEUE_EINVAL;
    snprintf(process->error.message, sizeof process->error.message, "%s", text);
    LOG(PGQUEUE_ERROR, text);
}

static void on_group(void *user, pid_t group, int alive)
{
    struct process *process = user;
    shared_group(process->options->page, group, alive);
}

/* TERM and the like go through the loop, INT and HUP of a terminal are the supervisor's. */
static int catch_signals(struct process *process)
{
    static const int caught[SIGNALS] = {SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2};
    sigset_t none;
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < SIGNALS; i++) {
        process->signals[i] = evsignal_new(process->base, caught[i], on_signal, process);
        if (process->signals[i] == NULL || event_add(process->signals[i], NULL) != 0)
            return -1;
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL); /* the supervisor had them blocked */
    return 0;
}

static int make_worker(struct process *process)
{
    const struct process_options *options = process->options;
    const struct config *config = options->config;
    pgqueue_worker_options worker = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_crash crash = {0};
    worker.schema = config_value(config_section(config, "database", 0), "database", "schema");
    worker.name = config_value(config_section(config, "worker", 0), "worker", "name");
    worker.threads = registry_threads(process->registry);
    worker.drain_timeout_s = (int32_t)config_number(config, "worker", "drain_timeout");
    worker.log = observer_log;
    worker.log_user = &process->observer;
    worker.event = observer_event;
    worker.event_user = &process->observer;
    if (options->crash != NULL) {
        crash = (pgqueue_crash){options->crash->worker,        options->crash->started,
                                options->crash->started_count, options->crash->culprits,
                                options->crash->culprit_count, options->crash->reason};
        worker.crash = &crash;
    }
    int rc = pgqueue_worker_new(config->conninfo, &worker, &process->worker, &process->error);
    if (rc == 0)
        rc = registry_attach(process->registry, process->worker, &process->error);
    if (rc == 0 && options->paused)
        rc = pgqueue_worker_pause(process->worker);
    return rc;
}

static int set_up(struct process *process)
{
    const struct timeval tick = {TICK_MS / 1000, 0};
    const struct process_options *options = process->options;
    process->base = event_base_new();
    if (process->base == NULL)
        return PGQUEUE_ENOMEM;
    if (registry_new(&(struct registry_options){.config = options->config,
                                                .base = process->base,
                                                .report = on_mistake,
                                                .report_user = process,
                                                .log = observer_log,
                                                .log_user = &process->observer,
                                                .group = on_group,
                                                .group_user = process},
                     &process->registry) != 0)
        return process->result != 0 ? process->result : PGQUEUE_ENOMEM;
    crash_install(options->page);
    int rc = make_worker(process);
    if (rc != 0)
        return rc;
    process->tick = event_new(process->base, -1, EV_PERSIST, on_tick, process);
    process->control =
        event_new(process->base, options->control, EV_READ | EV_PERSIST, on_control, process);
    process->run = pgqueue_libevent_new(process->base, process->worker, on_stopped, process);
    if (process->tick == NULL || process->control == NULL || process->run == NULL ||
        event_add(process->tick, &tick) != 0 || event_add(process->control, NULL) != 0 ||
        catch_signals(process) != 0)
        return PGQUEUE_ENOMEM;
    return 0;
}

/* Commands whose jobs were given back: asked to end, then made to. */
static void end_commands(struct process *process)
{
    int64_t until = shared_now_ms() + LAST_WORD_MS;
    const struct timeval step = {0, 20000};
    event_del(process->tick);
    registry_abandon_commands(process->registry, SIGTERM);
    while (registry_commands(process->registry) > 0 && shared_now_ms() < until) {
        event_base_loopexit(process->base, &step);
        event_base_dispatch(process->base);
    }
    registry_abandon_commands(process->registry, SIGKILL);
}

static void tear_down(struct process *process)
{
    pgqueue_libevent_free(process->run);
    pgqueue_worker_free(process->worker);
    registry_free(process->registry);
    for (int i = 0; i < SIGNALS; i++)
        if (process->signals[i] != NULL)
            event_free(process->signals[i]);
    if (process->tick != NULL)
        event_free(process->tick);
    if (process->control != NULL)
        event_free(process->control);
    if (process->base != NULL)
        event_base_free(process->base);
}

int process_run(const struct process_options *options)
{
    struct process process = {.options = options};
    struct shared_page *page = options->page;
    observer_init(&process.observer, page, options->control);
    prctl(PR_SET_NAME, "pgqueued-work");
    int rc = set_up(&process);
    if (rc == 0) {
        process.result = 1;
        event_base_dispatch(process.base);
        rc = process.result;
    }
    if (rc == 0) {
        tear_down(&process);
        atomic_store(&page->end, SHARED_DRAINED);
        return 0;
    }
    if (rc == PGQUEUE_ESTATE) {
        LOG(PGQUEUE_WARNING, "handlers still ran at the drain timeout: their jobs were given back");
        end_commands(&process);
        atomic_store(&page->end, SHARED_DRAINED);
        _exit(0); /* handler threads still use everything */
    }
    LOG(PGQUEUE_ERROR, "this worker can never work", log_text("why", process.error.message),
        log_text("code", pgqueue_code_name(rc)));
    shared_set_text(page, process.error.message);
    atomic_store(&page->code, rc);
    atomic_store(&page->end, SHARED_CANNOT);
    _exit(EXIT_CANNOT_WORK);
}
