/* SPDX-License-Identifier: MIT */
/* Workers for the C tests; see testworker.h. Knows the public header only. */
#include "testworker.h"

#include "tap.h"
#include "testdb.h"

#include <poll.h>
#include <time.h>

static void on_event(void *user, const pgqueue_event *e)
{
    struct testworker_seen *s = user;
    if (s == NULL)
        return;
    switch (e->kind) {
    case PGQUEUE_EVENT_CONNECTED:
        s->worker = e->worker;
        s->connected++;
        break;
    case PGQUEUE_EVENT_DISCONNECTED:
        snprintf(s->why, sizeof s->why, "%s", e->message);
        s->disconnected++;
        break;
    case PGQUEUE_EVENT_CLAIMED:
        s->claims++;
        s->claimed += (int)e->count;
        break;
    case PGQUEUE_EVENT_STARTED:
        s->started++;
        break;
    case PGQUEUE_EVENT_FINISHED:
        s->finished++;
        break;
    case PGQUEUE_EVENT_SETTLED:
        s->settles++;
        s->settled += (int)e->count;
        break;
    case PGQUEUE_EVENT_LOST:
        s->lost++;
        break;
    case PGQUEUE_EVENT_POLLED:
        s->polls++;
        break;
    default:
        break;
    }
}

pgqueue_worker_options testworker_options(struct testworker_seen *seen)
{
    pgqueue_worker_options o = PGQUEUE_WORKER_OPTIONS_INIT;
    o.schema = testdb_schema();
    o.event = on_event;
    o.event_user = seen;
    return o;
}

pgqueue_worker *testworker_new(const char *dsn, const pgqueue_worker_options *options)
{
    pgqueue_error error;
    pgqueue_worker *w;
    if (pgqueue_worker_new(dsn, options, &w, &error) != PGQUEUE_OK)
        bail("no worker: %s", error.message);
    return w;
}

void testworker_work(pgqueue_worker *w, const char *queue, const pgqueue_work_options *options,
                     pgqueue_handler *handler, void *user)
{
    pgqueue_error error;
    if (pgqueue_work(w, queue, options, handler, user, &error) != PGQUEUE_OK)
        bail("no work on %s: %s", queue, error.message);
}

static void process(pgqueue_worker *w, const char *what)
{
    pgqueue_error error = {0};
    if (pgqueue_worker_process(w, &error) != 1)
        bail("the worker ended while it waited for %s: %s", what, error.message);
}

static void rest(pgqueue_worker *w)
{
    int wait = pgqueue_worker_timeout_ms(w);
    struct pollfd fd = {.fd = pgqueue_worker_fd(w), .events = POLLIN};
    poll(&fd, 1, wait < 0 || wait > 1000 ? 1000 : wait);
}

void testworker_turn(pgqueue_worker *w)
{
    process(w, "its next event");
    rest(w);
}

int testworker_until(pgqueue_worker *w, const atomic_int *value, int least, const char *what)
{
    long long began = testdb_ms();
    while (atomic_load(value) < least) {
        if (testdb_ms() - began > 60000)
            bail("waited in vain for %s: %d of %d", what, atomic_load(value), least);
        process(w, what);
        if (atomic_load(value) < least)
            rest(w);
    }
    return (int)(testdb_ms() - began);
}

int testworker_end(pgqueue_worker *w)
{
    pgqueue_worker_stop(w);
    int rc = pgqueue_worker_run(w, NULL);
    pgqueue_worker_free(w);
    return rc;
}

int testworker_gated(pgqueue_job *job, void *gate)
{
    struct testworker_gate *g = gate;
    struct timespec soon;
    pthread_mutex_lock(&g->lock);
    g->inside++;
    while (!g->open && !pgqueue_job_cancelled(job)) {
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 20000000;
        soon.tv_sec += soon.tv_nsec / 1000000000;
        soon.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&g->change, &g->lock, &soon);
    }
    if (pgqueue_job_cancelled(job))
        g->cancelled++;
    g->inside--;
    g->done++;
    pthread_mutex_unlock(&g->lock);
    return PGQUEUE_DONE;
}

void testworker_open(struct testworker_gate *gate, int open)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = open;
    pthread_cond_broadcast(&gate->change);
    pthread_mutex_unlock(&gate->lock);
}
