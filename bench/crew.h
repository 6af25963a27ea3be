/* SPDX-License-Identifier: MIT */
/* Processes of a measurement: a worker, a producer, and the counters that they share with whoever
 * started them. */
#ifndef PGQUEUE_BENCH_CREW_H
#define PGQUEUE_BENCH_CREW_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#define QUEUE "bench"

/* The payload of every job, and room for it. */
#define PAYLOAD                                                                                    \
    "{\"i\": %ld, \"to\": \"user%ld@example.org\", \"template\": \"welcome\", \"lang\": \"en\","   \
    " \"note\": \"xxxxxxxxxxxxxxxxxxxxxxxx\"}"
#define PAYLOAD_ROOM 192

/* In memory that forked processes share. */
struct shared {
    _Atomic long sent;        /* jobs enqueued */
    _Atomic long started;     /* handlers begun */
    _Atomic long settled;     /* jobs whose end is committed */
    _Atomic double first_s;   /* when the worker's connections were up */
    _Atomic double settled_s; /* when the last end was committed */
    _Atomic int stop;
    double sent_s[1 << 16];    /* latency: when job i was sent, */
    double started_s[1 << 16]; /* and when its handler began */
};
struct shared *shared_new(void);

enum worker_kind {
    WORKER_NOOP,   /* returns at once */
    WORKER_STAMP,  /* notes the time, by the payload's i */
    WORKER_FOREVER /* on the loop, never ends */
};

/* A worker process of the library with its defaults, killed if this program dies.
 *   once   ends when no job is due; else at stop_worker() */
pid_t start_worker(const char *dsn, const char *queue, enum worker_kind kind, int concurrency,
                   int once, struct shared *shared);

/* The daemon with one worker process that handles QUEUE by a command; program: path of pgqueued. */
pid_t start_daemon(const char *program, const char *dsn);

struct ended {
    double cpu_s;
    double peak_mb; /* resident */
};
struct ended wait_for(pid_t pid);
struct ended stop_worker(pid_t pid);

/* A process that enqueues by thousands and keeps between 10,000 and 20,000 jobs unsettled until
 * shared->stop. */
pid_t start_producer(const char *dsn, struct shared *shared);

/* Waits until *counter is at least value; ends the program after limit_s. */
void wait_count(_Atomic long *counter, long value, double limit_s);

struct pgqueue;
struct pgqueue *queue_open(const char *dsn);
/* Enqueues count jobs, 1,000 in a call, numbered from first on. */
void send_bulk(struct pgqueue *queue, long first, long count);

#endif
