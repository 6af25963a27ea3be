/* SPDX-License-Identifier: MIT */
/* Outcomes to the database: all that have gathered while the last statement was under way go in
 * one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/call.h"
#include "run/worker.h"

/* What is refused for now is sent so often as it is, but only once more if a refusal takes so long:
 * a deadlock is told after a second and then over. Then one by one. */
#define TRIES   3
#define SLOW_US 50000u

void pgqi_outcome_push(struct pgqueue_worker *w, struct pgqueue_job *job)
{
    w->held_bytes -= pgqi_job_ended(job);
    w->output_bytes += job->output_len;
    if (job->outcome == PGQUEUE_SETTLED) {
        job->batch->settled++;
        pgqi_job_done_with(w, job);
        return;
    }
    pgqi_list_push(&w->outcomes, job);
    w->outcome_count++;
}

/* What was sent goes back to the head of the list, in its order. */
static void unsend(struct pgqueue_worker *w)
{
    struct job_list list = {NULL, NULL};
    for (size_t i = 0; i < w->settling_count; i++) {
        w->settling[i]->batch->settled--;
        pgqi_list_push(&list, w->settling[i]);
    }
    w->outcome_count += w->settling_count;
    w->settling_count = 0;
    if (list.last == NULL)
        return;
    list.last->next = w->outcomes.first;
    w->outcomes.first = list.first;
    if (w->outcomes.last == NULL)
        w->outcomes.last = list.last;
}

static void tell_lost(struct pgqueue_worker *w, const struct pgqueue_job *job)
{
    pgqueue_event event = {.size = sizeof event,
                           .kind = PGQUEUE_EVENT_LOST,
                           .worker = w->id,
                           .job = job->id,
                           .attempt = job->attempt,
                           .queue = job->batch->queue};
    pgqi_worker_event(w, &event);
}

/* One outcome alone that the database refuses, an end hook's error for instance: the attempt fails
 * with that error. If that is refused, too, the job stays leased until its expire_in ends. */
static void refuse(struct pgqueue_worker *w, const pgqueue_error *error)
{
    struct pgqueue_job *job = w->settling[0];
    pgqi_log(&w->log, PGQUEUE_ERROR, "job %lld of queue \"%s\" cannot be settled: %s",
             (long long)job->id, job->batch->queue, error->message);
    if (job->outcome == PGQUEUE_RETRY || job->outcome == OUTCOME_RELEASE) {
        w->settling_count = 0;
        pgqi_job_done_with(w, job);
        return;
    }
    job->outcome = PGQUEUE_RETRY;
    w->output_bytes -= job->output_len;
    pgqueue_job_set_message(job, error->message);
    w->output_bytes += job->output_len;
    job->refused = 0;
    unsend(w);
}

static void unsure(struct pgqueue_worker *w)
{
    for (size_t i = 0; i < w->settling_count; i++)
        w->settling[i]->unsure = 1;
}

/* The connection says so, not the server: it may have happened. Then the answer will be "lost". */
static void unanswered(struct pgqueue_worker *w)
{
    unsure(w);
    unsend(w);
    if (w->settle.state == CONN_IDLE) /* memory is out; else a new connection is the pause */
        w->settle_retry_us = pgqi_now_us() + 10000 + pgqi_jitter(20000);
}

/* For a reason that may pass, a deadlock or an end hook's other server: the server has said so, and
 * an end hook may say any SQLSTATE. What does not pass soon, and what takes long each time, is not
 * to hold up what has nothing to do with it. */
static void refused_for_now(struct pgqueue_worker *w, const pgqueue_error *error, int trying)
{
    uint64_t now_us = pgqi_now_us(), took_us = now_us - w->settle_sent_us;
    struct pgqueue_job *job = w->settling[0];
    int soon = w->settle_failures == 0 || (w->settle_failures < TRIES && took_us < SLOW_US);
    /* A server may go down after its commit and say so, and a pooler speaks for one. */
    if (error->code == PGQUEUE_ECONN || error->code == PGQUEUE_EUNKNOWN)
        unsure(w);
    if (!trying)
        w->settle_failures = soon ? w->settle_failures + 1 : TRIES;
    if (soon && !trying) {
        w->settle_retry_us = now_us + 10000 + pgqi_jitter(20000);
        unsend(w);
    } else if (w->settling_count > 1) {
        w->settle_single = (int)w->settling_count;
        unsend(w);
    } else {
        w->settling_count = 0;
        job->batch->settled--;
        /* A server that goes down, and a pooler that lost it, will not say so again. */
        int gone = strncmp(error->sqlstate, "57P", 3) == 0 || strcmp(error->sqlstate, "08P01") == 0;
        pgqi_put_off(w, job, error->message, gone ? 0 : took_us, now_us);
    }
}

