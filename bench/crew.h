/* SPDX-License-Identifier: MIT */
/* Processes of a measurement: workers, producers, and the counters that they share with whoever
 * started them. */
#ifndef PGQUEUE_BENCH_CREW_H
#define PGQUEUE_BENCH_CREW_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* Jobs whose latency can be noted: those numbered below. */
#define STAMPS (1 << 16)

/* In memory that forked processes share. */
struct shared {
    _Atomic long sent;        /* jobs enqueued */
    _Atomic long started;     /* handlers begun, of those kinds that count them */
    _Atomic long settled;     /* jobs whose end is committed */
    _Atomic double first_s;   /* when the first worker's connections were up */
    _Atomic double settled_s; /* when the last end was committed */
    _Atomic int stop;
    double sent_s[STAMPS];    /* when job i was sent, */
    double started_s[STAMPS]; /* and when its handler began */
};
struct shared *shared_new(void);
void shared_free(struct shared *shared);

enum worker_kind {
    WORKER_NOOP,   /* returns at once */
    WORKER_STAMP,  /* notes the time of jobs below STAMPS, by the payload's i */
    WORKER_FOREVER /* on the loop, never ends */
};

/* What a worker process does; zeroed: the defaults of the library on QUEUE, until stop_worker(). */
struct duty {
    const char *queue;
    int queues; /* > 0: so many queues, named by queue_name() */
    enum worker_kind kind;
    int concurrency;
    int once;      /* ends when no job is due */
    long max_jobs; /* ends after so many */
};
pid_t start_worker(const char *dsn, const struct duty *duty, struct shared *shared);

/* The daemon with one worker process that handles QUEUE by a command; program: path of pgqueued. */
pid_t start_daemon(const char *program, const char *dsn);

struct ended {
    double cpu_s;
    double peak_mb; /* resident */
};
struct ended wait_for(pid_t pid);
struct ended stop_worker(pid_t pid);

/* Processes that enqueue until shared->stop.
 *   producer  by thousands, keeps between 10,000 and 20,000 jobs unsettled
 *   paced     by hundreds, per_s jobs a second at even distances
 *   sender    one by one as fast as it goes */
pid_t start_producer(const char *dsn, struct shared *shared);
pid_t start_paced(const char *dsn, double per_s, struct shared *shared);
pid_t start_sender(const char *dsn, struct shared *shared);

/* Stopped where they are, and going on. What the server does for them comes to its end. */
void freeze(const pid_t *pids, int count);
void thaw(const pid_t *pids, int count);

/* Waits until *counter is at least value; ends the program after limit_s. */
void wait_count(_Atomic long *counter, long value, double limit_s);

#endif
