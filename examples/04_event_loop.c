/* SPDX-License-Identifier: MIT */
/*
 * 04_event_loop.c: a worker on the program's own libevent loop, without a thread. The handler only
 * starts something (here a timer of 50 ms) and ends the job when that is done.
 *
 *     cc 04_event_loop.c $(pkg-config --cflags --libs libpgqueue libevent_core) && ./a.out
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <pgqueue.h>
#include <pgqueue_libevent.h>

static void done(evutil_socket_t fd, short what, void *arg)
{
    pgqueue_job *job = arg;
    (void)fd;
    (void)what;
    printf("job %" PRId64 " is done\n", pgqueue_job_id(job));
    pgqueue_job_finish(job, PGQUEUE_DONE); /* takes the job: not to be used any more */
}

/* Runs on the loop and must not block. */
static int tick(pgqueue_job *job, void *user)
{
    struct event_base *base = user;
    struct timeval after = {0, 50000};
    if (event_base_once(base, -1, EV_TIMEOUT, done, job, &after) != 0)
        return PGQUEUE_RETRY;
    return PGQUEUE_LATER; /* pgqueue_job_finish will be called */
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
    (void)sig;
    (void)what;
    pgqueue_worker_stop(arg);
}

static void stopped(struct event_base *base, int result, const pgqueue_error *error, void *user)
{
    int *code = user;
    *code = result;
    if (result != PGQUEUE_OK)
        fprintf(stderr, "worker: %s\n", error->message);
    event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    pgqueue_worker_options options = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_work_options work = PGQUEUE_WORK_OPTIONS_INIT;
    pgqueue_worker *worker;
    pgqueue_error error;
    int code = 0;

    options.threads = 0;
    options.once = argc > 1 && strcmp(argv[1], "--once") == 0;
    work.on_loop = 1;
    work.concurrency = 100;    /* jobs under way at once */
    work.queue_options = "{}"; /* create the queue if it is not there */
    if (base == NULL ||
        pgqueue_worker_new(getenv("PGQUEUE_DSN"), &options, &worker, &error) != PGQUEUE_OK ||
        pgqueue_work(worker, "tick", &work, tick, base, &error) != PGQUEUE_OK) {
        fprintf(stderr, "worker: %s\n", base != NULL ? error.message : "no memory");
        return 1;
    }
    struct pgqueue_libevent *run = pgqueue_libevent_new(base, worker, stopped, &code);
    struct event *term = evsignal_new(base, SIGTERM, on_signal, worker);
    if (run == NULL || term == NULL || event_add(term, NULL) != 0)
        return 1;
    event_base_dispatch(base);

    event_free(term);
    pgqueue_libevent_free(run);
    pgqueue_worker_free(worker);
    event_base_free(base);
    return code == PGQUEUE_OK ? 0 : 1;
}
