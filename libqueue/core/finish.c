/* SPDX-License-Identifier: MIT */
/* Settles jobs that were fetched by hand, and changes jobs by their id. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "core/client.h"
#include "core/job.h"

static int lost(const pgqueue_job *job, pgqueue_error *error)
{
    return pgqi_error_set(error, PGQUEUE_ELOST,
                          "job %lld is no longer held: its lease ended or it was cancelled",
                          (long long)job->id);
}

/* One settle of one job. detail: text or NULL; delay_s: NAN for none. */
static int settle(pgqueue *queue, pgqueue_job *job, const char *word, const void *detail,
                  size_t len, double delay_s, pgqueue_error *error)
{
    struct params *p = pgqi_client_params(queue);
    struct pg_result *result = NULL;
    char *clean = NULL;
    size_t clean_len = 0;
    if (detail != NULL) {
        clean = pgqi_utf8_clean(detail, len, PGQI_OUTPUT_MAX, &clean_len);
        if (clean == NULL)
            return pgqi_no_memory(error);
    }
    pgqi_param_array(p, OID_INT8, 1);
    pgqi_element_i64(p, job->id);
    pgqi_param_array_end(p);
    pgqi_param_array(p, OID_INT8, 1);
    pgqi_element_i64(p, job->batch->lease);
    pgqi_param_array_end(p);
    pgqi_param_array(p, OID_TEXT, 1);
    pgqi_element_text(p, word, strlen(word));
    pgqi_param_array_end(p);
    pgqi_param_array(p, OID_TEXT, 1);
    if (clean != NULL)
        pgqi_element_text(p, clean, clean_len);
    else
        pgqi_element_null(p);
    pgqi_param_array_end(p);
    pgqi_param_array(p, OID_FLOAT8, 1);
    if (isnan(delay_s))
        pgqi_element_null(p);
    else
        pgqi_element_f64(p, delay_s);
    pgqi_param_array_end(p);
    pgqi_param_text(p, NULL);
    pgqi_param_text(p, job->batch->queue);
    int rc = pgqi_call(&queue->session, STMT_SETTLE, p, &result, error);
    if (rc == PGQUEUE_OK && !pgqi_row_bool(result, 0, 0))
        rc = lost(job, error);
    pgqi_result_free(result);
    free(clean);
    return rc;
}

int pgqueue_complete(pgqueue *queue, pgqueue_job *job, const void *output, size_t len,
                     pgqueue_error *error)
{
    return settle(queue, job, "done", output, len, NAN, error);
}

int pgqueue_fail(pgqueue *queue, pgqueue_job *job, const void *detail, size_t len,
                 double retry_in_s, int final, pgqueue_error *error)
{
    return settle(queue, job, final ? "fail" : "retry", detail, len,
                  retry_in_s >= 0 ? retry_in_s : NAN, error);
}

int pgqueue_snooze(pgqueue *queue, pgqueue_job *job, double delay_s, pgqueue_error *error)
{
    if (!(delay_s >= 0) || isinf(delay_s))
        return pgqi_error_set(error, PGQUEUE_EINVAL,
                              "the delay of a snooze must not be negative, it is %g", delay_s);
    return settle(queue, job, "snooze", NULL, 0, delay_s, error);
}

int pgqueue_release(pgqueue *queue, pgqueue_job *job, pgqueue_error *error)
{
    return settle(queue, job, "release", NULL, 0, NAN, error);
}

/* touch and progress answer "ok" or "lost". */
static int run_ok(pgqueue *queue, enum stmt stmt, pgqueue_job *job, pgqueue_error *error)
{
    struct pg_result *result = NULL;
    int rc = pgqi_call(&queue->session, stmt, &queue->params, &result, error);
    if (rc == PGQUEUE_OK && strcmp(pgqi_row_text(result, 0, 0), "ok") != 0)
        rc = lost(job, error);
    pgqi_result_free(result);
    return rc;
}

int pgqueue_touch(pgqueue *queue, pgqueue_job *job, pgqueue_error *error)
{
    struct params *p = pgqi_client_params(queue);
    pgqi_param_i64(p, job->id);
    pgqi_param_i64(p, job->batch->lease);
    return run_ok(queue, STMT_TOUCH, job, error);
}

int pgqueue_progress(pgqueue *queue, pgqueue_job *job, const void *json, size_t len,
                     pgqueue_error *error)
{
    struct params *p = pgqi_client_params(queue);
    pgqi_param_i64(p, job->id);
    pgqi_param_i64(p, job->batch->lease);
    pgqi_param_jsonb(p, json, len);
    return run_ok(queue, STMT_PROGRESS, job, error);
}

static int by_id(pgqueue *queue, enum stmt stmt, int64_t id, const char *otherwise,
                 pgqueue_error *error)
{
    pgqi_param_i64(pgqi_client_params(queue), id);
    return pgqi_client_run_true(queue, stmt, otherwise, error);
}

int pgqueue_cancel(pgqueue *queue, int64_t id, pgqueue_error *error)
{
    return by_id(queue, STMT_CANCEL, id, "there is no such job, or it has ended", error);
}

int pgqueue_retry(pgqueue *queue, int64_t id, pgqueue_error *error)
{
    return by_id(
        queue, STMT_RETRY, id,
        "there is no such job, or it is neither failed, nor cancelled, nor waits for a retry",
        error);
}

int pgqueue_run_now(pgqueue *queue, int64_t id, pgqueue_error *error)
{
    return by_id(queue, STMT_RUN_NOW, id, "there is no such job, or it is not queued", error);
}

int pgqueue_job_delete(pgqueue *queue, int64_t id, pgqueue_error *error)
{
    return by_id(queue, STMT_DELETE_JOB, id, "there is no such job, or it is running", error);
}
