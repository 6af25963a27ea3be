/* SPDX-License-Identifier: MIT */
/*
 * 01_send.c: makes a queue and sends it four jobs: a plain one, one for later, one with a key, and
 * the same again, which is refused. The database is that of PGQUEUE_DSN.
 *
 *     cc 01_send.c -o 01_send $(pkg-config --cflags --libs libpgqueue) && ./01_send
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgqueue.h>

static int send_mail(pgqueue *queue, const char *json, const pgqueue_send_options *options)
{
    pgqueue_error error;
    int64_t id;
    int code = pgqueue_send(queue, "mail", json, strlen(json), options, &id, &error);
    if (code == PGQUEUE_OK)
        printf("sent job %" PRId64 "\n", id);
    else if (code == PGQUEUE_EDUPLICATE)
        printf("not sent: a job with this key is queued or running already\n");
    else
        fprintf(stderr, "send: %s: %s\n", pgqueue_code_name(code), error.message);
    return code;
}

static int run(pgqueue *queue)
{
    pgqueue_error error;

    /* A queue is created once. That it is there already is no reason to stop. */
    int code = pgqueue_queue_create(queue, "mail", "{\"retry_limit\": 5}", &error);
    if (code != PGQUEUE_OK && code != PGQUEUE_EDUPLICATE) {
        fprintf(stderr, "create: %s\n", error.message);
        return 1;
    }
    if (send_mail(queue, "{\"to\": \"ann@example.org\"}", NULL) != PGQUEUE_OK)
        return 1;

    /* What is not set comes from the queue, and from the defaults. */
    pgqueue_send_options later = PGQUEUE_SEND_OPTIONS_INIT;
    later.delay_s = 3600;
    later.priority = 10;
    if (send_mail(queue, "{\"to\": \"bob@example.org\"}", &later) != PGQUEUE_OK)
        return 1;

    /* A key makes it safe to send again when nobody knows whether the first try arrived. */
    pgqueue_send_options keyed = PGQUEUE_SEND_OPTIONS_INIT;
    keyed.singleton_key = "invoice-2026-1042";
    if (send_mail(queue, "{\"to\": \"eve@example.org\"}", &keyed) != PGQUEUE_OK)
        return 1;
    return send_mail(queue, "{\"to\": \"eve@example.org\"}", &keyed) == PGQUEUE_EDUPLICATE ? 0 : 1;
}

int main(void)
{
    pgqueue *queue;
    pgqueue_error error;
    if (pgqueue_open(getenv("PGQUEUE_DSN"), NULL, &queue, &error) != PGQUEUE_OK) {
        fprintf(stderr, "open: %s\n", error.message);
        return 1;
    }
    int failed = run(queue);
    pgqueue_close(queue);
    return failed;
}
