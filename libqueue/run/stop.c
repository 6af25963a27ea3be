/* SPDX-License-Identifier: MIT */
/* How a worker ends: nothing more is claimed, what has not started goes back, what runs may finish.
 */
#include "base/clock.h"
#include "base/error.h"
#include "db/call.h"
#include "run/worker.h"

/* A database that is away is not waited for at the end. */
#define LEAVE_MOST_US 2000000u

static void begin_drain(struct pgqueue_worker *w, uint64_t now_us)
{
    w->state = WORKER_DRAINING;
    w->deadline_us = now_us + (uint64_t)w->options.drain_timeout_s * 1000000u;
    pgqi_recall_unstarted(w);
}

static void left(void *user, struct pg_result *result, const pgqueue_error *error)
{
    struct pgqueue_worker *w = user;
    if (result == NULL)
        pgqi_log(&w->log, PGQUEUE_WARNING, "the worker could not sign off: %s", error->message);
    pgqi_result_free(result);
    w->state = WORKER_STOPPED;
}

static void begin_leave(struct pgqueue_worker *w, uint64_t now_us)
{
    w->state = w->id == 0 ? WORKER_STOPPED : WORKER_LEAVING;
    w->deadline_us = now_us + LEAVE_MOST_US;
    if (w->held_count == 0)
        return;
    w->abandoned = 1;
    pgqi_log(&w->log, PGQUEUE_WARNING, "%zu jobs are given back unfinished", w->held_count);
}

static void drain(struct pgqueue_worker *w, uint64_t now_us)
{
    if (atomic_load(&w->stop) > 1 && w->deadline_us > now_us)
        w->deadline_us = now_us;
    /* A claim under way when the stop came may still bring jobs. */
    if (w->claiming == NULL)
        pgqi_recall_unstarted(w);
    if ((w->held_count == 0 && w->claiming == NULL) || now_us >= w->deadline_us)
        begin_leave(w, now_us);
}

static void leave(struct pgqueue_worker *w, uint64_t now_us)
{
    if (now_us >= w->deadline_us) {
        w->state = WORKER_STOPPED;
        return;
    }
    if (w->claim.state != CONN_IDLE || w->settle.state == CONN_BUSY)
        return; /* what is being settled is settled first */
    pgqi_params_reset(&w->claim_params);
    pgqi_param_i64(&w->claim_params, w->id);
    if (!pgqi_params_bind(&w->claim_params)) {
        w->state = WORKER_STOPPED;
        return;
    }
    w->id = 0;
    pgqi_conn_call(&w->claim, STMT_UNREGISTER, &w->claim_params, left, w);
}

void pgqi_stop_step(struct pgqueue_worker *w, uint64_t now_us)
{
    if (w->state == WORKER_RUNNING && atomic_load(&w->stop) == 0) {
        if (w->options.max_jobs > 0 && w->claimed_total >= w->options.max_jobs &&
            w->held_count == 0)
            atomic_store(&w->stop, 1);
        if (w->options.once == 1 && w->claim_up && w->look > 0 && w->held_count == 0 &&
            pgqi_claim_idle(w))
            atomic_store(&w->stop, 1);
    }
    if (w->state == WORKER_RUNNING && atomic_load(&w->stop) > 0)
        begin_drain(w, now_us);
    if (w->state == WORKER_DRAINING)
        drain(w, now_us);
    if (w->state == WORKER_LEAVING)
        leave(w, now_us);
}

uint64_t pgqi_stop_wake_us(const struct pgqueue_worker *w)
{
    return w->state == WORKER_DRAINING || w->state == WORKER_LEAVING ? w->deadline_us : UINT64_MAX;
}
