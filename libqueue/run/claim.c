/* SPDX-License-Identifier: MIT */
/* Claims: which queue has jobs to claim, the claim of them, and what its answer tells. */
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "db/call.h"
#include "run/demand.h"
#include "run/place.h"
#include "run/worker.h"

/* Who holds leases beats at least so often, and soon after it begins to: others' leases are to be
 * looked at then, too. */
#define BEAT_US  10000000u
#define BEGIN_US 1000000u

/* How often claims ask that another worker looks out for this one's death. Who is asked looks after
 * PGQI_LOOK_OUT_US, which is longer by the time that a claim may take. */
#define WATCH_US 700000u

/* A rate that was measured longer ago than this is not the rate of what runs now. */
#define RATE_OLD_US 500000u

/* While jobs flow, more than FLOW a second and the last less than FLOW_IDLE_US ago, an idle queue
 * is claimed from again after FLOW_LOOK_US instead of being announced as asleep: a bell that rings
 * for each send makes the senders' commits wait for one another, and each change of it leaves a
 * dead row that sends walk over while a snapshot is open. */
#define FLOW         200
#define FLOW_IDLE_US 20000u
#define FLOW_LOOK_US 2000u

/* A claim got none of the jobs that a poll saw: another has them, or its transaction keeps them
 * locked. What polls see of the queue counts for nothing for so long, twice as long each time. */
#define MISSED_US      50000u
#define MISSED_MOST_US 500000u

/* What a result takes in memory before its first job. */
#define RESULT_BYTES 4096

int pgqi_claim_wanted(const struct pgqueue_worker *w)
{
    return w->state == WORKER_RUNNING && !atomic_load(&w->paused);
}

void pgqi_claim_wake_queue(struct pgqueue_worker *w, const char *queue)
{
    struct work_queue *q = pgqi_queue_named(w, queue);
    if (q == NULL)
        return;
    q->maybe = q->look_far = 1;
    if (q->asleep && !q->awaken) {
        q->awaken = 1;
        q->woken_us = pgqi_now_us();
    }
    q->asleep = 0;
}

uint64_t pgqi_claim_seen(struct pgqueue_worker *w, const char *queue, uint64_t now_us)
{
    struct work_queue *q = pgqi_queue_named(w, queue);
    if (q == NULL)
        return UINT64_MAX;
    if (now_us < q->seen_us)
        return q->seen_us;
    q->seen = 1;
    pgqi_claim_wake_queue(w, queue);
    return UINT64_MAX;
}

void pgqi_claim_reset(struct pgqueue_worker *w)
{
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        q->position_count = 0;
        q->maybe = 0; /* the first poll tells which */
        q->need_rescan = 1;
        q->asleep = 0;
        q->again_us = q->seen_us = 0;
        q->seen = q->missed = 0;
        q->rescan_us = q->barred_us = 0;
    }
    w->poll_us = w->watch_us = 0;
    w->look = 0;
}

int pgqi_claim_awake(const struct pgqueue_worker *w)
{
    for (size_t i = 0; i < w->queue_count; i++)
        if (w->queues[i]->maybe)
            return 1;
    return 0;
}

int pgqi_claim_idle(const struct pgqueue_worker *w)
{
    for (size_t i = 0; i < w->queue_count; i++)
        if (w->queues[i]->maybe || w->queues[i]->need_rescan)
            return 0;
    return w->claiming == NULL;
}

/* Jobs per second that ended lately; what was measured long ago says nothing of what runs now. */
static double rate_of(const struct work_queue *q, uint64_t now_us)
{
    return now_us - q->rate_us > RATE_OLD_US ? 0 : q->rate;
}

static void claim_failed(struct pgqueue_worker *w, struct work_queue *q, const pgqueue_error *error,
                         uint64_t now)
{
    if (error != NULL && error->code == PGQUEUE_ENOTFOUND) {
        q->maybe = q->need_rescan = 0; /* deleted meanwhile; it may come back */
    } else { /* not at once again: it would fail as often as the server can say so */
        uint64_t pause = error != NULL && error->retryable ? 50000 : 1000000;
        q->maybe = q->need_rescan = 1;
        q->rescan_us = now + pause;
        /* A poll would only say again that there are jobs. But it comes first then, and each second
         * for the other queues' sake: a worker whose claims fail beats and looks all the same. */
        if (w->poll_us < now + pause)
            w->poll_us = now + pause;
        if (w->poll_us > now + 1000000)
            w->poll_us = now + 1000000;
        q->barred_us = now + pause + 1000;
        pgqi_refused(w, q, error);
    }
    pgqi_log(&w->log, PGQUEUE_WARNING, "claim from queue \"%s\" failed: %s", q->name,
             error ? error->message : "out of memory");
}

