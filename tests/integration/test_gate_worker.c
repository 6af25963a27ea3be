/* SPDX-License-Identifier: MIT */
/* The price of a job in the worker, as counts that do not depend on the machine: statements and
 * allocations of the library over a drain of 10,000 jobs, and what an idle worker asks. Knows the
 * public header only.
 *
 * A limit is what was measured when it was set, with a margin for a poll or a split batch more. */
#include "failalloc.h"
#include "tap.h"
#include "testdb.h"

#include <pgqueue.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>

enum { JOBS = 10000, BATCH = 1000 };

static const char *dsn;
static PGconn *outside; /* in another database, so that its own statements are not counted */
static char *database;
static struct {
    atomic_int claims, settles, polls;
} seen;

static void on_event(void *user, const pgqueue_event *event)
{
    (void)user;
    seen.claims += event->kind == PGQUEUE_EVENT_CLAIMED;
    seen.settles += event->kind == PGQUEUE_EVENT_SETTLED;
    seen.polls += event->kind == PGQUEUE_EVENT_POLLED;
}

static int work(pgqueue_job *job, void *user)
{
    (void)job;
    (void)user;
    return PGQUEUE_DONE;
}

/* Statements that the database has seen: each one of ours is a transaction. Counted when every
 * session is over, and at least as many as are known to have been. */
static long long statements(long long at_least)
{
    testdb_wait(outside, 10000, "select count(*) = 0 from pg_stat_activity where datname = '%s'",
                database);
    testdb_wait(outside, 10000,
                "select xact_commit >= %lld from pg_stat_database where datname = '%s'", at_least,
                database);
    return testdb_int(outside,
                      "select xact_commit + xact_rollback from pg_stat_database where datname = "
                      "'%s'",
                      database);
}

static pgqueue *must_open(void)
{
    pgqueue_options options = PGQUEUE_OPTIONS_INIT;
    pgqueue_error error;
    pgqueue *queue;
    options.schema = testdb_schema();
    if (pgqueue_open(dsn, &options, &queue, &error) != PGQUEUE_OK)
        bail("%s", error.message);
    return queue;
}

static void send_bulk(void)
{
    static pgqueue_payload payloads[BATCH];
    pgqueue *queue = must_open();
    pgqueue_error error;
    for (int i = 0; i < BATCH; i++)
        payloads[i] = (pgqueue_payload){"{\"to\": \"someone\"}", 17};
    for (int at = 0; at < JOBS; at += BATCH)
        if (pgqueue_send_many(queue, "gate", payloads, BATCH, NULL, NULL, &error) != PGQUEUE_OK)
            bail("%s", error.message);
    pgqueue_close(queue);
}

static pgqueue_worker *must_make(int threads, int once)
{
    pgqueue_worker_options options = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_work_options work_options = PGQUEUE_WORK_OPTIONS_INIT;
    pgqueue_error error;
    pgqueue_worker *worker;
    options.schema = testdb_schema();
    options.threads = threads;
    options.once = once;
    options.event = on_event;
    work_options.on_loop = threads == 0;
    work_options.concurrency = threads == 0 ? BATCH : PGQUEUE_UNSET;
    if (pgqueue_worker_new(dsn, &options, &worker, &error) != PGQUEUE_OK ||
        pgqueue_work(worker, "gate", &work_options, work, NULL, &error) != PGQUEUE_OK)
        bail("%s", error.message);
    memset(&seen, 0, sizeof seen);
    return worker;
}

/* Drains the queue; answers how many statements that took. */
static long long drain(int threads, long *allocations)
{
    pgqueue_error error;
    send_bulk();
    long long before = statements(0);
    pgqueue_worker *worker = must_make(threads, 1);
    failalloc_count();
    if (pgqueue_worker_run(worker, &error) != 0)
        bail("%s", error.message);
    failalloc_off();
    *allocations = failalloc_counted();
    pgqueue_worker_free(worker);
    long long took = statements(before + seen.claims + seen.settles + seen.polls) - before;
    PGconn *conn = testdb_connect(dsn);
    is_int(testdb_int(conn, "select count(*) from /*schema*/job where state <> 'completed'"), 0,
           "every job was completed");
    PQfinish(conn);
    diag("%lld statements: %d claims with jobs, %d settles, %d polls; %ld allocations", took,
         seen.claims, seen.settles, seen.polls, *allocations);
    return took;
}

