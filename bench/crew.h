/* SPDX-License-Identifier: MIT */
/* Processes of a measurement and the counters that they share with whoever started them. Knows
 * nothing of what they do. */
#ifndef PGQUEUE_BENCH_CREW_H
#define PGQUEUE_BENCH_CREW_H

#include <stdatomic.h>
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

/* Forks; the child dies with this process. */
pid_t spawn(void);

struct ended {
    double cpu_s;
    double peak_mb; /* resident */
};
struct ended wait_for(pid_t pid);

/* Stopped where they are, and going on. What the server does for them comes to its end. */
void freeze(const pid_t *pids, int count);
void thaw(const pid_t *pids, int count);

/* Waits until *counter is at least value; ends the program after limit_s. */
void wait_count(_Atomic long *counter, long value, double limit_s);

#endif
