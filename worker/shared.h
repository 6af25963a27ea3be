/* SPDX-License-Identifier: MIT */
/*
 * shared.h: the memory that a worker process shares with its supervisor: what it is doing, so that
 * its death can be charged to the right jobs, and what it has done, for the metrics. Outlives the
 * process; holds no pointer.
 *
 * Threads: the worker's threads write, the supervisor reads; every field by itself is atomic.
 */
#ifndef PGQUEUED_SHARED_H
#define PGQUEUED_SHARED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <pgqueue.h>

enum {
    SHARED_THREADS = 1024, /* slots of pool threads, by their number */
    SHARED_LOOP = 1024,    /* slots of jobs on the loop, found by their id */
    SHARED_SLOTS = SHARED_THREADS + SHARED_LOOP,
    SHARED_GROUPS = 1024, /* process groups of commands */
    SHARED_QUEUES = 64,   /* what goes beyond is counted together, as "(other)" */
    SHARED_NAME = 256,
    SHARED_OUTCOMES = 7
};

/* One job that a handler has. job 0: free. */
struct shared_slot {
    _Atomic int64_t job;
    _Atomic int culprit; /* the process died while this job's handler had the processor */
};

struct shared_queue {
    _Atomic int state; /* 0 free, 1 being named, 2 named */
    char name[SHARED_NAME];
    _Atomic uint64_t claimed, started, lost, duration_us;
    _Atomic uint64_t finished[SHARED_OUTCOMES]; /* by pgqueue_outcome */
};

enum shared_end {
    SHARED_ALIVE = 0, /* or dead without notice */
    SHARED_DRAINED,   /* ended as told */
    SHARED_CANNOT     /* can never work; text says why */
};

struct shared_page {
    _Atomic int64_t worker;    /* id in the database, 0: not registered */
    _Atomic uint64_t ticks;    /* of its loop */
    _Atomic int connected;     /* both connections are up */
    _Atomic int64_t polled_ms; /* monotonic: the database last answered; 0: never */
    _Atomic int hung;          /* set by the supervisor before it ends it: no thread is to blame */
    _Atomic int end;           /* enum shared_end */
    _Atomic int code;          /* of SHARED_CANNOT: a pgqueue_code */
    _Atomic unsigned text_version; /* odd while text changes */
    char text[512];                /* why it is not connected, or cannot work */
    _Atomic uint64_t settled;
    struct shared_slot slots[SHARED_SLOTS];
    _Atomic pid_t groups[SHARED_GROUPS];
    struct shared_queue queues[SHARED_QUEUES];
};

/* returns owned: free with shared_free. NULL: no memory. */
struct shared_page *shared_new(void);
void shared_free(struct shared_page *page);

int64_t shared_now_ms(void);

/* A handler gets a job (slot: its thread, negative: the loop) and is done with it. NULL: no slot is
 * free, the job cannot be named. */
struct shared_slot *shared_start(struct shared_page *page, int slot, int64_t job);
void shared_finish(struct shared_page *page, int slot, int64_t job);

/* A command's process group is there, or gone. */
void shared_group(struct shared_page *page, pid_t group, int alive);

/* The counters of a queue; never NULL. */
struct shared_queue *shared_queue(struct shared_page *page, const char *name);

/* Writers: one thread. out: at least sizeof page->text bytes. */
void shared_set_text(struct shared_page *page, const char *text);
void shared_get_text(const struct shared_page *page, char *out);

/* Adds the counters of a page to those of another, which nobody else writes. */
void shared_add(struct shared_page *sum, const struct shared_page *page);

/* Jobs that handlers had when the process died. The arrays hold SHARED_SLOTS; returns how many. */
size_t shared_jobs(const struct shared_page *page, int64_t *started, int64_t *culprits,
                   size_t *culprit_count);

#endif
