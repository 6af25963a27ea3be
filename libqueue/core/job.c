/* SPDX-License-Identifier: MIT */
/* The job object: its accessors, and what a handler leaves in it. */
#include "core/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

#define MESSAGE_MAX 8192

int64_t pgqueue_job_id(const pgqueue_job *job)
{
    return job->id;
}

int64_t pgqueue_job_lease(const pgqueue_job *job)
{
    return job->batch->lease;
}

const char *pgqueue_job_queue(const pgqueue_job *job)
{
    return job->batch->queue;
}

int32_t pgqueue_job_attempt(const pgqueue_job *job)
{
    return job->attempt;
}

int32_t pgqueue_job_retry_limit(const pgqueue_job *job)
{
    return job->retry_limit;
}

int32_t pgqueue_job_priority(const pgqueue_job *job)
{
    return job->priority;
}

double pgqueue_job_expire_in_s(const pgqueue_job *job)
{
    return job->expire_in_s;
}

const char *pgqueue_job_data(const pgqueue_job *job, size_t *len)
{
    if (len != NULL)
        *len = job->data_len;
    return job->data;
}

const char *pgqueue_job_origin(const pgqueue_job *job)
{
    return job->origin;
}

int pgqueue_job_cancelled(pgqueue_job *job)
{
    return atomic_load(&job->cancelled);
}

int pgqueue_job_set_output(pgqueue_job *job, const void *json, size_t len)
{
    char *copy = json ? pgqi_utf8_clean(json, len, PGQI_OUTPUT_MAX, &job->output_len) : NULL;
    if (json != NULL && copy == NULL)
        return PGQUEUE_ENOMEM;
    free(job->output);
    job->output = copy;
    return PGQUEUE_OK;
}

int pgqueue_job_set_message(pgqueue_job *job, const char *text)
{
    struct buf b;
    pgqi_buf_init(&b, 8 * MESSAGE_MAX);
    char *clean = pgqi_utf8_clean(text, strlen(text), MESSAGE_MAX, NULL);
    if (clean == NULL)
        return PGQUEUE_ENOMEM;
    pgqi_buf_text(&b, "{\"message\":");
    pgqi_buf_json(&b, clean);
    pgqi_buf_text(&b, "}");
    free(clean);
    if (b.failed) {
        pgqi_buf_free(&b);
        return PGQUEUE_ENOMEM;
    }
    free(job->output);
    job->output = b.data;
    job->output_len = b.len;
    return PGQUEUE_OK;
}

void pgqueue_job_set_delay(pgqueue_job *job, double delay_s)
{
    job->delay_s = delay_s >= 0 && delay_s < 1e9 ? delay_s : -1;
}

const char *pgqi_outcome_word(int outcome)
{
    switch (outcome) {
    case PGQUEUE_DONE:
        return "done";
    case PGQUEUE_FAIL:
        return "fail";
    case PGQUEUE_SNOOZE:
        return "snooze";
    case PGQUEUE_CANCEL:
        return "cancel";
    default:
        return "retry";
    }
}

void pgqi_job_add_output(struct params *p, const struct pgqueue_job *job)
{
    if (job->output == NULL)
        pgqi_element_null(p);
    else
        pgqi_element_text(p, job->output, job->output_len);
}
