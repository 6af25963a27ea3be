/* SPDX-License-Identifier: MIT */
/* Polls: the worker's beat and its look around, with which it announces the queues that it will not
 * look at for a while. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "db/call.h"
#include "run/place.h"
#include "run/worker.h"

/* Looks after an announcement, in ms: a send that read the table before it was there rings no bell.
 */
static const uint64_t looks_ms[] = {0, 20, 200, 1000, 5000};
#define LOOKS (sizeof looks_ms / sizeof looks_ms[0])

/* Where LISTEN does not work, looks come each second. */
#define DEAF_US 1000000u

/* Announcements rest like looks while jobs flow, but a send to an idle queue is found within this
 * time and a poll. */
#define ANNOUNCE_MOST_US 1000000u

/* How long before its end an announcement of sleep is renewed. */
#define RENEW_US 200000u

/* A poll that announced nothing, a look, may allow a longer sleep than the announcement does: the
 * bell would be gone before its sleeper is up. Answers when to renew it, or until. */
static uint64_t before_bells_end(const struct pgqueue_worker *w, uint64_t until, uint64_t now_us)
{
    for (size_t i = 0; i < w->queue_count; i++) {
        const struct work_queue *q = w->queues[i];
        uint64_t renew = q->asleep_until_us - RENEW_US;
        if (q->asleep && q->asleep_until_us > now_us + RENEW_US && renew < until)
            until = renew;
    }
    return until;
}

/* The answer names the jobs that are gone, an id once per attempt asked about. Of several attempts
 * at one job the earliest are gone; the newest was asked about first. */
static void mark_gone(struct pgqueue_worker *w, const struct poll_answer *answer)
{
    for (size_t i = 0; answer->gone_count > 0 && i < w->asked_count; i++) {
        size_t gone = 0, earlier = 0;
        for (size_t k = 0; k < answer->gone_count; k++)
            gone += answer->gone[k] == w->asked_ids[i];
        for (size_t k = i + 1; gone > 0 && k < w->asked_count; k++)
            earlier += w->asked_ids[k] == w->asked_ids[i];
        if (earlier < gone)
            pgqi_mark_cancelled(w, w->asked_ids[i], w->asked_leases[i]);
    }
}

/* The queues with jobs are claimed from; others that it looked at from the start need no such
 * claim. Answers when to poll again for those that are not to be claimed from yet; UINT64_MAX:
 * none. */
static uint64_t note_due(struct pgqueue_worker *w, const struct poll_answer *answer, uint64_t now,
                         uint64_t rest)
{
    uint64_t again = UINT64_MAX;
    for (size_t i = 0; i < answer->due_count; i++) {
        uint64_t then = pgqi_claim_seen(w, answer->due[i], now);
        again = then < again ? then : again;
    }
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        if (!q->from_start || q->maybe)
            continue;
        q->need_rescan = 0;
        q->rescan_us = q->rescan_us > now + rest ? q->rescan_us : now + rest;
    }
    return again;
}

/* The poll that was to announce queues has failed: the next one announces them, and the looks after
 * it begin anew. */
static void not_announced(struct pgqueue_worker *w)
{
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        if (q->asleep != 2)
            continue;
        q->asleep = 1; /* not 0: then it would be polled for at once */
        q->asleep_until_us = 0;
        w->look = 0;
    }
}

static void poll_done(void *user, struct pg_result *result, const pgqueue_error *error)
{
    struct pgqueue_worker *w = user;
    struct poll_answer answer;
    uint64_t now = pgqi_now_us();
    int rc = result ? pgqi_poll_answer(result, &answer) : PGQUEUE_EDB;
    pgqi_result_free(result);
    w->poll_us = now + 1000000;
    if (rc != PGQUEUE_OK) {
        not_announced(w);
        pgqi_refused(w, NULL, error);
        pgqi_log(&w->log, PGQUEUE_WARNING, "poll failed: %s",
                 error ? error->message : "out of memory");
        return;
    }
    uint64_t until = now + (uint64_t)answer.wait_ms * 1000;
    w->refused = 0;
    uint64_t rest = pgqi_place_rest(w, w->poll_sent_us, &w->poll_took_us);
    w->announce_us = now + (rest < ANNOUNCE_MOST_US ? rest : ANNOUNCE_MOST_US);
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        if (q->asleep == 2) { /* announced by this poll */
            q->asleep = 1;
            q->asleep_until_us = until;
        }
    }
    uint64_t again = note_due(w, &answer, now, rest);
    mark_gone(w, &answer);
    if (w->announcing)
        w->look = 0;
    if (w->claim.pooled && until > now + DEAF_US)
        until = now + DEAF_US;
    until = before_bells_end(w, again < until ? again : until, now);
    w->poll_us = until;
    if (!pgqi_claim_awake(w) && w->look < (int)LOOKS) {
        uint64_t next = now + looks_ms[w->look] * 1000;
        w->poll_us = next < until ? next : until;
        w->look++;
    }
    if (!answer.known)
        pgqi_register_again(w); /* pruned after a long silence */
    pgqueue_event event = {.size = sizeof event, .kind = PGQUEUE_EVENT_POLLED, .worker = w->id};
    pgqi_worker_event(w, &event);
    pgqi_poll_answer_free(&answer);
}

