/* SPDX-License-Identifier: MIT */
/*
 * pgqueue_libevent.h: runs a pgqueue_worker on the caller's event_base: one read event and one
 * timer that is set anew after each call. Keeps no state of the worker's.
 *
 *     static void stopped(struct event_base *base, int result, const pgqueue_error *error,
 *                         void *user) { event_base_loopbreak(base); }
 *
 *     struct pgqueue_libevent *run = pgqueue_libevent_new(base, worker, stopped, NULL);
 *     event_base_dispatch(base);
 *     pgqueue_libevent_free(run);
 *
 * Threads: that of the base. Link with libevent_core.
 */
#ifndef PGQUEUE_LIBEVENT_H
#define PGQUEUE_LIBEVENT_H

#include <stdlib.h>

#include <event2/event.h>

#include <pgqueue.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Called once, from the base, when the worker has ended. result: 0 after a drain, or negative as
 * pgqueue_worker_process gives it, then error says more (borrows: until return). The
 * pgqueue_libevent may be freed in it. */
typedef void pgqueue_libevent_fn(struct event_base *base, int result, const pgqueue_error *error,
                                 void *user);

struct pgqueue_libevent {
    struct event_base *base;
    pgqueue_worker *worker;
    struct event *readable;
    struct event *timer;
    pgqueue_libevent_fn *stopped;
    void *user;
};

static inline void pgqueue_libevent_call(evutil_socket_t fd, short what, void *arg)
{
    struct pgqueue_libevent *run = (struct pgqueue_libevent *)arg;
    pgqueue_error error;
    (void)fd;
    (void)what;
    int result = pgqueue_worker_process(run->worker, &error);
    int ms = result > 0 ? pgqueue_worker_timeout_ms(run->worker) : -1;
    struct timeval after = {ms / 1000, ms % 1000 * 1000};
    if (result <= 0) {
        event_del(run->readable);
        event_del(run->timer);
        run->stopped(run->base, result, &error, run->user);
    } else if (ms < 0) {
        event_del(run->timer);
    } else {
        event_add(run->timer, &after);
    }
}

static inline void pgqueue_libevent_free(struct pgqueue_libevent *run)
{
    if (run == NULL)
        return;
    if (run->readable != NULL)
        event_free(run->readable);
    if (run->timer != NULL)
        event_free(run->timer);
    free(run);
}

/* worker, base: borrow, until pgqueue_libevent_free, which comes before pgqueue_worker_free.
 * returns owned: free with pgqueue_libevent_free. NULL: no memory. */
static inline struct pgqueue_libevent *pgqueue_libevent_new(struct event_base *base,
                                                            pgqueue_worker *worker,
                                                            pgqueue_libevent_fn *stopped,
                                                            void *user)
{
    struct timeval now = {0, 0};
    struct pgqueue_libevent *run = (struct pgqueue_libevent *)calloc(1, sizeof *run);
    if (run == NULL)
        return NULL;
    run->base = base;
    run->worker = worker;
    run->stopped = stopped;
    run->user = user;
    run->readable = event_new(base, pgqueue_worker_fd(worker), EV_READ | EV_PERSIST,
                              pgqueue_libevent_call, run);
    run->timer = event_new(base, -1, 0, pgqueue_libevent_call, run);
    if (run->readable == NULL || run->timer == NULL || event_add(run->readable, NULL) != 0 ||
        event_add(run->timer, &now) != 0) {
        pgqueue_libevent_free(run);
        return NULL;
    }
    return run;
}

#ifdef __cplusplus
}
#endif

#endif
