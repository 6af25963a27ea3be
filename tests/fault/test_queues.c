/* SPDX-License-Identifier: MIT */
/* A worker with many queues costs what one queue costs. Sees the worker's inside, because the
 * promises are about how much it claims at once and how seldom it says something. */
#include "base/clock.h"
#include "run/worker.h"
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

enum { JOBS = 50, THREADS = 2 };

#define HOUR_US UINT64_C(3600000000)

static const char *dsn;
static PGconn *watch;
static struct testworker_seen seen;
static struct testworker_gate gate = TESTWORKER_GATE_INIT;

/* A handler's data are its own here, so the gate is not among them. */
static int gated(pgqueue_job *job, void *user)
{
    (void)user;
    return testworker_gated(job, &gate);
}

static void until_idle(pgqueue_worker *w)
{
    for (int i = 0; i < 1000 && w->claim.state != CONN_IDLE; i++)
        testworker_turn(w);
}

static pgqueue_worker *make(const char *const names[], void *const users[], int count)
{
    pgqueue_worker_options o = testworker_options(&seen);
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    o.threads = THREADS;
    wo.queue_options = "{}";
    pgqueue_worker *w = testworker_new(dsn, &o);
    for (int i = 0; i < count; i++)
        testworker_work(w, names[i], &wo, gated, users[i]);
    memset(&seen, 0, sizeof seen);
    testworker_until(w, &seen.connected, 1, "the connections");
    return w;
}

static void stop(pgqueue_worker *w)
{
    is_int(testworker_end(w), PGQUEUE_OK, "the worker ends");
    is_int(seen.lost, 0, "nothing was lost");
}

/* The jobs of a queue go in, and the worker's next claim is looked at. */
static void first_claim(pgqueue_worker *w, const char *queue, int expected, const char *what)
{
    int before = seen.claimed;
    testworker_open(&gate, 0);
    testdb_sql(watch, "select /*schema*/send('%s', to_jsonb(g)) from generate_series(1, %d) g",
               queue, JOBS);
    w->poll_us = 0; /* it may not have announced that it sleeps */
    testworker_until(w, &seen.claimed, before + 1, "a claim");
    is_int(seen.claimed - before, expected, "%s", what);
    testworker_open(&gate, 1);
    testworker_until(w, &seen.settled, before + JOBS, "the jobs of the queue");
}

static void one_handler(void)
{
    static int other;
    const char *const names[] = {"known", "new", "other"};
    void *const users[] = {NULL, NULL, &other};
    pgqueue_worker *w = make(names, users, 3);
    first_claim(w, "known", THREADS,
                "of a handler that nothing is known of, as much as it has threads");
    ok(w->queues[0]->kin_us > 0, "then it is known how long its jobs take (%.0f us)",
       w->queues[0]->kin_us);
    w->queues[0]->kin_us = 10; /* whatever this machine took */
    first_claim(w, "new", JOBS, "the first claim of another queue of the handler takes all");
    ok(w->queues[0]->kin_us > 0 && w->queues[1]->ended_us > 0 && w->queues[1]->kin_us <= 0,
       "what is known is kept once for all queues of the handler");
    first_claim(w, "other", THREADS, "the same function with other data is another handler");
    stop(w);
}

/* One queue has more jobs than threads, and another one has just gone idle. */
static void announcements(void)
{
    const char *const names[] = {"full", "idle"};
    void *const users[] = {NULL, NULL};
    pgqueue_worker *w = make(names, users, 2);
    testworker_open(&gate, 0);
    testdb_sql(watch, "select /*schema*/send('full', to_jsonb(g)) from generate_series(1, %d) g",
               JOBS);
    testworker_until(w, &seen.claimed, THREADS, "a claim for each thread");
    testworker_until(w, &seen.polls, 1, "a poll");
    until_idle(w);
    ok(w->queues[0]->maybe && w->claim.state == CONN_IDLE,
       "a queue has more than the threads take");
    uint64_t hour = pgqi_now_us() + HOUR_US;
    w->poll_us = hour; /* not due, and not late */
    w->queues[1]->maybe = w->queues[1]->need_rescan = w->queues[1]->asleep = 0;
    w->queues[1]->again_us = 0;
    w->announce_us = hour - 1000000;
    int polls = seen.polls;
    pgqueue_error error;
    ok(pgqueue_worker_process(w, &error) == 1 && w->claim.state == CONN_IDLE,
       "while a queue has jobs, one that goes idle waits to be announced");
    ok(pgqi_claim_wake_us(w) == w->announce_us, "and the worker wakes for that");
    w->announce_us = pgqi_now_us();
    testworker_until(w, &seen.polls, polls + 1, "the announcement");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job_bell where queue = 'idle' and "
                             "until > /*schema*/clock()"),
           1, "and says that a send has to ring");
    testworker_open(&gate, 1);
    testworker_until(w, &seen.settled, JOBS, "the jobs");
    until_idle(w);
    w->poll_us = pgqi_now_us() + HOUR_US;
    w->announce_us = pgqi_now_us() - 1000000;
    w->queues[0]->maybe = 1; /* as if there were always more */
    w->queues[1]->maybe = w->queues[1]->need_rescan = w->queues[1]->asleep = 0;
    ok(w->claim.state == CONN_IDLE && pgqueue_worker_process(w, &error) == 1 &&
           w->claiming == NULL && w->queues[1]->asleep == 2,
       "an announcement that is late comes before the next claim");
    until_idle(w);
    for (int i = 0; i < 2; i++) {
        w->queues[i]->maybe = w->queues[i]->need_rescan = w->queues[i]->asleep = 0;
        w->queues[i]->again_us = i == 0 ? hour : 0;
    }
    w->poll_us = pgqi_now_us();
    ok(pgqueue_worker_process(w, &error) == 1 && w->queues[0]->asleep == 0 &&
           w->queues[1]->asleep == 2,
       "a poll does not announce a queue that is claimed from again soon, because its jobs flow");
    until_idle(w);
    stop(w);
}

