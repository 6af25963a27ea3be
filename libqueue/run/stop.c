/* SPDX-License-Identifier: MIT */
/* How a worker ends: nothing more is claimed, what has not started goes back, what runs may finish.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "db/call.h"
#include "run/worker.h"

/* For the last settles and the sign-off together; half of it for the settles. */
#define LEAVE_MOST_US (PGQUEUE_LEAVE_MS * 1000u)

/* A worker that runs once ends at so many refusals in a row: one may be somebody's cancel. */
#define REFUSALS_MOST 3

void pgqi_refused(struct pgqueue_worker *w, struct work_queue *q, const pgqueue_error *error)
{
    int *refused = q != NULL ? &q->refused : &w->refused;
    /* An unknown outcome is a connection that broke, not a refusal. */
    if (w->options.once != 1 || error == NULL || error->retryable ||
        error->code == PGQUEUE_EUNKNOWN || ++*refused < REFUSALS_MOST || w->rc != PGQUEUE_OK)
        return;
    w->error = *error;
    w->rc = error->code;
    if (q != NULL)
        snprintf(w->error.message, sizeof w->error.message, "no claim from queue \"%s\": %.300s",
                 q->name, error->message);
    pgqueue_worker_stop(w);
}

static void begin_drain(struct pgqueue_worker *w, uint64_t now_us)
{
    w->state = WORKER_DRAINING;
    w->deadline_us = now_us + (uint64_t)w->options.drain_timeout_s * 1000000u;
    pgqi_recall_unstarted(w);
}

int pgqi_still_running(const struct pgqueue_worker *w)
{
    int count = 0;
    for (const struct pgqueue_job *job = w->held; job != NULL; job = job->next_held)
        count += atomic_load(&job->place) == JOB_RUNNING;
    return count;
}

/* The end: what still runs goes on without us, what could not be settled is told. */
static void stopped(struct pgqueue_worker *w, int signed_off)
{
    w->state = WORKER_STOPPED;
    w->abandoned = pgqi_still_running(w);
    if (w->held_count == 0)
        return;
    pgqi_log(&w->log, PGQUEUE_WARNING,
             signed_off ? "%zu jobs are given back unfinished"
                        : "%zu jobs run again, the database was away",
             w->held_count);
    const char *why =
        w->abandoned > 0 ? "handlers still ran at the drain timeout; their jobs were given back"
        : signed_off
            ? "the database refused outcomes of finished jobs to the end; they were given back"
            : "no database at the end: finished jobs could not be settled, they run again";
    if (w->rc == PGQUEUE_OK)
        w->rc = pgqi_error_set(&w->error, PGQUEUE_ESTATE, "%s", why);
}

static void left(void *user, struct pg_result *result, const pgqueue_error *error)
{
    struct pgqueue_worker *w = user;
    int signed_off = result != NULL;
    if (!signed_off)
        pgqi_log(&w->log, PGQUEUE_WARNING, "the worker could not sign off: %s", error->message);
    pgqi_result_free(result);
    stopped(w, signed_off);
}

static void begin_leave(struct pgqueue_worker *w, uint64_t now_us)
{
    w->state = WORKER_LEAVING;
    w->deadline_us = now_us + (w->id == 0 ? 0 : LEAVE_MOST_US);
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
        stopped(w, 0);
        return;
    }
    /* What has ended is settled first, so that it does not run again. */
    int settles = w->settling_count > 0 || w->outcomes.first != NULL;
    if (!settles && w->put_off > 0 && !w->last_tries) { /* then what was refused, for a last time */
        w->last_tries = settles = 1;
        pgqi_put_off_end(w);
    }
    if (w->claim.state != CONN_IDLE || (settles && now_us < w->deadline_us - LEAVE_MOST_US / 2))
        return;
    pgqi_params_reset(&w->claim_params);
    pgqi_param_i64(&w->claim_params, w->id);
    if (!pgqi_params_bind(&w->claim_params)) {
        stopped(w, 0);
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
    uint64_t half = w->deadline_us - LEAVE_MOST_US / 2;
    if (w->state == WORKER_LEAVING && w->id != 0 && pgqi_now_us() < half)
        return half;
    return w->state == WORKER_DRAINING || w->state == WORKER_LEAVING ? w->deadline_us : UINT64_MAX;
}
