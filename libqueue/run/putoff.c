/* SPDX-License-Identifier: MIT */
/* Outcomes that the database refuses for now, by an end hook whose other side is down for instance:
 * they wait beside their queue, so that all others pass by. Knows no statement and no connection.
 *
 * When one that is sent alone is refused, it waits, and all others of its queue with it: the next
 * to be sent is one of these. Does it go through, then so may they; the refused one is sent again
 * at its pauses. Does a refused one go through, then all others are sent as well. To go through is
 * to have called the end hook: what only goes back to the queue tells nothing. */
#include "run/worker.h"

/* Between two tries of a queue, doubled at each refusal. */
#define PAUSE_FIRST_US 100000u
#define PAUSE_MOST_US  2000000u
/* A refusal may take long, a timeout for instance: others have the connection for so many times as
 * long, but not for ever. */
#define OTHERS_SHARE   8
#define LONG_PAUSE_US  60000000u
/* Between a refusal and the next try of any queue at least, and its length times two: there may be
 * a thousand such queues. */
#define GAP_US         20000u

static struct work_queue *queue_of(const struct pgqueue_job *job)
{
    return job->owner;
}

static void look_next(struct pgqueue_worker *w, uint64_t least_us)
{
    w->put_off_gap_us = least_us;
    w->put_off_us = UINT64_MAX;
    for (size_t i = 0; w->put_off > 0 && i < w->queue_count; i++)
        if (w->queues[i]->put_off > 0 && w->queues[i]->try_us < w->put_off_us)
            w->put_off_us = w->queues[i]->try_us;
    if (w->put_off_us < least_us)
        w->put_off_us = least_us;
}

static void count(struct pgqueue_worker *w, const struct pgqueue_job *job, int more)
{
    queue_of(job)->put_off += more;
    w->put_off += more;
    w->put_off_bytes += more > 0 ? job->output_len : -job->output_len;
}

static uint64_t next_pause(struct work_queue *q, uint64_t took_us)
{
    uint64_t pause = q->try_pause_us == 0 ? PAUSE_FIRST_US : 2 * q->try_pause_us;
    q->try_pause_us = pause < PAUSE_MOST_US ? pause : PAUSE_MOST_US;
    pause = took_us * OTHERS_SHARE < LONG_PAUSE_US ? took_us * OTHERS_SHARE : LONG_PAUSE_US;
    return pause > q->try_pause_us ? pause : q->try_pause_us;
}

void pgqi_put_off(struct pgqueue_worker *w, struct pgqueue_job *job, const char *why,
                  uint64_t took_us, uint64_t now_us)
{
    struct work_queue *q = queue_of(job);
    if (q->put_off == 0 && !job->refused)
        pgqi_log(&w->log, PGQUEUE_WARNING, "outcomes of queue \"%s\" wait, refused for now: %s",
                 q->name, why);
    if (!job->refused && !q->held_up) {
        q->held_up = w->state < WORKER_LEAVING; /* at the end each gets its try */
        q->try_pause_us = 0;
    }
    job->refused = 1;
    pgqi_list_push(&q->refused_outcomes, job);
    count(w, job, 1);
    q->try_us = now_us + next_pause(q, took_us);
    look_next(w, now_us + (2 * took_us > GAP_US ? 2 * took_us : GAP_US));
}

/* What goes back to the queue calls no hook, and what did not run has its time to run going by. At
 * the end each gets its try. */
int pgqi_put_behind(struct pgqueue_worker *w, struct pgqueue_job *job)
{
    struct work_queue *q = queue_of(job);
    if (!q->held_up || w->state >= WORKER_LEAVING || job->outcome == OUTCOME_RELEASE ||
        job->outcome == PGQUEUE_SNOOZE)
        return 0;
    uint64_t due_us = q->try_us > w->put_off_gap_us ? q->try_us : w->put_off_gap_us;
    pgqi_list_push(&q->outcomes_behind, job);
    count(w, job, 1);
    if (w->put_off_us > due_us)
        w->put_off_us = due_us;
    return 1;
}

struct pgqueue_job *pgqi_put_off_due(struct pgqueue_worker *w, uint64_t now_us)
{
    struct work_queue *q = NULL;
    if (w->put_off == 0 || now_us < w->put_off_us || w->state >= WORKER_LEAVING)
        return NULL;
    for (size_t i = 0; i < w->queue_count; i++)
        if (w->queues[i]->put_off > 0 && (q == NULL || w->queues[i]->try_us < q->try_us))
            q = w->queues[i];
    if (q == NULL || q->try_us > now_us) {
        look_next(w, now_us);
        return NULL;
    }
    struct pgqueue_job *job = pgqi_list_pop(
        q->outcomes_behind.first != NULL ? &q->outcomes_behind : &q->refused_outcomes);
    count(w, job, -1);
    return job;
}

static void back(struct pgqueue_worker *w, struct job_list *list)
{
    struct pgqueue_job *job;
    while ((job = pgqi_list_pop(list)) != NULL) {
        job->refused = 0;
        pgqi_list_push(&w->outcomes, job);
        w->outcome_count++;
        count(w, job, -1);
    }
}

void pgqi_put_off_over(struct pgqueue_worker *w, const struct pgqueue_job *job, uint64_t now_us)
{
    struct work_queue *q = queue_of(job);
    q->held_up = 0;
    q->try_pause_us = 0;
    q->try_us = now_us;
    back(w, &q->outcomes_behind);
    if (job->refused)
        back(w, &q->refused_outcomes);
    look_next(w, now_us);
}

void pgqi_put_off_next(struct pgqueue_worker *w, const struct pgqueue_job *job, uint64_t now_us)
{
    struct work_queue *q = queue_of(job);
    q->held_up = q->held_up && q->put_off > 0;
    q->try_us = now_us;
    look_next(w, now_us);
}

void pgqi_put_off_end(struct pgqueue_worker *w)
{
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        q->held_up = 0;
        back(w, &q->outcomes_behind);
        back(w, &q->refused_outcomes);
    }
}
