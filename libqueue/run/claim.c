/* SPDX-License-Identifier: MIT */
/* What the claiming connection does next: claim for a queue with free slots, look around, or sleep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "db/call.h"
#include "run/demand.h"
#include "run/worker.h"

/* A claim or poll from the start walks over dead index entries, so the next one waits 20 times as
 * long as it took: rescans cost 5 % at most. */
#define RESCAN_FACTOR 20

/* But no later than this: a late commit is waited for no longer. Dead entries enough to reach it,
 * 36 million, take a snapshot held open for ten minutes at full speed. */
#define RESCAN_MOST_US 300000000u

/* A send takes its place in the order of claims before it commits. Jobs that came to lie behind
 * the last key taken are looked for so far back from now, each time half of that has passed: one
 * that commits late is found after about as long again, however seldom a look from the start
 * comes, and each job's entries are walked over four times. */
static const uint32_t late_ms[LATE_LOOKS] = {200, 4000};

/* Looks after an announcement, in ms: a send that read the table before it was there rings no bell.
 */
static const uint64_t looks_ms[] = {0, 20, 200, 1000, 5000};
#define LOOKS (sizeof looks_ms / sizeof looks_ms[0])

/* Where LISTEN does not work, looks come each second. */
#define DEAF_US 1000000u

/* Who holds leases beats at least so often. */
#define BEAT_US 10000000u

/* A look that is so late comes before the next claim. */
#define LATE_US 100000u

/* A rate that was measured longer ago than this is not the rate of what runs now. */
#define RATE_OLD_US 500000u

/* Announcements rest like looks while jobs flow, but a send to an idle queue is found within this
 * time and a poll. */
#define ANNOUNCE_MOST_US 1000000u

/* How long before its end an announcement of sleep is renewed. */
#define RENEW_US 200000u

/* While jobs flow, more than FLOW a second and the last less than FLOW_IDLE_US ago, an idle queue
 * is claimed from again after FLOW_LOOK_US instead of being announced as asleep: a bell that rings
 * for each send makes the senders' commits wait for one another, and each change of it leaves a
 * dead row that sends walk over while a snapshot is open. */
#define FLOW         200
#define FLOW_IDLE_US 20000u
#define FLOW_LOOK_US 2000u

/* What a result takes in memory before its first job. */
#define RESULT_BYTES 4096

static int running(const struct pgqueue_worker *w)
{
    return w->state == WORKER_RUNNING && !atomic_load(&w->paused);
}

/* How long to leave a look from the start alone that has just been answered. What its rows took to
 * come does not count. */
static uint64_t rest_after(const struct pgqueue_worker *w, uint64_t sent_us)
{
    uint64_t first = w->claim.first_us;
    uint64_t rest = first > sent_us ? RESCAN_FACTOR * (first - sent_us) : 0;
    return rest < RESCAN_MOST_US ? rest : RESCAN_MOST_US;
}

void pgqi_claim_wake_queue(struct pgqueue_worker *w, const char *queue)
{
    struct work_queue *q = pgqi_queue_named(w, queue);
    if (q == NULL)
        return;
    q->maybe = 1;
    q->awaken = q->awaken || q->asleep;
    q->asleep = 0;
}

/* A poll saw jobs of that queue, so the claim looks back as far as it did. */
static void wake_seen(struct pgqueue_worker *w, const char *queue)
{
    struct work_queue *q = pgqi_queue_named(w, queue);
    if (q != NULL)
        q->late_us[LATE_LOOKS - 1] = 0;
    pgqi_claim_wake_queue(w, queue);
}

void pgqi_claim_reset(struct pgqueue_worker *w)
{
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        q->position_count = 0;
        q->maybe = 0; /* the first poll tells which */
        q->need_rescan = 1;
        q->asleep = 0;
        q->again_us = 0;
        q->rescan_us = q->barred_us = 0;
    }
    w->poll_us = w->poll_full_us = 0;
    w->look = 0;
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

