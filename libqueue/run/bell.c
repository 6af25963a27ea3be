/* SPDX-License-Identifier: MIT */
/* Announcements of sleep, for which sends ring a bell: which queues to announce, when to renew
 * that, and when to take it back. Polls carry them. */
#include <string.h>

#include "base/clock.h"
#include "run/worker.h"

/* How long before its end an announcement of sleep is renewed. */
#define RENEW_US 200000u

/* A worker that cannot claim so long after it was woken takes its announcement back, and the server
 * rings for another one. Until then a slot may get free. */
#define PASS_ON_US 10000u

/* After a poll that failed. */
#define AGAIN_US 1000000u

/* Whether a queue is to be announced as sleeping: it is idle, jobs do not flow, and it is not
 * announced for long enough. */
static int to_announce(const struct pgqueue_worker *w, const struct work_queue *q, uint64_t now_us)
{
    return pgqi_claim_wanted(w) && !q->maybe && q->again_us == 0 &&
           (!q->asleep || q->asleep_until_us < now_us + RENEW_US + 100000);
}

void pgqi_bells_announce(struct pgqueue_worker *w, uint64_t now_us)
{
    struct params *p = &w->claim_params;
    size_t count = 0;
    w->announcing = 0;
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        if (!to_announce(w, q, now_us))
            continue;
        w->announcing = w->announcing || !q->asleep;
        q->asleep = 2;
        q->awaken = 0;
        count++;
    }
    pgqi_param_array(p, OID_TEXT, count);
    for (size_t i = 0; i < w->queue_count; i++)
        if (w->queues[i]->asleep == 2)
            pgqi_element_text(p, w->queues[i]->name, strlen(w->queues[i]->name));
    pgqi_param_array_end(p);
}

/* When to take the announcement of a queue back by a poll; UINT64_MAX: not at all. A claim does it
 * by itself. */
static uint64_t take_back_us(const struct work_queue *q, int wanted, uint64_t now_us)
{
    if (!wanted)
        return q->awaken == 1 || (q->asleep == 1 && q->asleep_until_us > now_us) ? 0 : UINT64_MAX;
    return q->awaken == 1 ? q->woken_us + PASS_ON_US : UINT64_MAX;
}

void pgqi_bells_take_back(struct pgqueue_worker *w, uint64_t now_us)
{
    struct params *p = &w->claim_params;
    int wanted = pgqi_claim_wanted(w);
    size_t count = 0;
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        if (take_back_us(q, wanted, now_us) > now_us)
            continue;
        q->awaken = 2;
        q->asleep = 0;
        count++;
    }
    pgqi_param_array(p, OID_TEXT, count);
    for (size_t i = 0; i < w->queue_count; i++)
        if (w->queues[i]->awaken == 2)
            pgqi_element_text(p, w->queues[i]->name, strlen(w->queues[i]->name));
    pgqi_param_array_end(p);
}

void pgqi_bells_told(struct pgqueue_worker *w, uint64_t until_us, uint64_t now_us)
{
    w->back_us = until_us != 0 ? 0 : now_us + AGAIN_US;
    for (size_t i = 0; i < w->queue_count; i++) {
        struct work_queue *q = w->queues[i];
        if (q->awaken == 2)
            q->awaken = until_us == 0;
        if (q->asleep != 2)
            continue;
        q->asleep = 1; /* even if it failed: not announced it would be polled for at once */
        q->asleep_until_us = until_us;
        if (until_us == 0)
            w->look = 0;
    }
}

uint64_t pgqi_bells_renew_us(const struct pgqueue_worker *w, uint64_t until_us, uint64_t now_us)
{
    for (size_t i = 0; i < w->queue_count; i++) {
        const struct work_queue *q = w->queues[i];
        uint64_t renew = q->asleep_until_us - RENEW_US;
        if (q->asleep && q->asleep_until_us > now_us + RENEW_US && renew < until_us)
            until_us = renew;
    }
    return until_us;
}

uint64_t pgqi_bells_us(const struct pgqueue_worker *w, uint64_t now_us)
{
    int wanted = pgqi_claim_wanted(w), idle = 0;
    uint64_t back = UINT64_MAX;
    for (size_t i = 0; i < w->queue_count; i++) {
        const struct work_queue *q = w->queues[i];
        uint64_t due = take_back_us(q, wanted, now_us);
        back = due < back ? due : back;
        idle = idle || (wanted && !q->maybe && !q->asleep && q->again_us == 0);
    }
    if (back < w->back_us)
        back = w->back_us;
    uint64_t announce = pgqi_claim_awake(w) ? w->announce_us : 0;
    return idle && announce < back ? announce : back;
}
