/* SPDX-License-Identifier: MIT */
/* Jobs on their way to a handler and back: what is held, where it is, who runs it. */
#include <string.h>

#include "base/clock.h"
#include "run/worker.h"

/* The rate of a queue is measured over windows of this length. */
#define RATE_WINDOW_US 50000

/* A job's weight in the mean time that its queue's jobs take. */
#define MEAN_WEIGHT (1.0 / 16)

/* An attempt's time counts from its claim. Of it a job waits here so much at most, to start or to
 * go back: nobody is charged for a job that has not started, and other workers may be idle. */
#define WAIT_SHARE    0.25
#define WAIT_MOST_S   5.0
/* But so long from the answer to the claim, however late that was: else none would ever start. */
#define WAIT_LEAST_US 200000u

static struct work_queue *queue_of(const struct pgqueue_job *job)
{
    return job->owner;
}

void pgqi_hold(struct pgqueue_worker *w, struct work_queue *q, struct pgqueue_job *job,
               uint64_t now_us)
{
    job->owner = q;
    atomic_store(&job->place, JOB_BACKLOG);
    job->prev_held = NULL;
    job->next_held = w->held;
    if (w->held != NULL)
        w->held->prev_held = job;
    w->held = job;
    w->held_count++;
    pgqi_list_push(&q->backlog, job);
    q->backlog_count++;
    double wait_s = job->expire_in_s * WAIT_SHARE;
    uint64_t least = now_us + WAIT_LEAST_US;
    job->wait_until_us =
        q->claim_us + (uint64_t)((wait_s < WAIT_MOST_S ? wait_s : WAIT_MOST_S) * 1e6);
    if (job->wait_until_us < least)
        job->wait_until_us = least;
    if (job->wait_until_us < w->wait_look_us)
        w->wait_look_us = job->wait_until_us;
}

void pgqi_job_done_with(struct pgqueue_worker *w, struct pgqueue_job *job)
{
    if (job->prev_held != NULL)
        job->prev_held->next_held = job->next_held;
    else
        w->held = job->next_held;
    if (job->next_held != NULL)
        job->next_held->prev_held = job->prev_held;
    w->held_count--;
    w->output_bytes -= job->output_len;
    pgqi_job_release(job);
}

static void tell(struct pgqueue_worker *w, int kind, const struct pgqueue_job *job, int slot)
{
    pgqueue_event event = {.size = sizeof event,
                           .kind = kind,
                           .slot = slot,
                           .worker = w->id,
                           .job = job->id,
                           .attempt = job->attempt,
                           .queue = job->batch->queue};
    if (kind == PGQUEUE_EVENT_FINISHED) {
        event.outcome = job->outcome;
        event.duration_us = job->ended_us - job->started_us;
        event.detail = job->output;
    }
    pgqi_worker_event(w, &event);
}

static void begin(struct pgqueue_worker *w, struct pgqueue_job *job, int slot)
{
    job->started_us = pgqi_now_us();
    atomic_store(&job->place, JOB_RUNNING);
    tell(w, PGQUEUE_EVENT_STARTED, job, slot);
}

static void end(struct pgqueue_worker *w, struct pgqueue_job *job, int outcome, int slot)
{
    int known = outcome >= PGQUEUE_DONE && outcome <= PGQUEUE_SETTLED;
    if (!known)
        pgqueue_job_set_message(job, "the handler returned an unknown outcome");
    job->outcome = known ? outcome : PGQUEUE_RETRY;
    job->ended_us = pgqi_now_us();
    atomic_store(&job->place, JOB_ENDED);
    tell(w, PGQUEUE_EVENT_FINISHED, job, slot);
}

/* On a pool thread. */
static void run_on_thread(void *user, struct pgqueue_job *job, int slot)
{
    struct pgqueue_worker *w = user;
    struct work_queue *q = queue_of(job);
    begin(w, job, slot);
    end(w, job, q->handler(job, q->user), slot);
}

int pgqi_dispatch_start(struct pgqueue_worker *w)
{
    return pgqi_threads_start(&w->pool, w->options.threads, w->event_fd, run_on_thread, w);
}

