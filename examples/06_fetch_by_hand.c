/* SPDX-License-Identifier: MIT */
/*
 * 06_fetch_by_hand.c: claims jobs of the queue "mail" and settles each, without a worker. For
 * programs that want to decide themselves when to look. Nobody beats for such jobs: if this program
 * dies, they are claimable again when their expire_in ends.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgqueue.h>

static int settle(pgqueue *queue, pgqueue_job *job)
{
    static const char half[] = "{\"percent\": 50}", bad[] = "{\"message\": \"no such address\"}";
    size_t len;
    const char *data = pgqueue_job_data(job, &len);
    pgqueue_error error;

    int code = pgqueue_progress(queue, job, half, strlen(half), &error);
    if (code == PGQUEUE_OK && strstr(data, "bounce@") != NULL)
        code = pgqueue_fail(queue, job, bad, strlen(bad), -1, 1, &error); /* for good */
    else if (code == PGQUEUE_OK && strstr(data, "busy@") != NULL)
        code = pgqueue_snooze(queue, job, 60, &error); /* attempt not counted */
    else if (code == PGQUEUE_OK)
        code = pgqueue_complete(queue, job, NULL, 0, &error);

    if (code == PGQUEUE_OK)
        printf("job %" PRId64 " is settled\n", pgqueue_job_id(job));
    else if (code == PGQUEUE_ELOST) /* cancelled, or it took too long and is somebody else's */
        printf("job %" PRId64 " is not ours any more\n", pgqueue_job_id(job));
    else
        fprintf(stderr, "job %" PRId64 ": %s\n", pgqueue_job_id(job), error.message);
    return code;
}

int main(void)
{
    pgqueue *queue;
    pgqueue_jobs *jobs;
    pgqueue_error error;
    size_t count;
    int failed = 0;

    if (pgqueue_open(getenv("PGQUEUE_DSN"), NULL, &queue, &error) != PGQUEUE_OK) {
        fprintf(stderr, "open: %s\n", error.message);
        return 1;
    }
    do {
        if (pgqueue_fetch(queue, "mail", 10, &jobs, &error) != PGQUEUE_OK) {
            fprintf(stderr, "fetch: %s\n", error.message);
            pgqueue_close(queue);
            return 1;
        }
        count = pgqueue_jobs_count(jobs);
        for (size_t i = 0; i < count; i++) {
            int code = settle(queue, pgqueue_jobs_get(jobs, i));
            if (code != PGQUEUE_OK && code != PGQUEUE_ELOST)
                failed = 1;
        }
        pgqueue_jobs_free(jobs);
    } while (count > 0 && !failed);
    pgqueue_close(queue);
    return failed;
}
