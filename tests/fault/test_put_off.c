/* SPDX-License-Identifier: MIT */
/* Errors of the server that may pass, some of which look like a lost connection: what is refused
 * for now holds up nothing else, is tried again at pauses, and is neither lost nor done twice. Sees
 * the worker's inside, because it has the worker say what the server refuses. */
#include "base/clock.h"
#include "run/worker.h"
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

enum { JOBS = 20 };

static const char *dsn;
static PGconn *watch;
static struct testworker_seen seen;
static struct testworker_gate gate = TESTWORKER_GATE_INIT;

static pgqueue_worker *make(int threads)
{
    pgqueue_worker_options o = testworker_options(&seen);
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    o.threads = threads;
    o.drain_timeout_s = 1;
    wo.queue_options = "{}";
    memset(&seen, 0, sizeof seen);
    pgqueue_worker *w = testworker_new(dsn, &o);
    testworker_work(w, "bad", &wo, testworker_gated, &gate);
    testworker_work(w, "good", &wo, testworker_gated, &gate);
    return w;
}

static void begin(pgqueue_worker *w)
{
    testworker_until(w, &seen.connected, 1, "the connections");
    testdb_sql(watch, "select /*schema*/set_end_hook('bad', 'public.hook'); "
                      "alter sequence public.tries restart");
}

static void send(const char *queue, int count)
{
    testdb_sql(watch, "select /*schema*/send('%s', to_jsonb(g)) from generate_series(1, %d) g",
               queue, count);
}

/* The hook refuses every job from now on; with data: the job of the queue that has such. */
static void refuse(const char *code, const char *data)
{
    if (data == NULL)
        testdb_sql(watch, "insert into public.refused values ('%s', null)", code);
    else
        testdb_sql(watch,
                   "insert into public.refused select '%s', id from /*schema*/job "
                   "where queue = 'bad' and data = '%s'",
                   code, data);
}

static void refuse_nothing(void)
{
    testdb_sql(watch, "truncate public.refused");
}

static int tries(void)
{
    return (int)testdb_int(watch, "select case when is_called then last_value else 0 end from "
                                  "public.tries");
}

static void until_tries(pgqueue_worker *w, int least)
{
    for (long long end = testdb_ms() + 60000; tries() < least;) {
        if (testdb_ms() > end)
            bail("waited in vain for try %d, there are %d", least, tries());
        testworker_turn(w);
    }
}

static void all_are_done(const char *what)
{
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state <> 'completed' or "
                             "attempt <> 1"),
           0, "%s: each job was completed at its first attempt", what);
    is_int(seen.lost, 0, "%s: nothing is said to be lost", what);
    testdb_sql(watch, "select /*schema*/delete_queue('bad'), /*schema*/delete_queue('good')");
}

/* One job whose hook is refused, among others that end with it. */
static void one_of_many(const char *code)
{
    pgqueue_worker *w = make(8);
    begin(w);
    testworker_open(&gate, 0);
    send("bad", 4);
    refuse(code, "3");
    send("good", 4);
    testworker_until(w, &seen.started, 8, "the handlers");
    testworker_open(&gate, 1);
    testworker_until(w, &seen.settled, 7, "all others");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state = 'active' and "
                             "queue = 'bad' and data = '3'"),
           1, "%s: others pass by the refused one, those of its queue, too", code);
    send("good", JOBS);
    send("bad", 2); /* less than 3 */
    testworker_until(w, &seen.settled, 7 + JOBS + 2, "later ones");
    is_int(w->put_off + w->settle_trying, 1, "%s: and so do later ones", code);
    long long began = testdb_ms();
    until_tries(w, tries() + 5);
    int took = (int)(testdb_ms() - began);
    ok(took >= 100 + 200 + 400 + 800, "%s: it is tried at growing pauses (5 times in %d ms)", code,
       took);
    refuse_nothing();
    testworker_until(w, &seen.settled, 8 + JOBS + 2, "the refused one");
    is_int(testworker_end(w), PGQUEUE_OK, "%s: the worker ends", code);
    all_are_done(code);
}

/* The hook's other side is down, and the worker's own server process is ended, too. */
static void all_of_a_queue(void)
{
    pgqueue_worker *w = make(2);
    begin(w);
    testworker_open(&gate, 1);
    refuse("08006", NULL);
    send("bad", JOBS);
    while (w->put_off <= w->queues[0]->concurrency)
        testworker_turn(w);
    send("good", JOBS);
    testworker_until(w, &seen.settled, JOBS, "the jobs of the other queue");
    send("bad", JOBS);
    until_tries(w, tries() + 3);
    is_int(seen.claimed, 2 * JOBS, "of a queue that cannot be settled no more is claimed");
    testdb_sql(watch, "select pg_terminate_backend(%d)", pgqi_conn_session(&w->settle));
    testworker_until(w, &seen.connected, 2, "a new connection");
    until_tries(w, tries() + 2);
    is_int(seen.claimed, 2 * JOBS, "a lost connection changes nothing in that");
    while (w->settling_count > 0 || w->outcome_count > 0)
        testworker_turn(w);
    is_int(w->put_off, JOBS, "and all that were wait");
    refuse_nothing();
    testworker_until(w, &seen.settled, 3 * JOBS, "all, when the other side is back");
    is_int(testworker_end(w), PGQUEUE_OK, "the worker ends");
    all_are_done("a queue that was refused");
}

