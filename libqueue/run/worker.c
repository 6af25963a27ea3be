/* SPDX-License-Identifier: MIT */
/* The managed worker: making, running, ending it. What it does is in the other files of run/. */
#include "run/worker.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "core/client.h"
#include "core/options.h"

void pgqi_worker_event(struct pgqueue_worker *w, const pgqueue_event *event)
{
    if (w->options.event != NULL)
        w->options.event(w->options.event_user, event);
}

void pgqi_worker_fatal(struct pgqueue_worker *w, const pgqueue_error *error)
{
    if (w->rc == PGQUEUE_OK) {
        w->rc = error->code;
        w->error = *error;
    }
    atomic_store(&w->stop, 2);
}

void pgqi_worker_wake(struct pgqueue_worker *w)
{
    int before = errno;
    eventfd_write(w->event_fd, 1);
    errno = before;
}

static int check_options(pgqueue_worker_options *o, pgqueue_error *error)
{
    if (o->threads == PGQUEUE_UNSET)
        o->threads = 10;
    if (o->drain_timeout_s == PGQUEUE_UNSET)
        o->drain_timeout_s = 30;
    if (o->threads < 0 || o->threads > 1024)
        return pgqi_error_set(error, PGQUEUE_EINVAL, "threads must be from 0 to 1024, it is %d",
                              (int)o->threads);
    if (o->drain_timeout_s < 0 || o->max_jobs < 0)
        return pgqi_error_set(error, PGQUEUE_EINVAL,
                              "drain_timeout_s and max_jobs must not be negative");
    return o->schema != NULL ? pgqi_schema_check(o->schema, error) : PGQUEUE_OK;
}

/* The caller's crash report is borrowed only during the call. */
static int copy_crash(struct pgqueue_worker *w, const pgqueue_crash *crash)
{
    if (crash == NULL)
        return 1;
    size_t count = crash->started_count + crash->culprit_count;
    w->crash_ids = calloc(count + 1, sizeof *w->crash_ids);
    w->crash_reason = strdup(crash->reason ? crash->reason : "unknown reason");
    if (w->crash_ids == NULL || w->crash_reason == NULL)
        return 0;
    for (size_t i = 0; i < crash->started_count; i++)
        w->crash_ids[i] = crash->started[i];
    for (size_t i = 0; i < crash->culprit_count; i++)
        w->crash_ids[crash->started_count + i] = crash->culprits[i];
    w->crash_started = crash->started_count;
    w->crash_culprits = crash->culprit_count;
    w->crash_worker = crash->worker;
    return 1;
}

static char *default_name(void)
{
    char host[256] = "unknown";
    char name[300];
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "%s:%ld", host, (long)getpid());
    return strdup(name);
}

static int fill(struct pgqueue_worker *w, const char *conninfo, pgqueue_error *error)
{
    const pgqueue_worker_options *o = &w->options;
    w->schema = strdup(o->schema ? o->schema : "pgqueue");
    w->name = o->name ? strdup(o->name) : default_name();
    w->settling = calloc(SETTLE_MOST, sizeof(struct pgqueue_job *));
    if (w->schema == NULL || w->name == NULL || w->settling == NULL || !copy_crash(w, o->crash) ||
        pgqi_stmt_texts_init(&w->texts, w->schema) != PGQUEUE_OK)
        return pgqi_no_memory(error);
    int rc = pgqi_conninfo_parse(conninfo, "pgqueue worker", PGQUEUE_UNSET, &w->info, error);
    if (rc != PGQUEUE_OK)
        return rc;
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = w->event_fd};
    if (w->epoll_fd < 0 || w->event_fd < 0 ||
        epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->event_fd, &event) != 0)
        return pgqi_error_set(error, PGQUEUE_ENOMEM, "no descriptors left: %s", strerror(errno));
    return PGQUEUE_OK;
}

