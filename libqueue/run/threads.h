/* SPDX-License-Identifier: MIT */
/* A pool of threads between a ready list and a done list. Knows neither SQL nor loop: what it does
 * with a job is a function given to it, and it rings an eventfd when jobs are done. */
#ifndef PGQI_RUN_THREADS_H
#define PGQI_RUN_THREADS_H

#include <pthread.h>

#include "db/row.h"

/* Runs a job on thread number slot. Called without a lock. */
typedef void threads_run_fn(void *user, struct pgqueue_job *job, int slot);

struct job_list {
    struct pgqueue_job *first, *last;
};

struct threads {
    pthread_mutex_t lock; /* guards ready, done, idle, stopping */
    pthread_cond_t work;
    struct job_list ready, done;
    pthread_t *thread;
    int count;
    int idle;
    int stopping;
    int wake_fd; /* eventfd, written when done goes from empty to not empty */
    int next_slot;
    threads_run_fn *run;
    void *user;
};

void pgqi_list_push(struct job_list *list, struct pgqueue_job *job);
struct pgqueue_job *pgqi_list_pop(struct job_list *list);
/* Takes the jobs out whose wait_until_us has come, and lowers *next_us to the first of the others'.
 */
struct job_list pgqi_list_take_late(struct job_list *list, uint64_t now_us, uint64_t *next_us);

/* Starts count threads (0: none) with every signal blocked. Returns 0 or PGQUEUE_ENOMEM. */
int pgqi_threads_start(struct threads *t, int count, int wake_fd, threads_run_fn *run, void *user);
/* Hands over a list of jobs; list becomes empty. */
void pgqi_threads_submit(struct threads *t, struct job_list *list);
/* Takes what is done. */
struct job_list pgqi_threads_done(struct threads *t);
/* Takes back what no thread has begun. */
struct job_list pgqi_threads_recall(struct threads *t);
/* The same for those that have waited beyond their time. next_us: when the first of the others has.
 */
struct job_list pgqi_threads_recall_late(struct threads *t, uint64_t now_us, uint64_t *next_us);
/* Ends the threads. wait 0: those that run a job are left to themselves, and t must stay. */
void pgqi_threads_stop(struct threads *t, int wait);

#endif
