/* SPDX-License-Identifier: MIT */
/* Fetches jobs for those who work by hand. */
#include <stdio.h>

#include "base/error.h"
#include "core/client.h"
#include "db/row.h"

int pgqueue_fetch(pgqueue *queue, const char *name, int n, pgqueue_jobs **out, pgqueue_error *error)
{
    struct params *p = pgqi_client_params(queue);
    struct pg_result *result = NULL;
    char number[16];
    snprintf(number, sizeof number, "%d", n);
    pgqi_param_text(p, name);
    pgqi_param_text(p, number);
    int rc = pgqi_call(&queue->session, STMT_FETCH, p, &result, error);
    if (rc != PGQUEUE_OK)
        return rc;
    pgqueue_jobs *jobs = pgqi_jobs_of_result(result, name);
    if (jobs == NULL)
        return pgqi_no_memory(error);
    *out = jobs;
    return PGQUEUE_OK;
}

size_t pgqueue_jobs_count(const pgqueue_jobs *jobs)
{
    return jobs->count;
}

pgqueue_job *pgqueue_jobs_get(pgqueue_jobs *jobs, size_t index)
{
    return index < jobs->count ? &jobs->jobs[index] : NULL;
}

void pgqueue_jobs_free(pgqueue_jobs *jobs)
{
    pgqi_jobs_free(jobs);
}