int pgqueue_worker_new(const char *conninfo, const pgqueue_worker_options *options,
                       pgqueue_worker **out, pgqueue_error *error)
{
    pgqueue_worker_options o = PGQUEUE_WORKER_OPTIONS_INIT;
    int rc = pgqi_options_copy(&o, sizeof o, options, "pgqueue_worker_options", error);
    if (rc == PGQUEUE_OK)
        rc = check_options(&o, error);
    if (rc != PGQUEUE_OK)
        return rc;
    struct pgqueue_worker *w = calloc(1, sizeof *w);
    if (w == NULL)
        return pgqi_no_memory(error);
    w->options = o;
    w->log = (struct log){o.log, o.log_user};
    w->wait_look_us = UINT64_MAX;
    w->epoll_fd = w->event_fd = w->claim_watch.fd = w->settle_watch.fd = -1;
    pgqi_params_init(&w->claim_params, PGQI_PARAMS_LIMIT);
    pgqi_params_init(&w->settle_params, PGQI_PARAMS_LIMIT);
    pgqi_buf_init(&w->claim_times, 1024 * 1024);
    rc = fill(w, conninfo, error);
    w->options.crash = NULL;
    w->options.schema = w->schema;
    w->options.name = w->name;
    if (rc == PGQUEUE_OK)
        *out = w;
    else
        pgqueue_worker_free(w);
    return rc;
}

static void free_queue(struct work_queue *q)
{
    free(q->name);
    free(q->options);
    free(q->positions);
    free(q);
}

