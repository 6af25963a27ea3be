/* SPDX-License-Identifier: MIT */
/* How the worker's two connections come up and go down: what is said to the database before the
 * first claim. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "core/client.h"
#include "run/worker.h"

static void report(struct pgqueue_worker *w, int up, const char *why)
{
    pgqueue_event event = {.size = sizeof event, .worker = w->id, .message = why};
    if (w->reported_up == up)
        return;
    w->reported_up = up;
    event.kind = up ? PGQUEUE_EVENT_CONNECTED : PGQUEUE_EVENT_DISCONNECTED;
    if (!up)
        pgqi_log(&w->log, PGQUEUE_WARNING, "no database: %s", why);
    pgqi_worker_event(w, &event);
}

static void report_if_up(struct pgqueue_worker *w)
{
    if (w->claim_up && w->settle_up)
        report(w, 1, NULL);
}

/* Names what was declared: the database's message may not. */
static void name_declared(const struct pgqueue_worker *w, pgqueue_error *error)
{
    const char *kind = NULL, *name = NULL;
    const pgqueue_error said = *error;
    if (w->setup == SETUP_QUEUES) {
        kind = "queue";
        name = w->queues[w->setup_index]->name;
    } else if (w->setup == SETUP_SCHEDULES) {
        kind = "schedule";
        name = w->schedules[w->setup_index].field[0];
    }
    if (kind == NULL)
        return;
    pgqi_error_set(error, said.code, "%s \"%s\": %s", kind, name, said.message);
    memcpy(error->sqlstate, said.sqlstate, sizeof error->sqlstate);
    error->retryable = said.retryable;
}

/* A step of the set-up failed. What cannot be cured by waiting stops the worker. */
static void setup_failed(struct pgqueue_worker *w, const pgqueue_error *error)
{
    if (w->claim.state != CONN_IDLE)
        return; /* the connection comes back by itself */
    pgqueue_error named = *error;
    name_declared(w, &named);
    if (!error->retryable) {
        pgqi_worker_fatal(w, &named);
        return;
    }
    pgqi_log(&w->log, PGQUEUE_WARNING, "set-up failed, trying again: %s", named.message);
    w->setup_retry_us = pgqi_now_us() + 100000 + pgqi_jitter(100000);
}

static void take_answer(struct pgqueue_worker *w, const struct pg_result *result)
{
    pgqueue_error error;
    switch (w->setup) {
    case SETUP_VERSION:
        if (pgqi_check_version((int32_t)pgqi_row_i64(result, 0, 0), pgqi_wanted_version(),
                               w->schema, &error) != PGQUEUE_OK)
            pgqi_worker_fatal(w, &error);
        break;
    case SETUP_REGISTER:
        w->id = pgqi_row_i64(result, 0, 0);
        w->id_before = w->id;
        if (pgqi_row_bool(result, 0, 1))
            pgqi_conn_pooled(&w->claim);
        break;
    case SETUP_SCHEDULES:
        if (pgqi_row_text(result, 0, 0) == NULL)
            pgqi_log(&w->log, PGQUEUE_WARNING,
                     "schedule %s was removed and stays so until somebody sets it again",
                     w->schedules[w->setup_index].field[0]);
        break;
    case SETUP_CRASH:
        pgqi_log(&w->log, PGQUEUE_INFO, "freed %lld jobs of a worker process that died",
                 (long long)pgqi_row_i64(result, 0, 0));
        break;
    default:
        break;
    }
}

static void setup_done(void *user, struct pg_result *result, const pgqueue_error *error)
{
    struct pgqueue_worker *w = user;
    if (result == NULL) {
        setup_failed(w, error);
        return;
    }
    take_answer(w, result);
    pgqi_result_free(result);
    size_t count = w->setup == SETUP_QUEUES      ? w->queue_count
                   : w->setup == SETUP_SCHEDULES ? w->schedule_count
                                                 : 1;
    w->setup_index++;
    while (w->setup == SETUP_QUEUES && w->setup_index < count &&
           w->queues[w->setup_index]->options == NULL)
        w->setup_index++; /* it was only to be checked */
    if (w->setup_index >= count) {
        w->setup++;
        w->setup_index = 0;
    }
}