static struct position *position_of(struct work_queue *q, int32_t rank)
{
    for (int i = 0; i < q->position_count; i++)
        if (q->positions[i].rank == rank)
            return &q->positions[i];
    struct position *grown =
        realloc(q->positions, (size_t)(q->position_count + 1) * sizeof *q->positions);
    if (grown == NULL)
        return NULL; /* this rank is claimed from the start: slower, not wrong */
    q->positions = grown;
    struct position *p = &grown[q->position_count++];
    p->rank = rank;
    return p;
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
        if (error != NULL && error->code == PGQUEUE_ENOTFOUND) {
            q->maybe = q->need_rescan = 0; /* deleted meanwhile; it may come back */
        } else { /* not at once again: it would fail as often as the server can say so */
            uint64_t pause = error != NULL && error->retryable ? 50000 : 1000000;
            q->maybe = q->need_rescan = 1;
            q->rescan_us = now + pause;
            /* A poll would only say again that there are jobs. But it comes first then: a worker
             * whose claims fail beats all the same. */
            if (w->poll_us < now + pause)
                w->poll_us = now + pause;
            q->barred_us = now + pause + 1000;
            pgqi_refused(w, q, error);
        }
        if (result != NULL)
            pgqi_register_again(w); /* jobs that did not fit into memory go back, uncharged */
        pgqi_log(&w->log, PGQUEUE_WARNING, "claim from queue \"%s\" failed: %s", q->name,
                 error ? error->message : "out of memory");
        return;
    }
    size_t count = batch->count;
    q->refused = 0;
    if (q->from_start)
        q->rescan_us = now + rest_after(w, q->claim_us);
    /* One of many bytes may have been cut off by the server. It counts another way, so: an eighth.
     */
    q->maybe = count == (size_t)q->asked || (count > 0 && batch->bytes >= PGQUEUE_CLAIM_BYTES / 8);
    q->need_rescan = !q->maybe && !q->from_start;
    if (count > 0)
        q->found_us = now;
    int flows = now < q->found_us + FLOW_IDLE_US && rate_of(q, now) > FLOW;
    q->again_us = flows && !q->maybe && running(w) ? now + FLOW_LOOK_US : 0;
    if (pgqi_claim_idle(w) && w->look < (int)LOOKS && w->poll_us > now + looks_ms[w->look] * 1000)
        w->poll_us = now + looks_ms[w->look] * 1000; /* the looks begin when the rescan is done */
    if (count == 0) {
        pgqi_jobs_free(batch);
        return;
    }
    w->held_bytes += batch->bytes;
    size_t mean = batch->bytes > RESULT_BYTES ? (batch->bytes - RESULT_BYTES) / count : 0;
    q->job_bytes = q->job_bytes == 0 ? mean : (q->job_bytes + mean) / 2;
    w->claimed_total += (int64_t)count;
    w->look = 0;
    if (w->poll_us > now + BEAT_US)
        w->poll_us = now + BEAT_US;
    for (size_t i = 0; i < count; i++) {
        struct pgqueue_job *job = &batch->jobs[i];
        /* They come in the order of claims, so of each priority the last one counts. */
        int last = i + 1 == count || batch->jobs[i + 1].priority != job->priority;
        struct position *p = last ? position_of(q, -job->priority) : NULL;
        if (p != NULL) {
            snprintf(p->after, sizeof p->after, "%s", job->start_after);
            p->after_id = job->id;
        }
        pgqi_hold(w, q, job, now);
    }
    pgqueue_event event = {.size = sizeof event,
                           .kind = PGQUEUE_EVENT_CLAIMED,
                           .worker = w->id,
                           .queue = q->name,
                           .count = (int64_t)count};
    pgqi_worker_event(w, &event);
    pgqi_dispatch(w, q);
}

/* How many last keys of a queue go with the statement: none where it looks from the start. */
static int place_count(const struct work_queue *q)
{
    return q->from_start ? 0 : q->position_count;
}

/* The last keys taken of some queues, as three arrays. Times go back as the server printed them, so
 * as text. */
