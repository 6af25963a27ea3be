/* SPDX-License-Identifier: MIT */
/* Workers for the C tests: made or the test ends, their events counted, their loop turned until a
 * count is reached, a gate that holds their handlers. Knows the public header only.
 *
 * What goes wrong that the test is not about ends the program by bail(), as in testdb.h.
 */
#ifndef PGQUEUE_TESTS_TESTWORKER_H
#define PGQUEUE_TESTS_TESTWORKER_H

#include <pgqueue.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the events of one worker said; zero to begin with. Written by the worker's threads. */
struct testworker_seen {
    atomic_llong worker; /* its number, of the last connection */
    atomic_int connected, disconnected;
    atomic_int claims, claimed; /* claims that found something, their jobs */
    atomic_int started, finished;
    atomic_int settles, settled; /* answers to settles; jobs, none in one that repeats another */
    atomic_int lost, polls;
    char why[256]; /* of the last disconnection; of the loop's thread */
};

/* Options with the suite's schema, whose events are counted in seen (NULL: nowhere). */
pgqueue_worker_options testworker_options(struct testworker_seen *seen);

/* As in the library. */
pgqueue_worker *testworker_new(const char *dsn, const pgqueue_worker_options *options);
void testworker_work(pgqueue_worker *w, const char *queue, const pgqueue_work_options *options,
                     pgqueue_handler *handler, void *user);

/* One turn of the loop of a worker that must go on: processes, then waits for the next event, a
 * second at most. */
void testworker_turn(pgqueue_worker *w);

/* Goes on until *value is at least so much, a minute at most; how many ms that took. */
int testworker_until(pgqueue_worker *w, const atomic_int *value, int least, const char *what);

/* Stops the worker, runs it to its end and frees it; what run() answered. */
int testworker_end(pgqueue_worker *w);

/* Holds handlers until it is opened; sees whether their jobs are cancelled. */
struct testworker_gate {
    pthread_mutex_t lock;
    pthread_cond_t change;
    int open; /* under the lock */
    atomic_int inside, done, cancelled;
};
#define TESTWORKER_GATE_INIT                                                                       \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0                            \
    }

/* A handler for threads, whose user is a gate. Its job is done when the gate is open or the job is
 * cancelled. */
int testworker_gated(pgqueue_job *job, void *gate);

/* Opens the gate, or shuts it. */
void testworker_open(struct testworker_gate *gate, int open);

#endif
