/* SPDX-License-Identifier: MIT */
/*
 * 05_module.c: a handler module for pgqueued, which 05_module.ini loads. It has two handlers.
 *
 *     cc -shared -fPIC 05_module.c -o 05_module.so $(pkg-config --cflags libpgqueue)
 *     pgqueued -c 05_module.ini
 */
#include <stdio.h>
#include <stdlib.h>

#include <pgqueue.h>

/* One per worker process. The handlers get it as user, on several threads at once. */
struct state {
    const pgqueue_host *host;
};

/* Answers with the payload. */
static int echo(pgqueue_job *job, void *user)
{
    const struct state *state = user;
    size_t len;
    const char *data = pgqueue_job_data(job, &len);
    state->host->log(state->host->context, PGQUEUE_INFO, job, "echoed");
    return pgqueue_job_set_output(job, data, len) == PGQUEUE_OK ? PGQUEUE_DONE : PGQUEUE_RETRY;
}

/* Fails at its first attempt, comes back after a tenth of a second, and then is done. */
static int stumble(pgqueue_job *job, void *user)
{
    (void)user;
    if (pgqueue_job_attempt(job) > 1)
        return PGQUEUE_DONE;
    pgqueue_job_set_message(job, "stumbled");
    pgqueue_job_set_delay(job, 0.1);
    return PGQUEUE_RETRY;
}

static int load(const pgqueue_host *host, void **out, pgqueue_error *error)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        error->code = PGQUEUE_ENOMEM;
        snprintf(error->message, sizeof error->message, "no memory");
        return PGQUEUE_ENOMEM;
    }
    state->host = host;
    *out = state;
    return PGQUEUE_OK;
}

static void unload(void *state)
{
    free(state);
}

static const pgqueue_module_handler handlers[] = {
    {"echo", echo, 0},
    {"stumble", stumble, 0},
    {NULL, NULL, 0},
};

const pgqueue_module pgqueue_module_entry = {
    .abi = PGQUEUE_MODULE_ABI,
    .name = "example",
    .version = "1",
    .handlers = handlers,
    .load = load,
    .unload = unload,
};
