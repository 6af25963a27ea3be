/* SPDX-License-Identifier: MIT */
/* A managed worker with each of its allocations failing in turn, once: it says so or goes on, and
 * in the end every job has ended once and nothing is leaked. On one thread, so that the order of
 * allocations is fixed. */
#include "failalloc.h"
#include "tap.h"
#include "testdb.h"

#include <pgqueue.h>
#include <poll.h>

enum { JOBS = 6, ROUNDS_MAX = 1500 };

static const char *dsn;
static PGconn *watch;
static int runs;

static int handler(pgqueue_job *job, void *user)
{
    (void)user;
    runs++;
    int rc = pgqueue_job_set_output(job, "{\"a\": 1}", 8);
    if (rc != PGQUEUE_OK && rc != PGQUEUE_ENOMEM)
        diag("set_output: %d", rc);
    pgqueue_job_set_message(job, "said");
    return runs % 3 == 0 ? PGQUEUE_SNOOZE : PGQUEUE_DONE;
}

static int make(pgqueue_worker **w, pgqueue_error *error)
{
    pgqueue_worker_options o = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_work_options q = PGQUEUE_WORK_OPTIONS_INIT;
    static const int64_t started[] = {1, 2};
    const pgqueue_crash crash = {7, started, 2, started, 1, "reason"};
    o.schema = testdb_schema();
    o.threads = 0;
    o.once = 1;
    o.crash = &crash;
    q.on_loop = 1;
    q.concurrency = 2;
    q.queue_options = "{\"retry_limit\": 1000, \"retry_delay\": 0, \"expire_in\": 2}";
    int rc = pgqueue_worker_new(dsn, &o, w, error);
    if (rc == PGQUEUE_OK)
        rc = pgqueue_work(*w, "q", &q, handler, NULL, error);
    if (rc == PGQUEUE_OK)
        rc = pgqueue_worker_schedule(*w, "daily", "q", "0 2 * * *", NULL, NULL, NULL, error);
    return rc;
}

/* One life of a worker; 0 and ENOMEM are its only ends. */
static int life(pgqueue_error *error)
{
    pgqueue_worker *w = NULL;
    int rc = make(&w, error);
    long long end = testdb_ms() + 60000;
    while (rc == PGQUEUE_OK || rc == 1) {
        rc = pgqueue_worker_process(w, error);
        if (rc != 1)
            break;
        if (testdb_ms() > end)
            bail("round %ld does not end", failalloc_round());
        struct pollfd p = {.fd = pgqueue_worker_fd(w), .events = POLLIN};
        poll(&p, 1, pgqueue_worker_timeout_ms(w));
    }
    pgqueue_worker_free(w);
    return rc;
}

static void send_some(void)
{
    testdb_sql(watch, "select /*schema*/send('q') from generate_series(1, %d)", JOBS);
}

int main(void)
{
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    testdb_sql(watch, "set client_min_messages = error; select /*schema*/create_queue('q', "
                      "'{\"retry_delay\": 0}');"
                      "create table public.ended (id bigint); create function public.hook(ids "
                      "bigint[], state text, o jsonb[]) returns void"
                      " language sql as $$ insert into public.ended select unnest($1) $$; select "
                      "/*schema*/set_end_hook('q', 'public.hook')");
    pgqueue_error error = {0};
    int rounds = 0, odd = 0, silent = 0, leases = 0, refused = 0;
    send_some();
    for (failalloc_start(); rounds < ROUNDS_MAX && failalloc_next(); rounds++) {
        memset(&error, 0, sizeof error);
        int rc = life(&error);
        failalloc_off();
        refused += rc == PGQUEUE_ENOMEM;
        silent += rc == PGQUEUE_ENOMEM && error.message[0] == '\0';
        if (rc != PGQUEUE_OK && rc != PGQUEUE_ENOMEM) {
            odd++;
            diag("allocation %ld: %s %s", failalloc_round(), pgqueue_code_name(rc), error.message);
        }
        leases +=
            (int)testdb_int(watch, "select count(*) from /*schema*/job where state = 'active'");
        send_some();
    }
    ok(rounds > 100 && rounds < ROUNDS_MAX, "each allocation of a worker's life failed once (%d)",
       rounds);
    is_int(odd, 0, "the worker goes on, or says that it is out of memory");
    ok(refused > 20 && silent == 0, "with a message (%d times)", refused);
    is_int(leases, 0, "it leaves no job behind that it holds");
    is_int(life(&error), PGQUEUE_OK, "with memory all that is left is done");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state = 'completed'"),
           (rounds + 1) * JOBS, "every job is completed");
    is_int(
        testdb_int(
            watch,
            "select count(*) from (select id from public.ended group by id having count(*) > 1) x"),
        0, "none twice");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where attempt <> 1"), 0,
           "no attempt was lost");
    return done();
}
