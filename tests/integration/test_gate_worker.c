/* SPDX-License-Identifier: MIT */
/* The price of a job in the worker, as counts that do not depend on the machine: statements and
 * allocations of the library over a drain of 10,000 jobs, and what an idle worker asks. Knows the
 * public header only.
 *
 * Both are counted inside this program, so what other sessions or autovacuum do is not in them. How
 * a limit is set and changed is told in tests/README.md. */
#include "failalloc.h"
#include "statements.h"
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

#include <poll.h>
#include <stdint.h>

enum { JOBS = 10000, BATCH = 1000 };

static const char *dsn;
static struct testworker_seen seen;

static int work(pgqueue_job *job, void *user)
{
    (void)job;
    (void)user;
    return PGQUEUE_DONE;
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
    pgqueue_worker_options options = testworker_options(&seen);
    pgqueue_work_options work_options = PGQUEUE_WORK_OPTIONS_INIT;
    options.threads = threads;
    options.once = once;
    work_options.on_loop = threads == 0;
    work_options.concurrency = threads == 0 ? BATCH : PGQUEUE_UNSET;
    pgqueue_worker *worker = testworker_new(dsn, &options);
    testworker_work(worker, "gate", &work_options, work, NULL);
    memset(&seen, 0, sizeof seen);
    return worker;
}

/* What a worker says to come and to go beside claims, settles and polls: its session's settings on
 * each of two connections, the version, hello, its channel, its queue, goodbye. */
enum { MANNERS = 7, PREPARED = 7 };

enum { QUEUES = 30 };

static long claims(void)
{
    return statements_of("pgqueue_claim");
}

static long settles(void)
{
    return statements_of("pgqueue_settle");
}

static long polls(void)
{
    return statements_of("pgqueue_poll");
}

/* A worker's life was counted. */
static void check_life(void)
{
    diag("%ld statements: %s; %ld prepared; %ld allocations", statements_all(), statements_text(),
         statements_prepared(), failalloc_counted());
    ok(claims() >= seen.claims && settles() == seen.settles && polls() == seen.polls,
       "the statements that the events tell of were counted");
    is_int(statements_all() - claims() - settles() - polls(), MANNERS,
           "beside claims, settles and polls a worker says %d things in its life", MANNERS);
    is_int(statements_prepared(), PREPARED + (claims() > 0) + (settles() > 0),
           "and prepares each statement once, a claim and a settle when there is one");
    /* Measured, and steady to the last one: 3 for each claim's batch, 4 for each poll's answer, 13
     * once. The margin is a buffer that grows once more. */
    long limit = 3 * claims() + 4 * polls() + 16;
    ok(failalloc_counted() <= limit,
       "no job and no settle allocates, a claim three times, a poll four times (%ld of %ld)",
       failalloc_counted(), limit);
}

/* Drains the queue, counting. Its history is kept. */
static void drain(int threads)
{
    static int drains;
    pgqueue_error error;
    send_bulk();
    pgqueue_worker *worker = must_make(threads, 1);
    statements_start();
    failalloc_count();
    if (pgqueue_worker_run(worker, &error) != 0)
        bail("%s", error.message);
    failalloc_off();
    pgqueue_worker_free(worker);
    statements_stop();
    PGconn *conn = testdb_connect(dsn);
    is_int(testdb_int(conn, "select count(*) from /*schema*/job where state = 'completed'"),
           ++drains * JOBS, "every job was completed");
    PQfinish(conn);
    check_life();
}

/* What a drain looks for in vain, at whatever speed. */
static void check_vain(void)
{
    /* Measured: 1 to 11. Once a queue is empty it is looked at each 2 ms for 20 ms. */
    ok(claims() - seen.claims <= 13, "at most 13 claims find nothing (%ld)",
       claims() - seen.claims);
    /* Measured: 2 to 6. Two to begin with, and at most six while the last settle is waited for. */
    ok(polls() <= 8, "at most 8 polls (%ld)", polls());
}

/* Batches of a fixed size, so the counts do not depend on how fast anything is. */
static void batches(void)
{
    drain(0);
    is_int(seen.claims, JOBS / BATCH, "1,000 free slots are filled by one claim");
    ok(settles() <= JOBS / BATCH, "the outcomes that gather go in one statement (%ld)", settles());
    check_vain();
    /* Measured: 28 to 38. */
    ok(statements_all() <= 44,
       "10,000 jobs take at most 44 statements, first and last included (%ld)", statements_all());
}

