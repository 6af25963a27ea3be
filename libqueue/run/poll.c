/* SPDX-License-Identifier: MIT */
/* Polls: the worker's beat and its look around. */
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

static void poll_done(void *user, struct pg_result *result, const pgqueue_error *error)
{
    struct pgqueue_worker *w = user;
    struct poll_answer answer;
    uint64_t now = pgqi_now_us();
    int rc = result ? pgqi_poll_answer(result, &answer) : PGQUEUE_EDB;
    pgqi_result_free(result);
    w->poll_us = now + 1000000;
    pgqi_bells_told(w, rc == PGQUEUE_OK ? now + (uint64_t)answer.wait_ms * 1000 : 0, now);
    if (rc != PGQUEUE_OK) {
        pgqi_refused(w, NULL, error);
        pgqi_log(&w->log, PGQUEUE_WARNING, "poll failed: %s",
                 error ? error->message : "out of memory");
        return;
    }
    uint64_t until = now + (uint64_t)answer.wait_ms * 1000;
    w->refused = 0;
    uint64_t rest = pgqi_place_rest(w, w->poll_sent_us, &w->poll_took_us);
    w->announce_us = now + (rest < ANNOUNCE_MOST_US ? rest : ANNOUNCE_MOST_US);
    uint64_t again = note_due(w, &answer, now, rest);
    mark_gone(w, &answer);
    if (w->announcing)
        w->look = 0;
    if (w->claim.pooled && until > now + DEAF_US)
        until = now + DEAF_US;
    if (w->look_out_us > now && w->look_out_us < until)
        until = w->look_out_us;
    until = pgqi_bells_renew_us(w, again < until ? again : until, now);
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

static void add_names(struct pgqueue_worker *w)
{
    struct params *p = &w->claim_params;
    pgqi_param_array(p, OID_TEXT, w->queue_count);
    for (size_t i = 0; i < w->queue_count; i++)
        pgqi_element_text(p, w->queues[i]->name, strlen(w->queues[i]->name));
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
    pgqi_param_i64(p, w->id);
    add_names(w);
    pgqi_bells_announce(w, now_us);
    add_running(w, now_us);
    w->poll_sent_us = now_us;
    pgqi_place_choose(w->queues, w->queue_count, now_us);
    pgqi_place_names(w, w->queues, w->queue_count);
    pgqi_place_keys(w, w->queues, w->queue_count);
    pgqi_bells_take_back(w, now_us);
    if (pgqi_params_bind(p) && !w->claim_times.failed) {
        pgqi_conn_call(&w->claim, STMT_POLL, p, poll_done, w);
    } else {
        pgqi_bells_told(w, 0, now_us);
        w->poll_us = now_us + 1000000;
    }
}

/* Another worker holds leases: it may die. If it is told so again before the look, one more
 * follows.
 */
void pgqi_look_out(struct pgqueue_worker *w, uint64_t now_us)
{
    w->look_out_us = now_us + PGQI_LOOK_OUT_US;
    if (w->poll_us > w->look_out_us)
        w->poll_us = w->look_out_us;
}

void pgqi_poll_after_claim(struct pgqueue_worker *w, uint64_t now_us)
{
    /* The looks begin when the rescan is done. */
    if (pgqi_claim_idle(w) && w->look < (int)LOOKS &&
        w->poll_us > now_us + looks_ms[w->look] * 1000)
        w->poll_us = now_us + looks_ms[w->look] * 1000;
}