static void add_positions(struct pgqueue_worker *w, struct work_queue *const *queues, size_t count)
{
    struct params *p = &w->claim_params;
    size_t total = 0, n = 0;
    for (size_t i = 0; i < count; i++)
        total += (size_t)place_count(queues[i]);
    pgqi_param_array(p, OID_INT4, total);
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < place_count(queues[i]); k++)
            pgqi_element_i32(p, queues[i]->positions[k].rank);
    pgqi_param_array_end(p);
    pgqi_buf_reset(&w->claim_times);
    pgqi_buf_text(&w->claim_times, "{");
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < place_count(queues[i]); k++)
            pgqi_buf_printf(&w->claim_times, "%s\"%s\"", n++ ? "," : "",
                            queues[i]->positions[k].after);
    pgqi_buf_text(&w->claim_times, "}");
    pgqi_param_text(p, w->claim_times.data);
    pgqi_param_array(p, OID_INT8, total);
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < place_count(queues[i]); k++)
            pgqi_element_i64(p, queues[i]->positions[k].after_id);
    pgqi_param_array_end(p);
}

/* How far back from now the next claim looks; 0: it begins at the last key taken. */
static uint32_t look_back_ms(struct work_queue *q, uint64_t now_us)
{
    uint32_t back = 0;
    for (int i = LATE_LOOKS; i-- > 0;) {
        if (back == 0 && !q->from_start && now_us < q->late_us[i])
            continue;
        back = back == 0 ? late_ms[i] : back; /* and so over all shorter spans */
        q->late_us[i] = now_us + late_ms[i] * UINT64_C(500);
    }
    return back;
}

