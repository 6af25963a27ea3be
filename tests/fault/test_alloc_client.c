/* SPDX-License-Identifier: MIT */
/* Each call of the synchronous handle with each of its allocations failing in turn: it says so,
 * changes nothing half way, leaks nothing, and the handle goes on. Knows the public header only. */
#include "failalloc.h"
#include "tap.h"
#include "testdb.h"

#include <pgqueue.h>

enum { ROUNDS_MAX = 2000 };

static PGconn *watch; /* sees what was committed */
static const char *dsn;
static pgqueue_options options = PGQUEUE_OPTIONS_INIT;

struct call {
    const char *name;
    /* Gets an open handle and an error to fill. */
    int (*run)(pgqueue *queue, pgqueue_error *error);
    /* A number that changes exactly if the call has had its effect; NULL: it has none. */
    const char *effect;
};

static pgqueue *must_open(void)
{
    pgqueue *queue = NULL;
    pgqueue_error error;
    if (pgqueue_open(dsn, &options, &queue, &error) != PGQUEUE_OK)
        bail("open: %s", error.message);
    return queue;
}

static int open_again(pgqueue *queue, pgqueue_error *error)
{
    pgqueue *another = NULL;
    (void)queue;
    int rc = pgqueue_open(dsn, &options, &another, error);
    if (rc != PGQUEUE_OK && another != NULL) {
        diag("open failed and set its output");
        rc = 1;
    }
    pgqueue_close(another);
    return rc;
}

static int create(pgqueue *queue, pgqueue_error *error)
{
    static int n;
    char name[32];
    snprintf(name, sizeof name, "made_%d", n++);
    return pgqueue_queue_create(queue, name, "{\"retry_limit\": 2}", error);
}

static int update(pgqueue *queue, pgqueue_error *error)
{
    return pgqueue_queue_update(queue, "alloc", "{\"retry_limit\": 5}", error);
}

static int send_one(pgqueue *queue, pgqueue_error *error)
{
    pgqueue_send_options send = PGQUEUE_SEND_OPTIONS_INIT;
    int64_t id = -1;
    send.priority = 3;
    send.retry_limit = 1;
    send.group_id = "group";
    int rc = pgqueue_send(queue, "alloc", "{\"a\": [1, 2, 3]}", 16, &send, &id, error);
    if (rc != PGQUEUE_OK && id != -1) {
        diag("send failed and set its output");
        rc = 1;
    }
    return rc;
}

static int send_many(pgqueue *queue, pgqueue_error *error)
{
    static const pgqueue_payload payloads[] = {{"1", 1}, {"\"two\"", 5}, {NULL, 0}};
    int64_t ids[3] = {-1, -1, -1};
    return pgqueue_send_many(queue, "alloc", payloads, 3, NULL, ids, error);
}

/* A fetch that fails after its claim leaves jobs in a lease that ends by itself: no effect to look
 * for. */
static int fetch(pgqueue *queue, pgqueue_error *error)
{
    pgqueue_jobs *jobs = NULL;
    int rc = pgqueue_fetch(queue, "alloc", 5, &jobs, error);
    if (rc < 0 && jobs != NULL) {
        diag("fetch failed and set its output");
        rc = 1;
    }
    pgqueue_jobs_free(jobs);
    return rc > 0 ? PGQUEUE_OK : rc;
}

static int schedule(pgqueue *queue, pgqueue_error *error)
{
    return pgqueue_schedule(queue, "key", "alloc", "*/5 * * * *", "Europe/Berlin", "{\"x\": 1}",
                            "{\"priority\": 2}", error);
}

static int bad_option(pgqueue *queue, pgqueue_error *error)
{
    int rc = pgqueue_queue_update(queue, "alloc", "{\"no_such_option\": 1}", error);
    return rc == PGQUEUE_EINVAL ? PGQUEUE_OK : rc;
}

static const struct call calls[] = {
    {"pgqueue_open", open_again, NULL},
    {"pgqueue_queue_create", create, "select count(*) from /*schema*/queue"},
    {"pgqueue_queue_update", update, NULL},
    {"pgqueue_send", send_one, "select count(*) from /*schema*/job"},
    {"pgqueue_send_many", send_many, "select count(*) from /*schema*/job"},
    {"pgqueue_schedule", schedule, NULL},
    {"a refused pgqueue_queue_update", bad_option, NULL},
    {"pgqueue_fetch", fetch, NULL},
};

/* What a failed call may answer: that memory was short, or that it cannot say whether the change
 * was made. */
static bool honest(const struct call *call, int rc, const pgqueue_error *error, bool had_effect)
{
    if (rc == PGQUEUE_OK)
        return call->effect == NULL || had_effect;
    if (error->code != rc || error->message[0] == '\0') {
        diag("%s answered %d, its error %d \"%s\"", call->name, rc, error->code, error->message);
        return false;
    }
    if (rc == PGQUEUE_EUNKNOWN)
        return true;
    if (had_effect)
        diag("%s answered %s and had its effect", call->name, pgqueue_code_name(rc));
    return rc == PGQUEUE_ENOMEM && !had_effect;
}

static void try_call(const struct call *call, pgqueue **queue)
{
    long wrong = 0;
    long failures = 0;
    failalloc_start();
    while (failalloc_round() < ROUNDS_MAX) {
        pgqueue_error error = {0};
        long long before = call->effect != NULL ? testdb_int(watch, "%s", call->effect) : 0;
        if (!failalloc_next())
            break;
        int rc = call->run(*queue, &error);
        failalloc_off();
        long long after = call->effect != NULL ? testdb_int(watch, "%s", call->effect) : 0;
        failures += rc != PGQUEUE_OK;
        if (!honest(call, rc, &error, after != before)) {
            diag("%s, allocation %ld: %s %s", call->name, failalloc_round(), pgqueue_code_name(rc),
                 error.message);
            wrong++;
        }
        /* The handle is as good as before. */
        if (pgqueue_send(*queue, "other", "1", 1, NULL, NULL, &error) != PGQUEUE_OK) {
            diag("%s, allocation %ld: the next call fails: %s", call->name, failalloc_round(),
                 error.message);
            wrong++;
            pgqueue_close(*queue);
            *queue = must_open();
        }
    }
    is_int(wrong, 0, "%s is honest about each of the %ld allocations that failed", call->name,
           failures);
}

int main(void)
{
    pgqueue_options opening = PGQUEUE_OPTIONS_INIT;
    pgqueue_error error;
    pgqueue *queue = NULL;
    dsn = testdb_create_empty();
    options.schema = opening.schema = testdb_schema();
    opening.skip_schema_check = 1;
    if (pgqueue_open(dsn, &opening, &queue, &error) != PGQUEUE_OK ||
        pgqueue_migrate(queue, NULL, NULL, NULL, NULL, NULL, &error) != PGQUEUE_OK)
        bail("migrate: %s", error.message);
    pgqueue_close(queue);
    watch = testdb_connect(dsn);
    queue = must_open();
    if (pgqueue_queue_create(queue, "alloc", NULL, &error) != PGQUEUE_OK ||
        pgqueue_queue_create(queue, "other", NULL, &error) != PGQUEUE_OK)
        bail("create: %s", error.message);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        try_call(&calls[i], &queue);
    pgqueue_close(queue);
    PQfinish(watch);
    return done();
}