/* Batches of a fixed size, so the counts do not depend on how fast anything is. */
static void batches(void)
{
    long allocations;
    long long took = drain(0, &allocations);
    is_int(seen.claims, JOBS / BATCH, "1,000 free slots are filled by one claim");
    ok(seen.settles <= JOBS / BATCH, "the outcomes that gather go in one statement (%d)",
       seen.settles);
    /* Measured: 10 + 8, 2 empty claims, 2 to 4 polls, 18 to come and to go; 53 seen. */
    ok(took <= 100, "10,000 jobs take at most 100 statements, the first and last included (%lld)",
       took);
    /* Measured: 57 to 89, some for each statement. */
    ok(allocations <= 200, "10,000 jobs take at most 200 allocations (%ld): none for each",
       allocations);
}

/* Here the size of the claims follows the speed of the machine: from 10 up to 1,000. */
static void threads(void)
{
    long allocations;
    long long took = drain(10, &allocations);
    ok(took <= JOBS / 4, "ten threads take at most a statement for four jobs (%lld)", took);
    ok(allocations <= JOBS, "and at most an allocation for each (%ld)", allocations);
}

static void single_sends(void)
{
    pgqueue_error error;
    long long before = statements(0);
    pgqueue *queue = must_open();
    for (int i = 0; i < 100; i++)
        if (pgqueue_send(queue, "gate", "{}", 2, NULL, NULL, &error) != PGQUEUE_OK)
            bail("%s", error.message);
    pgqueue_close(queue);
    long long took = statements(before + 100) - before;
    ok(took <= 107, "100 single sends are 100 statements, and few to open (%lld)", took);
}

/* Polls of the library's own time: after the looks that follow going to sleep, none for half a
 * minute. */
static void idle(void)
{
    pgqueue_error error;
    int wait_ms = 0;
    long long before = statements(0);
    pgqueue_worker *worker = must_make(1, 0);
    while (pgqueue_worker_process(worker, &error) == 1 &&
           (seen.polls < 2 || (wait_ms = pgqueue_worker_timeout_ms(worker)) < 20000) &&
           seen.polls < 20) {
        struct pollfd fd = {.fd = pgqueue_worker_fd(worker), .events = POLLIN};
        poll(&fd, 1, pgqueue_worker_timeout_ms(worker));
    }
    ok(wait_ms >= 20000, "an idle worker waits half a minute at last (%d ms)", wait_ms);
    ok(seen.polls <= 7, "after six looks and not more (%d)", seen.polls);
    pgqueue_worker_stop(worker);
    while (pgqueue_worker_process(worker, &error) == 1) {
        struct pollfd fd = {.fd = pgqueue_worker_fd(worker), .events = POLLIN};
        poll(&fd, 1, pgqueue_worker_timeout_ms(worker));
    }
    int polls = seen.polls;
    pgqueue_worker_free(worker);
    long long took = statements(before + polls) - before;
    /* Measured: 18, half of them the preparing of statements. The server counts autovacuum's
     * visits, too, three each: 46 were seen on a slow machine. */
    ok(took <= polls + 80, "beside its polls it says only hello and goodbye (%lld, %d polls)", took,
       polls);
}

int main(void)
{
    dsn = testdb_create();
    PGconn *conn = testdb_connect(dsn);
    database = testdb_text(conn, "select current_database()");
    testdb_sql(conn, "select /*schema*/create_queue('gate')");
    /* Each table that autovacuum visits would count as statements. */
    testdb_sql(conn,
               "do $$ declare r regclass; begin for r in select oid from pg_class where"
               " relkind = 'r' and relnamespace = (select oid from pg_namespace where nspname = "
               "'%s') loop execute format("
               "'alter table %%s set (autovacuum_enabled = off, toast.autovacuum_enabled ="
               " off)', r); end loop; end $$",
               testdb_schema());
    PQfinish(conn);
    outside = testdb_connect(getenv("PGQUEUE_TEST_DSN"));
    batches();
    threads();
    idle();
    single_sends();
    free(database);
    return done();
}
