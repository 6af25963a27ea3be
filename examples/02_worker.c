/* SPDX-License-Identifier: MIT */
/*
 * 02_worker.c: a worker for the queue of 01_send.c. It runs until TERM or INT; with --once until no
 * job is due. A job of {"to": "bounce@example.org"} fails for good.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgqueue.h>

static pgqueue_worker *worker;

static void stop(int sig)
{
    (void)sig;
    pgqueue_worker_stop(worker); /* safe here; running handlers may end, for 30 s at most */
}

/* Runs on a thread of the worker's pool, several at once. What it returns decides about the job. */
static int mail(pgqueue_job *job, void *user)
{
    size_t len;
    const char *data = pgqueue_job_data(job, &len);
    (void)user;
    printf("job %" PRId64 ", attempt %" PRId32 ": %s\n", pgqueue_job_id(job),
           pgqueue_job_attempt(job), data);
    if (strstr(data, "bounce@") != NULL) {
        pgqueue_job_set_message(job, "the address does not exist");
        return PGQUEUE_FAIL;
    }
    /* PGQUEUE_RETRY would run it again later. It may run twice in any case, when this process dies
     * before the outcome is stored: an effect that must not be doubled needs the job's id. */
    pgqueue_job_set_output(job, "{\"sent\": true}", strlen("{\"sent\": true}"));
    return PGQUEUE_DONE;
}

static void log_line(void *user, int level, const char *message)
{
    (void)user;
    if (level >= PGQUEUE_WARNING)
        fprintf(stderr, "worker: %s\n", message);
}

int main(int argc, char **argv)
{
    pgqueue_error error;
    pgqueue_worker_options options = PGQUEUE_WORKER_OPTIONS_INIT;
    options.threads = 4;
    options.log = log_line;
    if (argc > 1 && strcmp(argv[1], "--once") == 0)
        options.once = 1;
    if (pgqueue_worker_new(getenv("PGQUEUE_DSN"), &options, &worker, &error) != PGQUEUE_OK ||
        pgqueue_work(worker, "mail", NULL, mail, NULL, &error) != PGQUEUE_OK) {
        fprintf(stderr, "worker: %s\n", error.message);
        return 1;
    }
    signal(SIGTERM, stop);
    signal(SIGINT, stop);

    /* It waits for a database that is away, also for one that is not there yet. */
    int code = pgqueue_worker_run(worker, &error);
    if (code == PGQUEUE_ESTATE)
        _Exit(1); /* handlers still run and use the worker: end without freeing it */
    if (code != PGQUEUE_OK)
        fprintf(stderr, "worker: %s\n", error.message);
    pgqueue_worker_free(worker);
    return code == PGQUEUE_OK ? 0 : 1;
}