/* Takes its place before another job and is committed after that one has ended. */
static void send_late(pgqueue_worker *w, PGconn *late)
{
    int settled = seen.settled;
    testdb_sql(late, "begin; select /*schema*/send('flows', '\"late\"')");
    testdb_sql(watch, "select /*schema*/send('flows', '\"next\"')");
    w->poll_us = 0;
    testworker_until(w, &seen.settled, settled + 1, "the job after the late one");
    until_idle(w);
    struct work_queue *q = w->queues[0];
    q->rescan_us = w->poll_us = pgqi_now_us() + HOUR_US;
    q->maybe = q->need_rescan = 0;
    testdb_sql(late, "commit");
}

/* A look from the start is an hour away. */
static void late_commits(void)
{
    const char *const names[] = {"flows"};
    void *const users[] = {NULL};
    PGconn *late = testdb_connect(dsn);
    pgqueue_worker *w = make(names, users, 1);
    struct work_queue *q = w->queues[0];
    testdb_sql(watch, "select /*schema*/send('flows', '\"first\"')");
    testworker_until(w, &seen.settled, 1, "a job before all");
    send_late(w, late);
    uint64_t hour = q->rescan_us;
    for (int i = 0; i < LATE_LOOKS; i++)
        q->late[i].due_us = hour;
    w->poll_us = 0;
    int polls = seen.polls;
    testworker_until(w, &seen.polls, polls + 1, "a poll");
    ok(!q->from_start && q->position_count > 0,
       "a poll does not look from the start at a queue of which a claim did so lately");
    testworker_until(w, &seen.settled, 3, "the late job");
    ok(q->rescan_us == hour, "what the poll saw is found without a look from the start");

    send_late(w, late);
    hour = q->rescan_us;
    for (int i = 0; i < LATE_LOOKS; i++)
        q->late[i].due_us = 0;
    q->asleep = 1;
    q->asleep_until_us = hour;
    polls = seen.polls;
    pgqi_claim_wake_queue(w, "flows"); /* as jobs that flow do */
    testworker_until(w, &seen.claimed, 5, "the late job");
    ok(seen.polls == polls && q->rescan_us == hour,
       "claims look back for late jobs, without a poll");
    testworker_until(w, &seen.settled, 5, "its end");
    stop(w);
    PQfinish(late);
}

/* Polls see a job that no claim gets, because another transaction has it. */
static void locked_job(void)
{
    const char *const names[] = {"locked"};
    void *const users[] = {NULL};
    PGconn *other = testdb_connect(dsn);
    pgqueue_worker *w = make(names, users, 1);
    testdb_sql(other, "begin; select /*schema*/send('locked', '0')");
    testdb_sql(other, "commit; begin; select /*schema*/cancel((select max(id) from "
                      "/*schema*/job where queue = 'locked'))");
    testworker_until(w, &seen.polls, seen.polls + 2, "the poll that sees it");
    int polls = seen.polls;
    for (long long end = testdb_ms() + 2000; testdb_ms() < end;)
        testworker_turn(w);
    ok(w->queues[0]->missed > 0 && seen.polls - polls < 60,
       "the worker does not run in a circle (%d polls in 2 s)", seen.polls - polls);
    testdb_sql(watch, "select /*schema*/send('locked', '1')");
    testworker_until(w, &seen.settled, 1, "another job of the queue");
    testdb_sql(other, "rollback");
    testworker_until(w, &seen.settled, 2, "the job, when the other lets it go");
    stop(w);
    PQfinish(other);
}

int main(void)
{
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    one_handler();
    announcements();
    late_commits();
    locked_job();
    return done();
}
