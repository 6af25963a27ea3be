/* SPDX-License-Identifier: MIT */
/* Rows that the SQL functions answer, as C values; the only place that knows their column order. */
#ifndef PGQI_DB_ROW_H
#define PGQI_DB_ROW_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "pgqueue.h"

struct pg_result; /* libpq's PGresult */

/* The jobs of one claim. Their texts point into the result, which is the one copy of every payload:
 * the result is freed when the last job has ended (pgqi_job_ended), the rest with the last job. */
struct pgqueue_jobs {
    struct pg_result *result; /* NULL: freed */
    size_t bytes;             /* of memory that the result holds */
    size_t count;
    size_t unended;
    size_t open;    /* jobs not yet released by pgqi_job_release */
    size_t settled; /* the worker's: jobs whose outcome was sent */
    size_t sending; /* of these, in the statement that is being made */
    char *queue;
    int64_t lease;
    struct pgqueue_job *jobs;
};

struct pgqueue_job {
    int64_t id;
    const char *data;
    const char *origin;      /* or NULL */
    const char *start_after; /* as the server printed it */
    struct pgqueue_jobs *batch;
    double expire_in_s;
    size_t data_len;
    int32_t attempt;
    int32_t priority;
    int32_t retry_limit;
    atomic_int cancelled;
    /* What the handler said. */
    char *output; /* owned */
    size_t output_len;
    double delay_s; /* < 0: not set */
    int outcome;
    unsigned char unsure;  /* the worker's: its outcome was sent, and no answer came */
    unsigned char refused; /* the worker's: and, sent alone, it was refused for now */
    /* The worker's own. */
    void *owner;
    atomic_int place;         /* enum job_place of run/worker.h */
    uint64_t wait_until_us;   /* not started by then, it goes back */
    uint64_t ended_us;        /* valid once place is JOB_ENDED, of one that had started */
    uint64_t started_us;      /* valid while place is JOB_RUNNING */
    struct pgqueue_job *next; /* in the ready or done list */
    struct pgqueue_job *prev_held, *next_held; /* in the list of all jobs that the worker holds */
};

/* Takes result. Returns owned jobs (pgqi_jobs_free, or pgqi_job_release of each), NULL if memory is
 * out. */
struct pgqueue_jobs *pgqi_jobs_of_result(struct pg_result *result, const char *queue);
void pgqi_jobs_free(struct pgqueue_jobs *jobs);
/* Nobody reads this job's texts any more. Returns the bytes of the result if it is freed by that,
 * else 0. */
size_t pgqi_job_ended(struct pgqueue_job *job);
/* Ends one job's use of its batch; the last one frees it. */
void pgqi_job_release(struct pgqueue_job *job);

/* One value of a result, row and column from 0. */
size_t pgqi_row_count(const struct pg_result *result);
int64_t pgqi_row_i64(const struct pg_result *result, size_t row, int column);      /* null: 0 */
int pgqi_row_bool(const struct pg_result *result, size_t row, int column);         /* null: 0 */
const char *pgqi_row_text(const struct pg_result *result, size_t row, int column); /* null: NULL */
/* Of an array of integers the first count elements; 0 for a null, and for one that is not there. */
void pgqi_row_ids(const struct pg_result *result, size_t row, int column, int64_t *ids,
                  size_t count);

/* What poll() answers. due and gone hold the elements of the arrays. */
struct poll_answer {
    int known;
    int64_t wait_ms;
    char **due;
    size_t due_count;
    int64_t *gone;
    size_t gone_count;
};
/* Returns 0, or PGQUEUE_ENOMEM. Free with pgqi_poll_answer_free. */
int pgqi_poll_answer(const struct pg_result *result, struct poll_answer *answer);
void pgqi_poll_answer_free(struct poll_answer *answer);

#endif