static void settle_failed(struct pgqueue_worker *w, const pgqueue_error *error, int trying)
{
    if (error->sqlstate[0] == '\0') {
        unanswered(w);
    } else if (error->retryable) {
        refused_for_now(w, error, trying);
    } else if (w->settling_count > 1) {
        w->settle_single = (int)w->settling_count; /* find the one */
        unsend(w);
    } else {
        if (trying) /* the hook says something else now: so it may of the others */
            pgqi_put_off_over(w, w->settling[0], pgqi_now_us());
        refuse(w, error);
    }
}

/* An outcome that was put off is done with. */
static void tried(struct pgqueue_worker *w, const struct pg_result *result)
{
    const struct pgqueue_job *job = w->settling[0];
    int through = pgqi_row_count(result) > 0 && pgqi_row_bool(result, 0, 0) &&
                  job->outcome != PGQUEUE_RETRY && job->outcome != PGQUEUE_SNOOZE &&
                  job->outcome != OUTCOME_RELEASE;
    if (through)
        pgqi_put_off_over(w, job, pgqi_now_us());
    else
        pgqi_put_off_next(w, job, pgqi_now_us());
}

static void settle_done(void *user, struct pg_result *result, const pgqueue_error *error)
{
    struct pgqueue_worker *w = user;
    int64_t settled = 0;
    int back = 0;
    int trying = w->settle_trying;
    w->settle_trying = 0;
    if (w->settle_single > 0 && !trying)
        w->settle_single--;
    if (result == NULL) {
        settle_failed(w, error, trying);
        return;
    }
    if (trying)
        tried(w, result);
    else if (w->settle_single == 0)
        w->settle_failures = 0;
    for (size_t i = 0; i < w->settling_count; i++) {
        struct pgqueue_job *job = w->settling[i];
        if (i < pgqi_row_count(result) && pgqi_row_bool(result, i, 0))
            settled++;
        else if (!job->unsure)
            tell_lost(w, job);
        back = back || job->outcome == PGQUEUE_RETRY || job->outcome == PGQUEUE_SNOOZE;
        pgqi_job_done_with(w, job);
    }
    if (back && w->options.once == 1) {
        w->look = 0; /* it may be due again: look before the end */
        w->poll_us = 0;
    }
    w->settling_count = 0;
    pgqi_result_free(result);
    pgqueue_event event = {
        .size = sizeof event, .kind = PGQUEUE_EVENT_SETTLED, .worker = w->id, .count = settled};
    pgqi_worker_event(w, &event);
}

static const char *word_of(const struct pgqueue_job *job)
{
    return job->outcome == OUTCOME_RELEASE ? "release" : pgqi_outcome_word(job->outcome);
}

static void add_outcomes(struct pgqueue_worker *w)
{
    struct params *p = &w->settle_params;
    size_t count = w->settling_count;
    int plain = 1, bare = 1, prompt = 1;
    for (size_t i = 0; i < count; i++) {
        const struct pgqueue_job *job = w->settling[i];
        plain = plain && job->outcome == PGQUEUE_DONE;
        bare = bare && job->output == NULL;
        prompt = prompt && job->delay_s < 0;
    }
    if (plain)
        pgqi_param_text(p, NULL);
    else {
        pgqi_param_array(p, OID_TEXT, count);
        for (size_t i = 0; i < count; i++)
            pgqi_element_text(p, word_of(w->settling[i]), strlen(word_of(w->settling[i])));
        pgqi_param_array_end(p);
    }
    if (bare)
        pgqi_param_text(p, NULL);
    else {
        pgqi_param_array(p, OID_TEXT, count);
        for (size_t i = 0; i < count; i++)
            pgqi_job_add_output(p, w->settling[i]);
        pgqi_param_array_end(p);
    }
    if (prompt)
        pgqi_param_text(p, NULL);
    else {
        pgqi_param_array(p, OID_FLOAT8, count);
        for (size_t i = 0; i < count; i++) {
            if (w->settling[i]->delay_s < 0)
                pgqi_element_null(p);
            else
                pgqi_element_f64(p, w->settling[i]->delay_s);
        }
        pgqi_param_array_end(p);
    }
}

