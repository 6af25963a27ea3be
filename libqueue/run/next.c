/* SPDX-License-Identifier: MIT */
/* What the claiming connection does next: claim for a queue with free slots, poll, or sleep. */
#include "base/clock.h"
#include "run/demand.h"
#include "run/worker.h"

/* A poll that is so late comes before the next claim. */
#define LATE_US 100000u

void pgqi_claim_step(struct pgqueue_worker *w, uint64_t now_us)
{
    if (w->claim.state != CONN_IDLE || w->setup != SETUP_DONE || !w->claim_up ||
        w->state >= WORKER_LEAVING)
        return;
    /* A worker that always finds something to claim must beat all the same, and do its share of
     * maintenance. */
    uint64_t bells = pgqi_bells_us(w, now_us);
    uint64_t due = pgqi_claim_awake(w) && bells < w->poll_us ? bells : w->poll_us;
    if (now_us < due + LATE_US && pgqi_claim_wanted(w) && pgqi_try_claim(w, now_us))
        return;
    if (now_us >= w->poll_us || now_us >= bells)
        pgqi_send_poll(w, now_us);
}

uint64_t pgqi_claim_wake_us(const struct pgqueue_worker *w)
{
    if (w->claim.state != CONN_IDLE || w->state >= WORKER_LEAVING)
        return UINT64_MAX; /* nothing can be sent before its answer, which wakes by itself */
    if (w->setup != SETUP_DONE || !w->claim_up)
        return w->setup_retry_us;
    uint64_t now = pgqi_now_us(), bells = pgqi_bells_us(w, now);
    uint64_t wake = bells < w->poll_us ? bells : w->poll_us;
    struct pool_load load = pgqi_pool_load(w, now);
    for (size_t i = 0; pgqi_claim_wanted(w) && i < w->queue_count; i++) {
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
