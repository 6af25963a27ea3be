/* SPDX-License-Identifier: MIT */
/* The database that every other case gets a copy of. */
#include <pgqueue.h>
#include <stddef.h>

#include "cases.h"
#include "db.h"
#include "load.h"
#include "report.h"

void case_setup(const char *dsn, long size)
{
    pgqueue_options options = PGQUEUE_OPTIONS_INIT;
    pgqueue_error error;
    pgqueue *queue;
    (void)size;
    options.skip_schema_check = 1;
    if (pgqueue_open(dsn, &options, &queue, &error) != PGQUEUE_OK ||
        pgqueue_migrate(queue, NULL, NULL, NULL, NULL, NULL, &error) != PGQUEUE_OK ||
        pgqueue_queue_create(queue, QUEUE, NULL, &error) != PGQUEUE_OK ||
        pgqueue_queue_create(queue, "other", NULL, &error) != PGQUEUE_OK)
        die("%s", error.message);
    /* The very row of a job with its keys, the id and the order of claims, and nothing else that a
     * queue needs. */
    db_run(pgqueue_connection(queue),
           "create table raw_job (like pgqueue.job_live including all);"
           "alter table raw_job alter created_on set default now(),"
           " alter start_after set default now(), alter rank set default 0,"
           " alter expire_ms set default 900000, alter retry_ms set default 60000,"
           " alter keep_queued_s set default 1209600, alter retry_limit set default 3,"
           " alter backoff set default true;"
           "create index raw_job_claim on raw_job (queue, rank, start_after, id)");
    pgqueue_close(queue);
}