/* Whether what polls see of a queue is worth a claim: what this claim found of it tells. */
static void note_missed(struct work_queue *q, size_t count, uint64_t now)
{
    if (count > 0) {
        q->missed = 0;
    } else if (q->seen) {
        uint64_t pause = (uint64_t)MISSED_US << q->missed;
        q->missed += pause < MISSED_MOST_US;
        pause = pause < MISSED_MOST_US ? pause : MISSED_MOST_US;
        q->seen_us = (now / pause + 1) * pause; /* together with other queues: one poll for all */
    }
    q->seen = 0;
}

static void claim_done(void *user, struct pg_result *result, const pgqueue_error *error)
{
    struct work_queue *q = user;
    struct pgqueue_worker *w = q->worker;
    uint64_t now = pgqi_now_us();
    w->claiming = NULL;
    q->again_us = 0;
    struct pgqueue_jobs *batch = result ? pgqi_jobs_of_result(result, q->name) : NULL;
    if (batch == NULL) {
        if (q->awaken) {
            q->awaken = 1;
            q->woken_us = now;
        }
        claim_failed(w, q, error, now);
        if (result != NULL)
            pgqi_register_again(w); /* jobs that did not fit into memory go back, uncharged */
        return;
    }
    size_t count = batch->count;
    q->refused = 0;
    if (q->awaken == 2) /* not one that came meanwhile */
        q->awaken = 0;
    /* One of many bytes may have been cut off by the server. It counts another way, so: an eighth.
     */
    q->maybe = count == (size_t)q->asked || (count > 0 && batch->bytes >= PGQUEUE_CLAIM_BYTES / 8);
    q->need_rescan = !q->maybe && !q->from_start;
    pgqi_place_claimed(q, batch, q->maybe, now);
    note_missed(q, count, now);
    if (count > 0)
        q->found_us = now;
    int flows = now < q->found_us + FLOW_IDLE_US && rate_of(q, now) > FLOW;
    q->again_us = flows && !q->maybe && pgqi_claim_wanted(w) ? now + FLOW_LOOK_US : 0;
    if (q->again_us == 0)
        pgqi_poll_after_claim(w, now);
    if (count == 0) {
        pgqi_jobs_free(batch);
        return;
    }
    w->held_bytes += batch->bytes;
    size_t mean = batch->bytes > RESULT_BYTES ? (batch->bytes - RESULT_BYTES) / count : 0;
    q->job_bytes = q->job_bytes == 0 ? mean : (q->job_bytes + mean) / 2;
    w->claimed_total += (int64_t)count;
    w->look = 0;
    if (w->watch_asked)
        w->watch_us = q->claim_us + WATCH_US;
    uint64_t beat_us = now + (w->held_count == 0 ? BEGIN_US : BEAT_US);
    if (w->poll_us > beat_us)
        w->poll_us = beat_us;
    for (size_t i = 0; i < count; i++)
        pgqi_hold(w, q, &batch->jobs[i], now);
    pgqueue_event event = {.size = sizeof event,
                           .kind = PGQUEUE_EVENT_CLAIMED,
                           .worker = w->id,
                           .queue = q->name,
                           .count = (int64_t)count};
    pgqi_worker_event(w, &event);
    pgqi_dispatch(w, q);
}

static void send_claim(struct pgqueue_worker *w, struct work_queue *q, int n, uint64_t now_us)
{
    struct params *p = &w->claim_params;
    pgqi_place_choose(&q, 1, now_us);
    snprintf(w->claim_count, sizeof w->claim_count, "%d", n);
    snprintf(w->claim_back, sizeof w->claim_back, "%u", pgqi_place_back_ms(q, now_us));
    pgqi_params_reset(p);
    pgqi_param_text(p, q->name);
    pgqi_param_text(p, w->claim_count);
    pgqi_param_i64(p, w->id);
    pgqi_place_keys(w, &q, 1);
    pgqi_param_text(p, q->awaken ? "t" : "f");
    pgqi_param_text(p, w->claim_back);
    pgqi_param_text(p, now_us >= w->watch_us ? "t" : "f");
    if (!pgqi_params_bind(p) || w->claim_times.failed)
        return;
    w->watch_asked = now_us >= w->watch_us;
    q->asked = n;
    q->awaken = q->awaken ? 2 : 0;
    q->claim_us = now_us;
    w->claiming = q;
    pgqi_conn_call(&w->claim, STMT_CLAIM, p, claim_done, q);
}

/* Whether a queue wants a claim now. */
static int wants_claim(const struct work_queue *q, uint64_t now_us)
{
    return now_us >= q->barred_us && (q->maybe || (q->need_rescan && now_us >= q->rescan_us) ||
                                      (q->again_us != 0 && now_us >= q->again_us));
}

int pgqi_try_claim(struct pgqueue_worker *w, uint64_t now_us)
{
    struct pool_load load = pgqi_pool_load(w, now_us);
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[(w->next_queue + i) % w->queue_count];
        int n = wants_claim(q, now_us) ? pgqi_demand(w, q, &load, now_us) : 0;
        if (n <= 0)
            continue;
        w->next_queue = (w->next_queue + i + 1) % w->queue_count;
        send_claim(w, q, n, now_us);
        return w->claiming != NULL;
    }
    return 0;
}
