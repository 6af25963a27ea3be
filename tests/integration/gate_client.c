/* SPDX-License-Identifier: MIT */
/* One user of the library whose instructions are counted from outside, see
 * test_gate_instructions.py: sends jobs, one by one or by 1,000, or drains the queue with a handler
 * that does nothing. Knows no test.
 *
 *     gate_client send|bulk|loop|threads SCHEMA JOBS        the database: PGQUEUE_DSN
 *     gate_client built                                     prints whether its build can be counted
 */
#include <pgqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(what) 0
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ ||                                 \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BUILT "sanitizers"
#elif !defined __OPTIMIZE__
#define BUILT "unoptimised"
#else
#define BUILT "plain"
#endif

enum { BATCH = 1000 };

static const char payload[] = "{\"i\": 12345, \"to\": \"user12345@example.org\", \"template\": "
                              "\"welcome\", \"lang\": \"en\", \"note\": \"xxxxxxxxxxxxxxxx\"}";
static pgqueue_error error;

static void must(int rc)
{
    if (rc == PGQUEUE_OK)
        return;
    fprintf(stderr, "gate_client: %s\n", error.message);
    exit(1);
}

static int work(pgqueue_job *job, void *user)
{
    (void)job;
    (void)user;
    return PGQUEUE_DONE;
}

static void send(const char *schema, int jobs, int batch)
{
    static pgqueue_payload payloads[BATCH];
    pgqueue_options options = PGQUEUE_OPTIONS_INIT;
    pgqueue *queue;
    options.schema = schema;
    for (int i = 0; i < batch; i++)
        payloads[i] = (pgqueue_payload){payload, sizeof payload - 1};
    must(pgqueue_open(getenv("PGQUEUE_DSN"), &options, &queue, &error));
    for (int i = 0; i < jobs; i += batch)
        if (batch == 1)
            must(pgqueue_send(queue, "gate", payload, sizeof payload - 1, NULL, NULL, &error));
        else
            must(pgqueue_send_many(queue, "gate", payloads, (size_t)batch, NULL, NULL, &error));
    pgqueue_close(queue);
}

/* On the loop a thousand at a time: claims and settles have a fixed size. */
static void drain(const char *schema, int on_loop)
{
    pgqueue_worker_options options = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_work_options work_options = PGQUEUE_WORK_OPTIONS_INIT;
    pgqueue_worker *worker;
    options.schema = schema;
    options.once = 1;
    if (on_loop) {
        options.threads = 0;
        work_options.on_loop = 1;
        work_options.concurrency = BATCH;
    }
    must(pgqueue_worker_new(getenv("PGQUEUE_DSN"), &options, &worker, &error));
    must(pgqueue_work(worker, "gate", &work_options, work, NULL, &error));
    must(pgqueue_worker_run(worker, &error));
    pgqueue_worker_free(worker);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "built") == 0) {
        puts(BUILT);
        return 0;
    }
    if (argc != 4)
        return 2;
    if (strcmp(argv[1], "send") == 0)
        send(argv[2], (int)strtol(argv[3], NULL, 10), 1);
    else if (strcmp(argv[1], "bulk") == 0)
        send(argv[2], (int)strtol(argv[3], NULL, 10), BATCH);
    else
        drain(argv[2], strcmp(argv[1], "loop") == 0);
    return 0;
}