static void send_claim(struct pgqueue_worker *w, struct work_queue *q, int n, uint64_t now_us)
{
    struct params *p = &w->claim_params;
    snprintf(w->claim_count, sizeof w->claim_count, "%d", n);
    q->from_start = q->position_count == 0 || now_us >= q->rescan_us;
    pgqi_params_reset(p);
    pgqi_param_text(p, q->name);
    pgqi_param_text(p, w->claim_count);
    pgqi_param_i64(p, w->id);
    add_positions(w, &q, 1);
    pgqi_param_text(p, q->awaken ? "t" : "f");
    snprintf(w->claim_late, sizeof w->claim_late, "%u", look_back_ms(q, now_us));
    pgqi_param_text(p, w->claim_late);
    if (!pgqi_params_bind(p) || w->claim_times.failed)
        return;
    q->asked = n;
    q->awaken = 0;
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

static int try_claim(struct pgqueue_worker *w, uint64_t now_us)
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

/* Whether some queue is known to have due jobs: then claims look, not polls. */
static int awake(const struct pgqueue_worker *w)
{
    for (size_t i = 0; i < w->queue_count; i++)
        if (w->queues[i]->maybe)
            return 1;
    return 0;
}

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

static void poll_done(void *user, struct pg_result *result, const pgqueue_error *error)
{
    struct pgqueue_worker *w = user;
    struct poll_answer answer;
    uint64_t now = pgqi_now_us();
    int rc = result ? pgqi_poll_answer(result, &answer) : PGQUEUE_EDB;
    pgqi_result_free(result);
    w->poll_us = now + 1000000;
    if (rc != PGQUEUE_OK) {
        pgqi_refused(w, NULL, error);
        pgqi_log(&w->log, PGQUEUE_WARNING, "poll failed: %s",
                 error ? error->message : "out of memory");
        return;
    }
    uint64_t until = now + (uint64_t)answer.wait_ms * 1000;
    w->refused = 0;
    uint64_t rest = rest_after(w, w->poll_sent_us);
    if (w->poll_from_start)
        w->poll_full_us = now + rest;
    w->announce_us = now + (rest < ANNOUNCE_MOST_US ? rest : ANNOUNCE_MOST_US);
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        if (q->asleep == 2) { /* announced by this poll */
            q->asleep = 1;
            q->asleep_until_us = until;
        }
    }
    for (size_t i = 0; i < answer.due_count; i++)
        wake_seen(w, answer.due[i]);
    mark_gone(w, &answer);
    if (w->announcing)
        w->look = 0;
    if (w->claim.pooled && until > now + DEAF_US)
        until = now + DEAF_US;
    until = before_bells_end(w, until, now);
    w->poll_us = until;
    if (!awake(w) && w->look < (int)LOOKS) {
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
    return running(w) && !q->maybe &&
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

/* The queue of each position. */
static void add_position_queues(struct pgqueue_worker *w)
{
    struct params *p = &w->claim_params;
    size_t total = 0;
    for (size_t i = 0; i < w->queue_count; i++)
        total += (size_t)place_count(w->queues[i]);
    pgqi_param_array(p, OID_TEXT, total);
    for (size_t i = 0; i < w->queue_count; i++)
        for (int k = 0; k < place_count(w->queues[i]); k++)
            pgqi_element_text(p, w->queues[i]->name, strlen(w->queues[i]->name));
    pgqi_param_array_end(p);
}

static void send_poll(struct pgqueue_worker *w, uint64_t now_us)
{
    struct params *p = &w->claim_params;
    pgqi_params_reset(p);
    w->announcing = 0;
    pgqi_param_i64(p, w->id);
    add_names(w, 0, now_us);
    add_names(w, 1, now_us);
    add_running(w, now_us);
    w->poll_from_start = now_us >= w->poll_full_us;
    w->poll_sent_us = now_us;
    for (size_t i = 0; i < w->queue_count; i++) /* unless a claim did so lately */
        w->queues[i]->from_start = w->poll_from_start && now_us >= w->queues[i]->rescan_us;
    add_position_queues(w);
    add_positions(w, w->queues, w->queue_count);
    if (pgqi_params_bind(p))
        pgqi_conn_call(&w->claim, STMT_POLL, p, poll_done, w);
    else
        w->poll_us = now_us + 1000000;
}

/* When to announce queues that have gone idle since the last poll; UINT64_MAX: there is none. At
 * once, unless others have jobs: each time that their claims pause until a settle is done some more
 * queues are idle, and a poll looks at all. */
static uint64_t announce_us(const struct pgqueue_worker *w)
{
    for (size_t i = 0; running(w) && i < w->queue_count; i++) {
        const struct work_queue *q = w->queues[i];
        if (!q->maybe && !q->asleep && q->again_us == 0)
            return awake(w) ? w->announce_us : 0;
    }
    return UINT64_MAX;
}

void pgqi_claim_step(struct pgqueue_worker *w, uint64_t now_us)
{
    if (w->claim.state != CONN_IDLE || w->setup != SETUP_DONE || !w->claim_up ||
        w->state >= WORKER_LEAVING)
        return;
    /* A worker that always finds something to claim must beat all the same, and do its share of
     * maintenance. */
    uint64_t announce = announce_us(w);
    uint64_t due = awake(w) && announce < w->poll_us ? announce : w->poll_us;
    if (now_us < due + LATE_US && running(w) && try_claim(w, now_us))
        return;
    if (now_us >= w->poll_us || now_us >= announce)
        send_poll(w, now_us);
}

uint64_t pgqi_claim_wake_us(const struct pgqueue_worker *w)
{
    uint64_t wake = w->poll_us, announce = announce_us(w);
    wake = announce < wake ? announce : wake;
    if (w->claim.state != CONN_IDLE || w->state >= WORKER_LEAVING)
        return UINT64_MAX; /* nothing can be sent before its answer, which wakes by itself */
    if (w->setup != SETUP_DONE || !w->claim_up)
        return w->setup_retry_us;
    uint64_t now = pgqi_now_us();
    struct pool_load load = pgqi_pool_load(w, now);
    for (size_t i = 0; running(w) && i < w->queue_count; i++) {
        const struct work_queue *q = w->queues[i];
        uint64_t due = q->need_rescan && q->rescan_us < wake ? q->rescan_us : wake;
        if (q->again_us != 0 && q->again_us < due)
            due = q->again_us;
        if (q->barred_us > now)
            due = q->barred_us < wake ? q->barred_us : wake;
        if (due < wake && pgqi_demand(w, q, &load, now) > 0)
            wake = due;
    }
    return wake;
}
