/* SPDX-License-Identifier: MIT */
/* Rows that the SQL functions answer, as C values; the only place that knows their column order. */
#include "db/row.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum job_column {
    JOB_ID,
    JOB_LEASE,
    JOB_DATA,
    JOB_ATTEMPT,
    JOB_PRIORITY,
    JOB_START_AFTER,
    JOB_RETRY_LIMIT,
    JOB_EXPIRE_IN,
    JOB_ORIGIN
};

size_t pgqi_row_count(const struct pg_result *result)
{
    return (size_t)PQntuples(result);
}

const char *pgqi_row_text(const struct pg_result *result, size_t row, int column)
{
    if (PQgetisnull(result, (int)row, column))
        return NULL;
    return PQgetvalue(result, (int)row, column);
}

/* As the server prints a bigint: a sign, digits, and nothing else; a null is the empty text. Five
 * of them come with each job, and strtoll takes three times the instructions. */
int64_t pgqi_row_i64(const struct pg_result *result, size_t row, int column)
{
    const char *text = PQgetvalue(result, (int)row, column);
    uint64_t value = 0;
    int negative = *text == '-';
    for (text += negative; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    return (int64_t)(negative ? 0 - value : value);
}

int pgqi_row_bool(const struct pg_result *result, size_t row, int column)
{
    return PQgetvalue(result, (int)row, column)[0] == 't';
}

void pgqi_row_ids(const struct pg_result *result, size_t row, int column, int64_t *ids,
                  size_t count)
{
    /* {1,NULL,3} */
    const char *at = row < pgqi_row_count(result) ? PQgetvalue(result, (int)row, column) : "";
    for (size_t i = 0; i < count; i++) {
        char *end = NULL;
        at += *at != '\0';
        ids[i] = strtoll(at, &end, 10);
        at = end + strcspn(end, ",}");
    }
}

static void read_job(struct pgqueue_jobs *batch, size_t row)
{
    const PGresult *r = batch->result;
    struct pgqueue_job *job = &batch->jobs[row];
    const char *data = pgqi_row_text(r, row, JOB_DATA);
    job->id = pgqi_row_i64(r, row, JOB_ID);
    job->data = data ? data : "null";
    job->data_len = data ? (size_t)PQgetlength(r, (int)row, JOB_DATA) : 4;
    job->attempt = (int32_t)pgqi_row_i64(r, row, JOB_ATTEMPT);
    job->priority = (int32_t)pgqi_row_i64(r, row, JOB_PRIORITY);
    job->start_after = pgqi_row_text(r, row, JOB_START_AFTER);
    job->retry_limit = (int32_t)pgqi_row_i64(r, row, JOB_RETRY_LIMIT);
    /* Most often as the job's before. */
    if (row > 0 && strcmp(PQgetvalue(r, (int)row, JOB_EXPIRE_IN),
                          PQgetvalue(r, (int)row - 1, JOB_EXPIRE_IN)) == 0)
        job->expire_in_s = job[-1].expire_in_s;
    else
        job->expire_in_s = strtod(PQgetvalue(r, (int)row, JOB_EXPIRE_IN), NULL);
    job->origin = pgqi_row_text(r, row, JOB_ORIGIN);
    job->delay_s = -1;
    job->batch = batch;
    atomic_init(&job->cancelled, 0);
    atomic_init(&job->place, 0);
}

struct pgqueue_jobs *pgqi_jobs_of_result(struct pg_result *result, const char *queue)
{
    size_t count = pgqi_row_count(result);
    struct pgqueue_jobs *batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        PQclear(result);
        return NULL;
    }
    batch->result = result;
    batch->queue = strdup(queue);
    batch->jobs = calloc(count ? count : 1, sizeof *batch->jobs);
    if (batch->queue == NULL || batch->jobs == NULL) {
        pgqi_jobs_free(batch);
        return NULL;
    }
    batch->bytes = PQresultMemorySize(result);
    batch->count = count;
    batch->open = batch->unended = count;
    if (count > 0)
        batch->lease = pgqi_row_i64(result, 0, JOB_LEASE);
    for (size_t row = 0; row < count; row++)
        read_job(batch, row);
    return batch;
}