static void call(struct pgqueue_worker *w, enum stmt stmt)
{
    if (pgqi_params_bind(&w->claim_params))
        pgqi_conn_call(&w->claim, stmt, &w->claim_params, setup_done, w);
    else {
        pgqi_log(&w->log, PGQUEUE_ERROR, "out of memory");
        w->setup_retry_us = pgqi_now_us() + 100000;
    }
}

static void call_register(struct pgqueue_worker *w)
{
    struct params *p = &w->claim_params;
    size_t leases = 0;
    int64_t last = 0;
    pgqi_param_text(p, w->name);
    if (w->id_before == 0) {
        pgqi_param_text(p, NULL);
        pgqi_param_text(p, NULL);
        pgqi_param_i64(p, pgqi_conn_session(&w->claim));
        call(w, STMT_REGISTER);
        return;
    }
    pgqi_param_i64(p, w->id_before);
    /* Jobs of one lease lie side by side in the list, so repeats are few and harmless. */
    for (struct pgqueue_job *job = w->held; job != NULL; job = job->next_held) {
        leases += job->batch->lease != last;
        last = job->batch->lease;
    }
    pgqi_param_array(p, OID_INT8, leases);
    last = 0;
    for (struct pgqueue_job *job = w->held; job != NULL; job = job->next_held) {
        if (job->batch->lease != last)
            pgqi_element_i64(p, job->batch->lease);
        last = job->batch->lease;
    }
    pgqi_param_array_end(p);
    pgqi_param_i64(p, pgqi_conn_session(&w->claim));
    call(w, STMT_REGISTER);
}

static void add_ids(struct params *p, const int64_t *ids, size_t count)
{
    pgqi_param_array(p, OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        pgqi_element_i64(p, ids[i]);
    pgqi_param_array_end(p);
}

static void call_crash(struct pgqueue_worker *w)
{
    struct params *p = &w->claim_params;
    pgqi_param_i64(p, w->crash_worker);
    add_ids(p, w->crash_ids, w->crash_started);
    add_ids(p, w->crash_ids + w->crash_started, w->crash_culprits);
    pgqi_param_text(p, w->crash_reason);
    call(w, STMT_DIED);
}

static size_t count_checked(const struct pgqueue_worker *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->queue_count; i++)
        count += w->queues[i]->options == NULL;
    return count;
}

/* Queues without options only have to be there: all of them in one statement. */
static void call_check(struct pgqueue_worker *w)
{
    struct params *p = &w->claim_params;
    pgqi_param_array(p, OID_TEXT, count_checked(w));
    for (size_t i = 0; i < w->queue_count; i++)
        if (w->queues[i]->options == NULL)
            pgqi_element_text(p, w->queues[i]->name, strlen(w->queues[i]->name));
    pgqi_param_array_end(p);
    call(w, STMT_QUEUE_CHECK);
}

static void call_queue(struct pgqueue_worker *w)
{
    const struct work_queue *q = w->queues[w->setup_index];
    pgqi_param_text(&w->claim_params, q->name);
    pgqi_param_text(&w->claim_params, q->options);
    call(w, STMT_QUEUE_DECLARE);
}

static void call_schedule(struct pgqueue_worker *w)
{
    const struct declared_schedule *s = &w->schedules[w->setup_index];
    for (int i = 0; i < 6; i++)
        pgqi_param_text(&w->claim_params, s->field[i]);
    call(w, STMT_SCHEDULE_DECLARE);
}

/* Whether a step has nothing to say. What is declared is declared once in the worker's life. */
static int nothing_to_say(const struct pgqueue_worker *w)
{
    switch (w->setup) {
    case SETUP_CRASH:
        return w->set_up_once || w->crash_worker == 0;
    case SETUP_CHECK:
        return w->set_up_once || count_checked(w) == 0;
    case SETUP_QUEUES:
        return w->set_up_once || count_checked(w) == w->queue_count;
    case SETUP_SCHEDULES:
        return w->set_up_once || w->schedule_count == 0;
    default:
        return 0;
    }
}