/* A deadlock: told after a while, and over then. */
static void deadlock(void)
{
    pgqueue_worker *w = make(2);
    begin(w);
    testworker_open(&gate, 1);
    refuse("40P01", NULL);
    send("bad", 1);
    int put_off = 0;
    for (long long end = testdb_ms() + 60000; seen.settled < 1; testworker_turn(w)) {
        if (testdb_ms() > end)
            bail("waited in vain for the second try");
        put_off = put_off || w->put_off > 0;
    }
    ok(tries() == 2 && !put_off, "a refusal that took long is sent once more before it is put off");
    refuse_nothing();
    is_int(testworker_end(w), PGQUEUE_OK, "the worker ends");
    all_are_done("a deadlock");
}

/* A queue's outcomes wait behind a refused one when the drain's time is over. */
static void at_the_end(void)
{
    pgqueue_worker *w = make(8);
    begin(w);
    testworker_open(&gate, 0);
    send("bad", 4);
    refuse("55P03", "3");
    testworker_until(w, &seen.started, 4, "the handlers");
    testworker_open(&gate, 1);
    until_tries(w, 3);
    pgqueue_worker_stop(w);
    long long began = testdb_ms();
    pgqueue_error error;
    is_int(pgqueue_worker_run(w, &error), PGQUEUE_ESTATE, "a worker ends that cannot settle a job");
    ok(strstr(error.message, "the database refused") != NULL, "and says why (%s)", error.message);
    int took = (int)(testdb_ms() - began);
    ok(took >= 900, "when its drain is over (%d ms)", took);
    pgqueue_worker_free(w);
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state = 'completed'"), 3,
           "what was not refused is settled");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state = 'created'"), 1,
           "the job goes back");
    refuse_nothing();
    testdb_sql(watch, "select /*schema*/delete_queue('bad'), /*schema*/delete_queue('good')");
}

static void say_instead(pgqueue_worker *w, enum stmt stmt, const char *sql)
{
    free(w->texts.text[stmt]);
    w->texts.text[stmt] = strdup(sql);
    if (w->texts.text[stmt] == NULL)
        bail("out of memory");
}

/* The server refuses what a connection says first, with an error that tells of a connection. */
static void refused_setup(void)
{
    pgqueue_worker *w = make(1);
    say_instead(w, STMT_SESSION, "select public.refuse_first()");
    say_instead(w, STMT_VERSION, "select public.refuse_version($1)");
    int took = testworker_until(w, &seen.connected, 1, "the connections");
    ok(took >= 300, "a set-up that is refused is tried again at pauses (%d ms)", took);
    send("good", 1);
    testworker_until(w, &seen.settled, 1, "a job");
    ok(seen.disconnected == 0, "on the connections that were refused");
    is_int(testworker_end(w), PGQUEUE_OK, "the worker ends");
}

static void make_functions(void)
{
    testdb_sql(watch, "create sequence public.tries; create sequence public.sessions; "
                      "create sequence public.versions; "
                      "create table public.refused (code text, job bigint)");
    testdb_sql(watch, "create function public.hook(bigint[], text, jsonb[]) returns void "
                      "language plpgsql as $$ declare v_code text; begin "
                      "select code into v_code from public.refused "
                      "where job is null or job = any ($1); "
                      "if found then perform nextval('public.tries'); "
                      "if v_code = '40P01' then perform pg_sleep(0.1); "
                      "if currval('public.tries') > 1 then return; end if; end if; "
                      "raise exception 'the other side is down' using errcode = v_code; end if; "
                      "end $$");
    testdb_sql(watch, "create function public.refuse_first() returns int language plpgsql as $$ "
                      "begin return currval('public.sessions'); "
                      "exception when object_not_in_prerequisite_state then "
                      "perform nextval('public.sessions'); "
                      "raise exception 'not yet' using errcode = '08006'; end $$");
    testdb_sql(watch, "create function public.refuse_version(p_set text) returns int "
                      "language plpgsql as $$ begin if nextval('public.versions') <= 2 then "
                      "raise exception 'not yet' using errcode = '08006'; end if; return "
                      "(select max(version) from /*schema*/migration where set_name = p_set); "
                      "end $$");
}

int main(void)
{
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    make_functions();
    one_of_many("08001");
    one_of_many("55P03");
    all_of_a_queue();
    deadlock();
    at_the_end();
    refused_setup();
    PQfinish(watch);
    return done();
}
