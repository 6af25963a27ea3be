/* SPDX-License-Identifier: MIT */
/* The server refuses what the claiming connection says, for one queue or for a while: bells and the
 * other queues do not suffer. Sees the worker's inside, because what happens 30 s later is told by
 * when it means to look next. */
#include "base/clock.h"
#include "run/worker.h"
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

static const char *dsn;
static PGconn *watch;
static struct testworker_seen seen;

static int at_once(pgqueue_job *job, void *user)
{
    (void)job;
    (void)user;
    return PGQUEUE_DONE;
}

static pgqueue_worker *make(const char *first, const char *second)
{
    pgqueue_worker_options o = testworker_options(&seen);
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    o.threads = 1;
    wo.queue_options = "{}";
    pgqueue_worker *w = testworker_new(dsn, &o);
    testworker_work(w, first, &wo, at_once, NULL);
    if (second != NULL)
        testworker_work(w, second, &wo, at_once, NULL);
    memset(&seen, 0, sizeof seen);
    testworker_until(w, &seen.connected, 1, "the connections");
    return w;
}

static int announced(const char *queue)
{
    return (int)testdb_int(watch,
                           "select count(*) from /*schema*/job_bell where queue = '%s' and "
                           "until > /*schema*/clock()",
                           queue);
}

static void refused_announcement(void)
{
    pgqueue_worker *w = make("rings", NULL);
    const struct work_queue *q = w->queues[0];
    while (!announced("rings"))
        testworker_turn(w);
    testdb_sql(watch, "create function public.refuse_bell() returns trigger language plpgsql as "
                      "$$ begin raise exception 'refused' using errcode = '57014'; end $$");
    testdb_sql(watch, "create trigger refuse before insert or update on /*schema*/job_bell "
                      "for each row when (new.until > '-infinity') "
                      "execute function public.refuse_bell()");
    testdb_sql(watch, "select /*schema*/send('rings')");
    testworker_until(w, &seen.settled, 1, "the job, by its bell");
    while (q->asleep != 1 || w->claim.state != CONN_IDLE)
        testworker_turn(w);
    is_int(announced("rings"), 0, "a poll that was to announce the queue is refused");
    testdb_sql(watch, "drop trigger refuse on /*schema*/job_bell");
    int polls = seen.polls;
    testworker_until(w, &seen.polls, polls + 1, "the next poll");
    is_int(announced("rings"), 1, "the next one does");
    is_int(testworker_end(w), PGQUEUE_OK, "the worker ends");
}

static void refused_claims(void)
{
    testdb_sql(watch, "create function public.refuse_lease() returns trigger language plpgsql as "
                      "$$ begin raise exception 'refused' using errcode = '42501'; end $$");
    testdb_sql(watch, "create trigger refuse before insert on /*schema*/job_lease for each row "
                      "when (new.queue = 'fails') execute function public.refuse_lease()");
    pgqueue_worker *w = make("fails", "works");
    testdb_sql(watch, "select /*schema*/send('fails')");
    w->poll_us = 0;
    const struct work_queue *q = w->queues[0];
    uint64_t latest = 0;
    for (int refusals = 0; refusals < 4;) {
        uint64_t before = q->barred_us;
        testworker_turn(w);
        uint64_t now = pgqi_now_us();
        if (q->barred_us == before)
            continue;
        refusals++;
        if (w->poll_us > now && w->poll_us - now > latest)
            latest = w->poll_us - now;
    }
    ok(latest <= 1000000, "while claims of a queue are refused the others are looked at (%d ms)",
       (int)(latest / 1000));
    testdb_sql(watch, "select /*schema*/send('works')");
    testworker_until(w, &seen.settled, 1, "a job of the other queue");
    testdb_sql(watch, "drop trigger refuse on /*schema*/job_lease");
    testworker_until(w, &seen.settled, 2, "the job, when claims are allowed again");
    is_int(testworker_end(w), PGQUEUE_OK, "the worker ends");
}

int main(void)
{
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    refused_announcement();
    refused_claims();
    return done();
}