/* Whether a queue is to be announced as sleeping: it is idle, and not announced for long enough. */
static int to_announce(const struct pgqueue_worker *w, const struct work_queue *q, uint64_t now_us)
{
    return pgqi_claim_wanted(w) && !q->maybe &&
           (!q->asleep || q->asleep_until_us < now_us + RENEW_US + 100000);
}

static void add_names(struct pgqueue_worker *w, int sleepers_only, uint64_t now_us)
{
    struct params *p = &w->claim_params;
    size_t count = 0;
    for (size_t i = 0; i < w->queue_count; i++)
        count += !sleepers_only || to_announce(w, w->queues[i], now_us);
    pgqi_param_array(p, OID_TEXT, count);
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        if (sleepers_only && !to_announce(w, q, now_us))
            continue;
        pgqi_element_text(p, q->name, strlen(q->name));
        if (sleepers_only) {
            w->announcing = w->announcing || !q->asleep;
            q->asleep = 2;
        }
    }
    pgqi_param_array_end(p);
}

/* Jobs that have run for a while: the answer tells which are no longer ours. At most 1,000, the
 * newest. */
static void add_running(struct pgqueue_worker *w, uint64_t now_us)
{
    struct params *p = &w->claim_params;
    size_t count = 0;
    for (const struct pgqueue_job *job = w->held; job != NULL && count < ASK_MOST;
         job = job->next_held) {
        if (atomic_load(&job->place) != JOB_RUNNING || job->started_us + 500000 > now_us)
            continue;
        w->asked_ids[count] = job->id;
        w->asked_leases[count++] = job->batch->lease;
    }
    w->asked_count = count;
    pgqi_param_array(p, OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        pgqi_element_i64(p, w->asked_ids[i]);
    pgqi_param_array_end(p);
    pgqi_param_array(p, OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        pgqi_element_i64(p, w->asked_leases[i]);
    pgqi_param_array_end(p);
}

void pgqi_send_poll(struct pgqueue_worker *w, uint64_t now_us)
{
    struct params *p = &w->claim_params;
    pgqi_params_reset(p);
    w->announcing = 0;
    pgqi_param_i64(p, w->id);
    add_names(w, 0, now_us);
    add_names(w, 1, now_us);
    add_running(w, now_us);
    w->poll_sent_us = now_us;
    pgqi_place_choose(w->queues, w->queue_count, now_us);
    pgqi_place_names(w, w->queues, w->queue_count);
    pgqi_place_keys(w, w->queues, w->queue_count);
    if (pgqi_params_bind(p) && !w->claim_times.failed) {
        pgqi_conn_call(&w->claim, STMT_POLL, p, poll_done, w);
    } else {
        not_announced(w);
        w->poll_us = now_us + 1000000;
    }
}

/* When to announce queues that have gone idle since the last poll; UINT64_MAX: there is none. At
 * once, unless others have jobs: each time that their claims pause until a settle is done some more
 * queues are idle, and a poll looks at all. */
uint64_t pgqi_announce_us(const struct pgqueue_worker *w)
{
    for (size_t i = 0; pgqi_claim_wanted(w) && i < w->queue_count; i++) {
        const struct work_queue *q = w->queues[i];
        if (!q->maybe && !q->asleep && q->again_us == 0)
            return pgqi_claim_awake(w) ? w->announce_us : 0;
    }
    return UINT64_MAX;
}

void pgqi_poll_after_claim(struct pgqueue_worker *w, uint64_t now_us)
{
    /* The looks begin when the rescan is done. */
    if (pgqi_claim_idle(w) && w->look < (int)LOOKS &&
        w->poll_us > now_us + looks_ms[w->look] * 1000)
        w->poll_us = now_us + looks_ms[w->look] * 1000;
}
