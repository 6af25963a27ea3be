/* SPDX-License-Identifier: MIT */
/* A program outside the tree, as C11 and as C++: sends a job, reads it back,
 * completes it; knows the installed library only. usage: consumer CONNINFO
 * SCHEMA */
#include <pgqueue.h>

#include <stdio.h>
#include <string.h>

static int failed(const char *what, const pgqueue_error *error)
{
    fprintf(stderr, "%s: %s (%s)\n", what, error->message, pgqueue_code_name(error->code));
    return 1;
}

int main(int argc, char **argv)
{
    static const char payload[] = "{\"text\": \"Gr\303\274\303\237e\", \"n\": 42}";
    pgqueue_options options = PGQUEUE_OPTIONS_INIT;
    pgqueue_send_options send = PGQUEUE_SEND_OPTIONS_INIT;
    pgqueue_error error;
    pgqueue *queue = NULL;
    pgqueue_jobs *jobs = NULL;
    int64_t id = 0;
    size_t len = 0;

    if (argc != 3)
        return 2;
    if (strcmp(pgqueue_version(), PGQUEUE_VERSION) != 0) {
        fprintf(stderr, "header %s, library %s\n", PGQUEUE_VERSION, pgqueue_version());
        return 1;
    }
    options.schema = argv[2];
    if (pgqueue_open(argv[1], &options, &queue, &error) != PGQUEUE_OK)
        return failed("open", &error);
    if (pgqueue_queue_create(queue, argv[0], NULL, &error) != PGQUEUE_OK)
        return failed("create", &error);
    send.priority = 7;
    if (pgqueue_send(queue, argv[0], payload, sizeof payload - 1, &send, &id, &error) != PGQUEUE_OK)
        return failed("send", &error);
    if (pgqueue_fetch(queue, argv[0], 10, &jobs, &error) < 0)
        return failed("fetch", &error);
    if (pgqueue_jobs_count(jobs) != 1) {
        fprintf(stderr, "%d jobs\n", (int)pgqueue_jobs_count(jobs));
        return 1;
    }
    pgqueue_job *job = pgqueue_jobs_get(jobs, 0);
    if (pgqueue_job_id(job) != id || pgqueue_job_priority(job) != 7 ||
        pgqueue_job_attempt(job) != 1) {
        fprintf(stderr, "another job than the one sent\n");
        return 1;
    }
    printf("%s\n", pgqueue_job_data(job, &len));
    if (pgqueue_complete(queue, job, "\"done\"", 6, &error) != PGQUEUE_OK)
        return failed("complete", &error);
    if (pgqueue_complete(queue, job, NULL, 0, &error) != PGQUEUE_ELOST)
        return failed("a second complete", &error);
    pgqueue_jobs_free(jobs);
    pgqueue_close(queue);
    return 0;
}