/* Here the size of the claims follows the speed of the machine. On a quiet one, a busy one and with
 * sanitizers the first takes a job for each thread, each other one about a thousand. */
static void threads(void)
{
    drain(10);
    /* Measured: 11 to 13. */
    ok(seen.claims <= 20, "ten threads' jobs come by at most 20 claims (%d)", seen.claims);
    /* Measured: 6 to 17. What ends while a settle is under way goes with the next one. */
    ok(settles() <= 2 * seen.claims + 6, "and go by two settles a claim, and six (%ld)", settles());
    check_vain();
}

static void single_sends(void)
{
    pgqueue_error error;
    statements_start();
    pgqueue *queue = must_open();
    for (int i = 0; i < 100; i++)
        if (pgqueue_send(queue, "gate", "{}", 2, NULL, NULL, &error) != PGQUEUE_OK)
            bail("%s", error.message);
    pgqueue_close(queue);
    statements_stop();
    diag("%ld statements: %s; %ld prepared", statements_all(), statements_text(),
         statements_prepared());
    is_int(statements_of("pgqueue_send"), 100, "100 single sends are 100 statements");
    ok(statements_all() == 101 && statements_prepared() == 1, "and one to open");
}

/* Polls of the library's own time: after the looks that follow going to sleep, none for half a
 * minute. */
static void idle(void)
{
    pgqueue_error error;
    int wait_ms = 0;
    pgqueue_worker *worker = must_make(1, 0);
    statements_start();
    failalloc_count();
    /* While an answer is waited for, the time is that of a server that hangs. */
    while (pgqueue_worker_process(worker, &error) == 1 && seen.polls < 20 &&
           (seen.polls < 2 || polls() > seen.polls ||
            (wait_ms = pgqueue_worker_timeout_ms(worker)) < 20000)) {
        struct pollfd fd = {.fd = pgqueue_worker_fd(worker), .events = POLLIN};
        poll(&fd, 1, pgqueue_worker_timeout_ms(worker));
    }
    ok(wait_ms >= 20000, "an idle worker waits half a minute at last (%d ms)", wait_ms);
    ok(seen.polls <= 6, "after six looks at most (%d)", seen.polls);
    pgqueue_worker_stop(worker);
    while (pgqueue_worker_process(worker, &error) == 1) {
        struct pollfd fd = {.fd = pgqueue_worker_fd(worker), .events = POLLIN};
        poll(&fd, 1, pgqueue_worker_timeout_ms(worker));
    }
    failalloc_off();
    pgqueue_worker_free(worker);
    statements_stop();
    check_life();
    is_int(claims() + settles(), 0, "where a look finds nothing, it claims and settles nothing");
}

/* A worker of many queues says no more to come than one of one queue. */
static void queues(void)
{
    pgqueue_error error;
    char name[16];
    pgqueue_worker *worker = must_make(0, 1);
    pgqueue_work_options options = PGQUEUE_WORK_OPTIONS_INIT;
    options.on_loop = 1;
    for (int i = 0; i < QUEUES; i++) {
        snprintf(name, sizeof name, "gate%d", i);
        testworker_work(worker, name, &options, work, NULL);
    }
    statements_start();
    if (pgqueue_worker_run(worker, &error) != 0)
        bail("%s", error.message);
    pgqueue_worker_free(worker);
    statements_stop();
    diag("%ld statements: %s", statements_all(), statements_text());
    is_int(statements_of("pgqueue_queue_check"), 1, "%d queues are looked for in one statement",
           QUEUES);
    is_int(statements_all() - claims() - settles() - polls(), MANNERS,
           "and cost no other words than one queue");
}

int main(void)
{
    dsn = testdb_create();
    PGconn *conn = testdb_connect(dsn);
    testdb_sql(conn, "select /*schema*/create_queue('gate')");
    testdb_sql(conn, "select /*schema*/create_queue('gate' || g) from generate_series(0, %d) g",
               QUEUES - 1);
    PQfinish(conn);
    batches();
    threads();
    idle();
    queues();
    single_sends();
    return done();
}