/* The place of the first queue whose name is not before this one. */
static size_t place_of(const struct pgqueue_worker *w, const char *name)
{
    size_t low = 0, high = w->queue_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(w->by_name[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct work_queue *pgqi_queue_named(const struct pgqueue_worker *w, const char *name)
{
    size_t place = place_of(w, name);
    return place < w->queue_count && strcmp(w->by_name[place]->name, name) == 0 ? w->by_name[place]
                                                                                : NULL;
}

static int room_for_queue(struct pgqueue_worker *w)
{
    size_t size = (w->queue_count + 1) * sizeof(struct work_queue *);
    struct work_queue **grown = realloc(w->queues, size);
    if (grown == NULL)
        return 0;
    w->queues = grown;
    grown = realloc(w->by_name, size);
    if (grown == NULL)
        return 0;
    w->by_name = grown;
    return 1;
}

static void add_queue(struct pgqueue_worker *w, struct work_queue *q)
{
    size_t place = place_of(w, q->name);
    memmove(w->by_name + place + 1, w->by_name + place,
            (w->queue_count - place) * sizeof(struct work_queue *));
    w->by_name[place] = q;
    w->queues[w->queue_count++] = q;
}

/* The first queue with this handler and user, else q. */
static struct work_queue *first_of_handler(const struct pgqueue_worker *w, pgqueue_handler *handler,
                                           const void *user, struct work_queue *q)
{
    for (size_t i = 0; i < w->queue_count; i++)
        if (w->queues[i]->handler == handler && w->queues[i]->user == user)
            return w->queues[i];
    return q;
}

int pgqueue_work(pgqueue_worker *worker, const char *queue, const pgqueue_work_options *options,
                 pgqueue_handler *handler, void *user, pgqueue_error *error)
{
    pgqueue_work_options o = PGQUEUE_WORK_OPTIONS_INIT;
    int rc = pgqi_options_copy(&o, sizeof o, options, "pgqueue_work_options", error);
    if (rc != PGQUEUE_OK)
        return rc;
    int most = worker->options.threads;
    int concurrency = o.concurrency == PGQUEUE_UNSET ? (most ? most : 10) : o.concurrency;
    if (worker->state != WORKER_NEW)
        return pgqi_error_set(error, PGQUEUE_ESTATE, "the worker runs already");
    if (queue == NULL || handler == NULL || concurrency < 1 || concurrency > 10000)
        return pgqi_error_set(error, PGQUEUE_EINVAL,
                              "a queue needs a name, a handler and a concurrency of 1 to 10000");
    if (o.on_loop != 1 && most == 0)
        return pgqi_error_set(error, PGQUEUE_EINVAL,
                              "queue \"%s\": a worker without threads runs on-loop handlers only",
                              queue);
    if (pgqi_queue_named(worker, queue) != NULL)
        return pgqi_error_set(error, PGQUEUE_EINVAL, "queue \"%s\" has a handler already", queue);
    if (!room_for_queue(worker))
        return pgqi_no_memory(error);
    struct work_queue *q = calloc(1, sizeof *q);
    if (q == NULL)
        return pgqi_no_memory(error);
    q->name = strdup(queue);
    q->options = o.queue_options ? strdup(o.queue_options) : NULL;
    if (q->name == NULL || (o.queue_options && q->options == NULL)) {
        free_queue(q);
        return pgqi_no_memory(error);
    }
    q->worker = worker;
    q->kin = first_of_handler(worker, handler, user, q);
    q->handler = handler;
    q->user = user;
    q->on_loop = o.on_loop == 1;
    q->concurrency = concurrency;
    add_queue(worker, q);
    return PGQUEUE_OK;
}

static void free_schedule(struct declared_schedule *s)
{
    for (int f = 0; f < 6; f++)
        free(s->field[f]);
}

int pgqueue_worker_schedule(pgqueue_worker *worker, const char *key, const char *name,
                            const char *cron, const char *tz, const char *json, const char *options,
                            pgqueue_error *error)
{
    const char *fields[6] = {key, name, cron, tz ? tz : "UTC", json, options ? options : "{}"};
    if (worker->state != WORKER_NEW)
        return pgqi_error_set(error, PGQUEUE_ESTATE, "the worker runs already");
    if (key == NULL || name == NULL || cron == NULL)
        return pgqi_error_set(error, PGQUEUE_EINVAL, "a schedule needs a key, a queue and a cron");
    struct declared_schedule *grown =
        realloc(worker->schedules, (worker->schedule_count + 1) * sizeof *grown);
    if (grown == NULL)
        return pgqi_no_memory(error);
    worker->schedules = grown;
    struct declared_schedule *s = &grown[worker->schedule_count++];
    memset(s, 0, sizeof *s);
    int ok = 1;
    for (int i = 0; i < 6; i++) {
        s->field[i] = fields[i] ? strdup(fields[i]) : NULL;
        ok = ok && (fields[i] == NULL || s->field[i] != NULL);
    }
    if (ok)
        return PGQUEUE_OK;
    free_schedule(s);
    worker->schedule_count--;
    return pgqi_no_memory(error);
}

/* Lets the descriptor speak for the connections as they are now. */
static void watch(struct pgqueue_worker *w)
{
    const struct conn *claim = &w->claim, *settle = &w->settle;
    int deaf = pgqi_watch(w->epoll_fd, &w->claim_watch, claim->fd, claim->socket, claim->events);
    deaf |= pgqi_watch(w->epoll_fd, &w->settle_watch, settle->fd, settle->socket, settle->events);
    if (deaf && !w->deaf)
        pgqi_log(&w->log, PGQUEUE_WARNING, "no descriptors left: %s", strerror(errno));
    w->deaf = deaf != 0;
}

static void close_connections(struct pgqueue_worker *w)
{
    pgqi_conn_close(&w->claim);
    pgqi_conn_close(&w->settle);
    watch(w);
}

void pgqueue_worker_free(pgqueue_worker *worker)
{
    if (worker == NULL)
        return;
    struct pgqueue_worker *w = worker;
    close_connections(w);
    if (w->abandoned > 0 && pgqi_still_running(w) > 0) {
        pgqi_threads_stop(&w->pool, 0);
        return; /* threads still use it */
    }
    pgqi_threads_stop(&w->pool, 1);
    while (w->held != NULL)
        pgqi_job_done_with(w, w->held);
    for (size_t i = 0; i < w->queue_count; i++)
        free_queue(w->queues[i]);
    for (size_t i = 0; i < w->schedule_count; i++)
        free_schedule(&w->schedules[i]);
    if (w->epoll_fd >= 0)
        close(w->epoll_fd);
    if (w->event_fd >= 0)
        close(w->event_fd);
    pgqi_params_free(&w->claim_params);
    pgqi_params_free(&w->settle_params);
    pgqi_buf_free(&w->claim_times);
    pgqi_conninfo_free(&w->info);
    pgqi_stmt_texts_free(&w->texts);
    free(w->queues);
    free(w->by_name);
    free(w->schedules);
    free(w->settling);
    free(w->crash_ids);
    free(w->crash_reason);
    free(w->schema);
    free(w->name);
    free(w);
}

static int start(struct pgqueue_worker *w, pgqueue_error *error)
{
    if (w->queue_count == 0)
        return pgqi_error_set(error, PGQUEUE_ESTATE, "the worker has no queue: call pgqueue_work");
    if (pgqi_dispatch_start(w) != PGQUEUE_OK)
        return pgqi_error_set(error, PGQUEUE_ENOMEM, "the %d handler threads could not be started",
                              (int)w->options.threads);
    pgqi_session_init(w);
    w->state = WORKER_RUNNING;
    return PGQUEUE_OK;
}

/* Reads what is ready, then lets each part do what it can until none has anything left to do now.
 */
static void step(struct pgqueue_worker *w)
{
    struct epoll_event ready[4];
    eventfd_t bell;
    uint64_t now = pgqi_now_us();
    int count = epoll_wait(w->epoll_fd, ready, 4, 0);
    /* Whose descriptor is not watched is asked itself; but only what has come is processed, since
     * that is taken for a sign of life. */
    int claim = now >= pgqi_conn_wake_us(&w->claim) || (w->deaf && pgqi_conn_ready(&w->claim));
    int settle = now >= pgqi_conn_wake_us(&w->settle) || (w->deaf && pgqi_conn_ready(&w->settle));
    for (int i = 0; i < count; i++) {
        claim = claim || ready[i].data.fd == w->claim_watch.fd;
        settle = settle || ready[i].data.fd == w->settle_watch.fd;
        if (ready[i].data.fd == w->event_fd)
            eventfd_read(w->event_fd, &bell);
    }
    if (claim)
        pgqi_conn_process(&w->claim, now);
    if (settle)
        pgqi_conn_process(&w->settle, now);
    pgqi_collect(w);
    now = pgqi_now_us();
    pgqi_return_waiting(w, now);
    pgqi_stop_step(w, now);
    pgqi_settle_step(w, now);
    if (w->state == WORKER_RUNNING || w->state == WORKER_DRAINING) {
        pgqi_setup_step(w);
        pgqi_claim_step(w, now);
    }
    watch(w);
}

int pgqueue_worker_process(pgqueue_worker *worker, pgqueue_error *error)
{
    if (worker->state == WORKER_NEW) {
        int rc = start(worker, error);
        if (rc != PGQUEUE_OK)
            return rc;
    }
    step(worker);
    if (worker->state != WORKER_STOPPED)
        return 1;
    close_connections(worker);
    if (worker->rc != PGQUEUE_OK) {
        if (error != NULL)
            *error = worker->error;
        return worker->rc;
    }
    return 0;
}

int pgqueue_worker_fd(pgqueue_worker *worker)
{
    return worker->epoll_fd;
}

/* Without a descriptor to watch a connection is looked at so often. */
#define DEAF_MS 100u

int pgqueue_worker_timeout_ms(pgqueue_worker *worker)
{
    uint64_t now = pgqi_now_us();
    uint64_t wakes[] = {pgqi_conn_wake_us(&worker->claim), pgqi_conn_wake_us(&worker->settle),
                        pgqi_claim_wake_us(worker),        pgqi_settle_wake_us(worker),
                        pgqi_stop_wake_us(worker),         worker->wait_look_us};
    uint64_t wake = UINT64_MAX;
    if (worker->state == WORKER_NEW)
        return 0;
    for (size_t i = 0; i < sizeof wakes / sizeof wakes[0]; i++)
        wake = wakes[i] < wake ? wakes[i] : wake;
    if (worker->deaf && wake > now + DEAF_MS * 1000)
        wake = now + DEAF_MS * 1000;
    if (wake == UINT64_MAX)
        return -1;
    uint64_t ms = wake > now ? (wake - now + 999) / 1000 : 0;
    return ms > 3600000 ? 3600000 : (int)ms;
}

int pgqueue_worker_run(pgqueue_worker *worker, pgqueue_error *error)
{
    int rc;
    while ((rc = pgqueue_worker_process(worker, error)) == 1) {
        struct pollfd fd = {.fd = worker->epoll_fd, .events = POLLIN};
        poll(&fd, 1, pgqueue_worker_timeout_ms(worker)); /* EINTR: the step looks anyway */
    }
    return rc;
}

static int ask_to_stop(struct pgqueue_worker *w, int how)
{
    if (atomic_load(&w->stop) < how)
        atomic_store(&w->stop, how);
    pgqi_worker_wake(w);
    return PGQUEUE_OK;
}

int pgqueue_worker_stop(pgqueue_worker *worker)
{
    return ask_to_stop(worker, 1);
}

int pgqueue_worker_stop_now(pgqueue_worker *worker)
{
    return ask_to_stop(worker, 2);
}

int pgqueue_worker_pause(pgqueue_worker *worker)
{
    atomic_store(&worker->paused, 1);
    pgqi_worker_wake(worker);
    return PGQUEUE_OK;
}

int pgqueue_worker_resume(pgqueue_worker *worker)
{
    atomic_store(&worker->paused, 0);
    pgqi_worker_wake(worker);
    return PGQUEUE_OK;
}
