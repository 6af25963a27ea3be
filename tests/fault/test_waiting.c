/* SPDX-License-Identifier: MIT */
/* Jobs that were claimed ahead of free threads and find none: they go back in time, uncharged. Sees
 * the worker's inside, because how many it claims ahead follows from how long its jobs took. */
#include "base/clock.h"
#include "run/worker.h"
#include "tap.h"
#include "testdb.h"

#include <poll.h>
#include <pthread.h>

enum { JOBS = 50, THREADS = 2, EXPIRE_S = 18 };

static const char *dsn;
static PGconn *watch;
static struct {
    atomic_int connected, claimed, started, settled, lost;
} seen;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static int is_open;

static void on_event(void *user, const pgqueue_event *e)
{
    (void)user;
    seen.connected += e->kind == PGQUEUE_EVENT_CONNECTED;
    seen.started += e->kind == PGQUEUE_EVENT_STARTED;
    seen.lost += e->kind == PGQUEUE_EVENT_LOST;
    if (e->kind == PGQUEUE_EVENT_CLAIMED)
        seen.claimed += (int)e->count;
    if (e->kind == PGQUEUE_EVENT_SETTLED)
        seen.settled += (int)e->count;
}

static int gated(pgqueue_job *job, void *user)
{
    (void)job;
    (void)user;
    pthread_mutex_lock(&lock);
    while (!is_open)
        pthread_cond_wait(&change, &lock);
    pthread_mutex_unlock(&lock);
    return PGQUEUE_DONE;
}

static void open_gate(int open)
{
    pthread_mutex_lock(&lock);
    is_open = open;
    pthread_cond_broadcast(&change);
    pthread_mutex_unlock(&lock);
}

static void until(pgqueue_worker *w, atomic_int *value, int least, const char *what)
{
    pgqueue_error error;
    long long end = testdb_ms() + 60000;
    while (atomic_load(value) < least) {
        if (testdb_ms() > end || pgqueue_worker_process(w, &error) != 1)
            bail("waited in vain for %s: %d of %d", what, atomic_load(value), least);
        int wait = pgqueue_worker_timeout_ms(w);
        struct pollfd fd = {.fd = pgqueue_worker_fd(w), .events = POLLIN};
        if (atomic_load(value) < least)
            poll(&fd, 1, wait < 0 || wait > 1000 ? 1000 : wait);
    }
}

int main(void)
{
    pgqueue_worker_options o = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    pgqueue_error error;
    pgqueue_worker *w;
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    o.schema = testdb_schema();
    o.threads = THREADS;
    o.event = on_event;
    wo.queue_options = "{}";
    if (pgqueue_worker_new(dsn, &o, &w, &error) != PGQUEUE_OK ||
        pgqueue_work(w, "waiting", &wo, gated, NULL, &error) != PGQUEUE_OK)
        bail("%s", error.message);
    until(w, &seen.connected, 1, "the connections");

    testdb_sql(watch,
               "select /*schema*/send('waiting', to_jsonb(g), '{\"expire_in\": %d}') from "
               "generate_series(1, %d) g",
               EXPIRE_S, JOBS);
    while (seen.claimed == 0) { /* as if the handlers were fast until now */
        w->queues[0]->job_us = 10;
        w->queues[0]->ended_us = pgqi_now_us();
        w->poll_us = 0;
        if (pgqueue_worker_process(w, &error) != 1)
            bail("the worker has ended");
        struct pollfd fd = {.fd = pgqueue_worker_fd(w), .events = POLLIN};
        poll(&fd, 1, 10);
    }
    uint64_t claimed_us = w->queues[0]->claim_us;
    is_int(seen.claimed, JOBS, "jobs are claimed for more threads than there are");
    until(w, &seen.started, THREADS, "the threads");
    until(w, &seen.settled, JOBS - THREADS, "what goes back");
    uint64_t took_ms = (pgqi_now_us() - claimed_us) / 1000;
    ok(took_ms >= EXPIRE_S * 1000 / 4, "those that wait go back, a quarter of their time over (%d)",
       (int)took_ms);
    is_int(seen.started, THREADS, "none of them has started");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state = 'created' and "
                             "attempt = 0 and attempts is null"),
           JOBS - THREADS, "their attempt is given back");
    is_int(seen.claimed, JOBS, "they are not claimed again while no thread is free");
    is_int((int)w->held_count, THREADS, "the worker holds what runs");

    open_gate(1);
    until(w, &seen.settled, JOBS - THREADS + JOBS, "the rest");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state = 'completed' and "
                             "attempt = 1"),
           JOBS, "all are done in the end, none was charged");
    is_int(seen.lost, 0, "nothing was lost");

    testdb_sql(watch, "select /*schema*/send('waiting')");
    until(w, &seen.settled, JOBS - THREADS + JOBS + 1, "one more");
    ok(w->wait_look_us == UINT64_MAX || w->wait_look_us < w->queues[0]->claim_us + 5000001,
       "however long an attempt may take, its job waits 5 s at most");
    ok(w->queues[0]->job_bytes < CLAIM_BYTES / CLAIM_MOST,
       "a claim of one small job lets the next one be of a thousand (%zu)",
       w->queues[0]->job_bytes);
    pgqueue_worker_stop(w);
    is_int(pgqueue_worker_run(w, &error), PGQUEUE_OK, "the worker ends");
    pgqueue_worker_free(w);
    return done();
}