void pgqi_setup_step(struct pgqueue_worker *w)
{
    char channel[64];
    if (w->claim.state != CONN_IDLE || w->claim_up || pgqi_now_us() < w->setup_retry_us)
        return;
    while (nothing_to_say(w))
        w->setup++;
    pgqi_params_reset(&w->claim_params);
    switch (w->setup) {
    case SETUP_SESSION:
        call(w, STMT_SESSION);
        break;
    case SETUP_VERSION:
        pgqi_param_text(&w->claim_params, "queue");
        call(w, STMT_VERSION);
        break;
    case SETUP_REGISTER:
        call_register(w);
        break;
    case SETUP_LISTEN:
        snprintf(channel, sizeof channel, "pgqueue_%lld", (long long)w->id);
        pgqi_conn_listen(&w->claim, channel, setup_done, w);
        break;
    case SETUP_CRASH:
        call_crash(w);
        break;
    case SETUP_CHECK:
        call_check(w);
        break;
    case SETUP_QUEUES:
        while (w->queues[w->setup_index]->options == NULL)
            w->setup_index++;
        call_queue(w);
        break;
    case SETUP_SCHEDULES:
        call_schedule(w);
        break;
    case SETUP_DONE:
        w->set_up_once = 1;
        w->claim_up = 1;
        pgqi_claim_reset(w);
        report_if_up(w);
        break;
    }
}

/* The connection stands, but this worker is not known any more, or holds leases that it knows
 * nothing of: it gets a new number and takes along what it knows. */
void pgqi_register_again(struct pgqueue_worker *w)
{
    w->claim_up = 0;
    w->reported_up = 0; /* CONNECTED tells the new number */
    w->setup = SETUP_REGISTER;
    w->setup_index = 0;
}

static void claim_up(void *user)
{
    struct pgqueue_worker *w = user;
    w->setup = SETUP_SESSION;
    w->setup_index = 0;
}

static void claim_down(void *user, const char *why)
{
    struct pgqueue_worker *w = user;
    w->claim_up = 0;
    w->setup = SETUP_SESSION;
    report(w, 0, why);
    pgqi_recall_unstarted(w); /* their lease may end before the connection is back */
}

/* ID:LEASE */
static void mark_cancelled(struct pgqueue_worker *w, const char *text)
{
    char *end;
    int64_t id = strtoll(text, &end, 10);
    if (*end == ':')
        pgqi_mark_cancelled(w, id, strtoll(end + 1, NULL, 10));
}

static void notified(void *user, const char *payload)
{
    struct pgqueue_worker *w = user;
    if (strncmp(payload, "q:", 2) == 0)
        pgqi_claim_wake_queue(w, payload + 2);
    else if (strncmp(payload, "c:", 2) == 0)
        mark_cancelled(w, payload + 2);
    else
        pgqi_look_out(w, pgqi_now_us());
}

static void settle_session_done(void *user, struct pg_result *result, const pgqueue_error *error)
{
    struct pgqueue_worker *w = user;
    if (result == NULL) {
        if (w->settle.state != CONN_IDLE)
            return; /* the connection comes back by itself */
        pgqi_log(&w->log, PGQUEUE_DEBUG, "session settings: %s", error->message);
        if (error->retryable) {
            w->settle_retry_us = pgqi_now_us() + 100000 + pgqi_jitter(100000);
            return;
        }
    }
    pgqi_result_free(result);
    w->settle_up = 1;
    report_if_up(w);
}

static void settle_up(void *user)
{
    struct pgqueue_worker *w = user;
    w->settle_retry_us = 0;
}

void pgqi_settle_setup(struct pgqueue_worker *w)
{
    pgqi_params_reset(&w->settle_params);
    if (pgqi_params_bind(&w->settle_params))
        pgqi_conn_call(&w->settle, STMT_SESSION, &w->settle_params, settle_session_done, w);
    else
        w->settle_retry_us = pgqi_now_us() + 100000;
}

static void settle_down(void *user, const char *why)
{
    struct pgqueue_worker *w = user;
    w->settle_up = 0;
    report(w, 0, why);
}

static void settle_notified(void *user, const char *payload)
{
    (void)user; /* this connection listens to nothing */
    (void)payload;
}

void pgqi_session_init(struct pgqueue_worker *w)
{
    const struct conn_hooks claim = {claim_up, claim_down, notified, w};
    const struct conn_hooks settle = {settle_up, settle_down, settle_notified, w};
    pgqi_conn_init(&w->claim, &w->info, &w->texts, &claim, w->log);
    pgqi_conn_init(&w->settle, &w->info, &w->texts, &settle, w->log);
    w->reported_up = -1;
}