/* A batch whose last outcomes are in this statement, but not all of them, is closed by name. */
static int closes(const struct pgqueue_jobs *batch)
{
    return batch->settled == batch->count && batch->sending < batch->count;
}

static void add_closes(struct pgqueue_worker *w)
{
    struct params *p = &w->settle_params;
    size_t count = 0;
    for (size_t i = 0; i < w->settling_count; i++)
        w->settling[i]->batch->sending = 0;
    for (size_t i = 0; i < w->settling_count; i++)
        w->settling[i]->batch->sending++;
    for (size_t i = 0; i < w->settling_count; i++)
        count += i + 1 == w->settling_count || w->settling[i]->batch != w->settling[i + 1]->batch
                     ? (size_t)closes(w->settling[i]->batch)
                     : 0;
    pgqi_param_array(p, OID_INT8, count);
    for (size_t i = 0; i < w->settling_count; i++)
        if ((i + 1 == w->settling_count || w->settling[i]->batch != w->settling[i + 1]->batch) &&
            closes(w->settling[i]->batch))
            pgqi_element_i64(p, w->settling[i]->batch->lease);
    pgqi_param_array_end(p);
}

/* The queue of all that is sent, NULL: of several. A distributed server asks one node only, if it
 * knows. */
static const char *one_queue(const struct pgqueue_worker *w)
{
    const struct pgqueue_jobs *first = w->settling[0]->batch;
    for (size_t i = 1; i < w->settling_count; i++)
        if (w->settling[i]->batch != first &&
            strcmp(w->settling[i]->batch->queue, first->queue) != 0)
            return NULL;
    return first->queue;
}

static void take_outcomes(struct pgqueue_worker *w, uint64_t now_us)
{
    size_t most = w->settle_single > 0 ? 1 : SETTLE_MOST;
    size_t bytes = 0;
    struct pgqueue_job *due = pgqi_put_off_due(w, now_us);
    if (due != NULL) {
        due->batch->settled++;
        w->settling[w->settling_count++] = due;
        w->settle_trying = 1;
        return;
    }
    while (w->settling_count < most && bytes < SETTLE_BYTES && w->outcomes.first != NULL) {
        struct pgqueue_job *job = pgqi_list_pop(&w->outcomes);
        w->outcome_count--;
        if (pgqi_put_behind(w, job))
            continue;
        bytes += job->output_len;
        job->batch->settled++;
        w->settling[w->settling_count++] = job;
    }
}

void pgqi_settle_step(struct pgqueue_worker *w, uint64_t now_us)
{
    struct params *p = &w->settle_params;
    if (w->settle.state != CONN_IDLE || w->settling_count > 0 || now_us < w->settle_retry_us)
        return;
    if (!w->settle_up) {
        pgqi_settle_setup(w);
        return;
    }
    take_outcomes(w, now_us);
    if (w->settling_count == 0)
        return;
    w->settle_sent_us = now_us;
    pgqi_params_reset(p);
    pgqi_param_array(p, OID_INT8, w->settling_count);
    for (size_t i = 0; i < w->settling_count; i++)
        pgqi_element_i64(p, w->settling[i]->id);
    pgqi_param_array_end(p);
    pgqi_param_array(p, OID_INT8, w->settling_count);
    for (size_t i = 0; i < w->settling_count; i++)
        pgqi_element_i64(p, w->settling[i]->batch->lease);
    pgqi_param_array_end(p);
    add_outcomes(w);
    add_closes(w);
    pgqi_param_text(p, one_queue(w));
    if (pgqi_params_bind(p)) {
        pgqi_conn_call(&w->settle, STMT_SETTLE, p, settle_done, w);
        return;
    }
    w->settle_trying = 0;
    unsend(w); /* memory is out: smaller statements, later */
    w->settle_single = 10;
    w->settle_retry_us = now_us + 100000;
}

uint64_t pgqi_settle_wake_us(const struct pgqueue_worker *w)
{
    if (w->settle.state != CONN_IDLE || w->settling_count > 0)
        return UINT64_MAX;
    if (!w->settle_up || w->outcomes.first != NULL)
        return w->settle_retry_us;
    if (w->put_off == 0 || w->state >= WORKER_LEAVING)
        return UINT64_MAX;
    return w->put_off_us > w->settle_retry_us ? w->put_off_us : w->settle_retry_us;
}