static void count_ended(struct work_queue *q, const struct pgqueue_job *job, uint64_t now_us)
{
    double took = (double)(job->ended_us - job->started_us);
    struct work_queue *kin = q->kin;
    q->job_us = q->ended_us == 0 ? took : q->job_us + (took - q->job_us) * MEAN_WEIGHT;
    kin->kin_us = kin->kin_us <= 0 ? took : kin->kin_us + (took - kin->kin_us) * MEAN_WEIGHT;
    if (kin->kin_us < 1)
        kin->kin_us = 1;
    q->ended_us = now_us;
    q->handed--;
    q->rate_count++;
    if (now_us - q->rate_us < RATE_WINDOW_US)
        return;
    q->rate = q->rate_count * 1e6 / (double)(now_us - q->rate_us);
    q->rate_us = now_us;
    q->rate_count = 0;
}

static void hand_over(struct work_queue *q)
{
    if (q->handed++ == 0)
        q->busy_us = pgqi_now_us();
}

static void run_on_loop(struct pgqueue_worker *w, struct work_queue *q, struct pgqueue_job *job)
{
    hand_over(q);
    begin(w, job, -1);
    int outcome = q->handler(job, q->user);
    if (outcome != PGQUEUE_LATER)
        pgqueue_job_finish(job, outcome);
}

void pgqueue_job_finish(pgqueue_job *job, int outcome)
{
    struct work_queue *q = queue_of(job);
    struct pgqueue_worker *w = q->worker;
    end(w, job, outcome, -1);
    count_ended(q, job, job->ended_us);
    pgqi_outcome_push(w, job);
    pgqi_worker_wake(w);
}

void pgqi_dispatch(struct pgqueue_worker *w, struct work_queue *q)
{
    struct job_list ready = {NULL, NULL};
    /* The pool itself bounds a queue that may use all of it. */
    int limit = !q->on_loop && q->concurrency >= w->pool.count ? CLAIM_MOST * 2 : q->concurrency;
    while (w->state == WORKER_RUNNING && q->backlog_count > 0 && q->handed < limit) {
        struct pgqueue_job *job = pgqi_list_pop(&q->backlog);
        q->backlog_count--;
        if (q->on_loop) {
            run_on_loop(w, q, job);
            continue;
        }
        hand_over(q);
        atomic_store(&job->place, JOB_IN_POOL);
        pgqi_list_push(&ready, job);
    }
    pgqi_threads_submit(&w->pool, &ready);
}

void pgqi_collect(struct pgqueue_worker *w)
{
    struct job_list done = pgqi_threads_done(&w->pool);
    struct pgqueue_job *job;
    uint64_t now = pgqi_now_us();
    while ((job = pgqi_list_pop(&done)) != NULL) {
        count_ended(queue_of(job), job, now);
        pgqi_outcome_push(w, job);
    }
    for (size_t i = 0; i < w->queue_count; i++)
        if (w->queues[i]->backlog_count > 0)
            pgqi_dispatch(w, w->queues[i]);
}

static void give_back(struct pgqueue_worker *w, struct pgqueue_job *job)
{
    w->claimed_total--;
    job->outcome = OUTCOME_RELEASE;
    atomic_store(&job->place, JOB_ENDED);
    pgqi_outcome_push(w, job);
}

void pgqi_return_waiting(struct pgqueue_worker *w, uint64_t now_us)
{
    struct pgqueue_job *job;
    if (now_us < w->wait_look_us)
        return;
    w->wait_look_us = UINT64_MAX;
    struct job_list late = pgqi_threads_recall_late(&w->pool, now_us, &w->wait_look_us);
    while ((job = pgqi_list_pop(&late)) != NULL) {
        queue_of(job)->handed--;
        give_back(w, job);
    }
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        late = pgqi_list_take_late(&q->backlog, now_us, &w->wait_look_us);
        while ((job = pgqi_list_pop(&late)) != NULL) {
            q->backlog_count--;
            give_back(w, job);
        }
    }
}

void pgqi_recall_unstarted(struct pgqueue_worker *w)
{
    struct job_list pooled = pgqi_threads_recall(&w->pool);
    struct pgqueue_job *job;
    while ((job = pgqi_list_pop(&pooled)) != NULL) {
        queue_of(job)->handed--;
        give_back(w, job);
    }
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        while ((job = pgqi_list_pop(&q->backlog)) != NULL) {
            q->backlog_count--;
            give_back(w, job);
        }
    }
}

/* The lease is compared because two attempts at one job may be held: one that has lost its lease
 * and still runs, and the next one, which must not be told to stop. */
void pgqi_mark_cancelled(struct pgqueue_worker *w, int64_t id, int64_t lease)
{
    for (struct pgqueue_job *job = w->held; job != NULL; job = job->next_held)
        if (job->id == id && job->batch->lease == lease)
            atomic_store(&job->cancelled, 1);
}