void pgqi_jobs_free(struct pgqueue_jobs *jobs)
{
    if (jobs == NULL)
        return;
    for (size_t i = 0; jobs->jobs != NULL && i < jobs->count; i++)
        free(jobs->jobs[i].output);
    free(jobs->jobs);
    free(jobs->queue);
    PQclear(jobs->result);
    free(jobs);
}

size_t pgqi_job_ended(struct pgqueue_job *job)
{
    struct pgqueue_jobs *batch = job->batch;
    if (--batch->unended > 0)
        return 0;
    PQclear(batch->result);
    batch->result = NULL;
    return batch->bytes;
}

void pgqi_job_release(struct pgqueue_job *job)
{
    struct pgqueue_jobs *batch = job->batch;
    free(job->output);
    job->output = NULL;
    if (--batch->open == 0)
        pgqi_jobs_free(batch);
}

/* Splits the text form of a one-dimensional array without nulls into at most max elements,
 * unquoting in place. Returns how many. */
static size_t split_array(char *text, char **elements, size_t max)
{
    size_t count = 0;
    char *in = text + 1, *out = text + 1;
    if (text[0] != '{' || text[1] == '}')
        return 0;
    while (*in && count < max) {
        int quoted = *in == '"';
        elements[count++] = out;
        in += quoted;
        while (*in && (quoted ? *in != '"' : *in != ',' && *in != '}')) {
            if (*in == '\\' && in[1])
                in++;
            *out++ = *in++;
        }
        in += quoted && *in;
        char end = *in;
        in += end != '\0';
        *out++ = '\0';
        if (end != ',')
            break;
    }
    return count;
}

/* Most elements that the text form can hold. */
static size_t array_bound(const char *text)
{
    size_t n = 1;
    for (; *text; text++)
        n += *text == ',';
    return n;
}

int pgqi_poll_answer(const struct pg_result *result, struct poll_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    if (pgqi_row_count(result) != 1)
        return PGQUEUE_EDB;
    answer->known = pgqi_row_bool(result, 0, 0);
    answer->wait_ms = pgqi_row_i64(result, 0, 2);
    char *gone = strdup(PQgetvalue(result, 0, 3));
    size_t due_bound = array_bound(PQgetvalue(result, 0, 1));
    size_t gone_bound = gone ? array_bound(gone) : 0;
    /* One block: the pointers and, behind them, the text that they point into. */
    answer->due = malloc(due_bound * sizeof *answer->due + strlen(PQgetvalue(result, 0, 1)) + 1);
    answer->gone = calloc(gone_bound ? gone_bound : 1, sizeof *answer->gone);
    char **elements = calloc(gone_bound ? gone_bound : 1, sizeof *elements);
    int rc = PGQUEUE_OK;
    if (gone == NULL || answer->due == NULL || answer->gone == NULL || elements == NULL) {
        pgqi_poll_answer_free(answer);
        rc = PGQUEUE_ENOMEM;
    } else {
        char *text = (char *)(answer->due + due_bound);
        memcpy(text, PQgetvalue(result, 0, 1), strlen(PQgetvalue(result, 0, 1)) + 1);
        answer->due_count = split_array(text, answer->due, due_bound);
        answer->gone_count = split_array(gone, elements, gone_bound);
        for (size_t i = 0; i < answer->gone_count; i++)
            answer->gone[i] = strtoll(elements[i], NULL, 10);
    }
    free(elements);
    free(gone);
    return rc;
}

void pgqi_poll_answer_free(struct poll_answer *answer)
{
    free(answer->due);
    free(answer->gone);
    memset(answer, 0, sizeof *answer);
}
