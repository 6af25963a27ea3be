/* SPDX-License-Identifier: MIT */
/* A pool of threads between a ready list and a done list. */
#include "run/threads.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

void pgqi_list_push(struct job_list *list, struct pgqueue_job *job)
{
    job->next = NULL;
    if (list->last != NULL)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

struct pgqueue_job *pgqi_list_pop(struct job_list *list)
{
    struct pgqueue_job *job = list->first;
    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->last = NULL;
    job->next = NULL;
    return job;
}

struct job_list pgqi_list_take_late(struct job_list *list, uint64_t now_us, uint64_t *next_us)
{
    struct job_list late = {NULL, NULL}, rest = {NULL, NULL};
    struct pgqueue_job *job;
    while ((job = pgqi_list_pop(list)) != NULL) {
        int is_late = job->wait_until_us <= now_us;
        pgqi_list_push(is_late ? &late : &rest, job);
        if (!is_late && job->wait_until_us < *next_us)
            *next_us = job->wait_until_us;
    }
    *list = rest;
    return late;
}

static struct job_list take(struct job_list *list)
{
    struct job_list all = *list;
    memset(list, 0, sizeof *list);
    return all;
}

static void *thread_main(void *arg)
{
    struct threads *t = arg;
    pthread_mutex_lock(&t->lock);
    int slot = t->next_slot++;
    while (!t->stopping) {
        struct pgqueue_job *job = pgqi_list_pop(&t->ready);
        if (job == NULL) {
            t->idle++;
            pthread_cond_wait(&t->work, &t->lock);
            t->idle--;
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        t->run(t->user, job, slot);
        pthread_mutex_lock(&t->lock);
        int ring = t->done.first == NULL;
        pgqi_list_push(&t->done, job);
        if (ring)
            eventfd_write(t->wake_fd, 1);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

int pgqi_threads_start(struct threads *t, int count, int wake_fd, threads_run_fn *run, void *user)
{
    sigset_t all, before;
    memset(t, 0, sizeof *t);
    t->wake_fd = wake_fd;
    t->run = run;
    t->user = user;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    t->thread = calloc((size_t)count + 1, sizeof *t->thread);
    if (t->thread == NULL)
        return PGQUEUE_ENOMEM;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV); /* a crash is the thread's own */
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (t->count < count) {
        if (pthread_create(&t->thread[t->count], NULL, thread_main, t) != 0)
            break;
        t->count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (t->count == count)
        return PGQUEUE_OK;
    pgqi_threads_stop(t, 1);
    return PGQUEUE_ENOMEM;
}

void pgqi_threads_submit(struct threads *t, struct job_list *list)
{
    int count = 0;
    for (struct pgqueue_job *job = list->first; job != NULL; job = job->next)
        count++;
    if (count == 0)
        return;
    pthread_mutex_lock(&t->lock);
    if (t->ready.last != NULL)
        t->ready.last->next = list->first;
    else
        t->ready.first = list->first;
    t->ready.last = list->last;
    int wake = count < t->idle ? count : t->idle;
    pthread_mutex_unlock(&t->lock);
    for (int i = 0; i < wake; i++)
        pthread_cond_signal(&t->work);
    memset(list, 0, sizeof *list);
}

struct job_list pgqi_threads_done(struct threads *t)
{
    pthread_mutex_lock(&t->lock);
    struct job_list list = take(&t->done);
    pthread_mutex_unlock(&t->lock);
    return list;
}

struct job_list pgqi_threads_recall(struct threads *t)
{
    pthread_mutex_lock(&t->lock);
    struct job_list list = take(&t->ready);
    pthread_mutex_unlock(&t->lock);
    return list;
}

struct job_list pgqi_threads_recall_late(struct threads *t, uint64_t now_us, uint64_t *next_us)
{
    struct job_list late;
    pthread_mutex_lock(&t->lock);
    late = pgqi_list_take_late(&t->ready, now_us, next_us);
    pthread_mutex_unlock(&t->lock);
    return late;
}

void pgqi_threads_stop(struct threads *t, int wait)
{
    if (t->thread == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = 1;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    for (int i = 0; i < t->count; i++) {
        if (wait)
            pthread_join(t->thread[i], NULL);
        else
            pthread_detach(t->thread[i]);
    }
    if (!wait)
        return;
    free(t->thread);
    t->thread = NULL;
    t->count = 0;
    pthread_cond_destroy(&t->work);
    pthread_mutex_destroy(&t->lock);
}
