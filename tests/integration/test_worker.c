/* SPDX-License-Identifier: MIT */
/* The managed worker through the public header: handlers, outcomes, order of events, stops, and the
 * loop of a program of one's own. */
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

#include <poll.h>
#include <pthread.h>

static const char *dsn;
static PGconn *watch;

static pgqueue_worker_options options(struct testworker_seen *seen)
{
    pgqueue_worker_options o = testworker_options(seen);
    o.name = "test";
    o.threads = 4;
    o.drain_timeout_s = 20;
    return o;
}

static void work(pgqueue_worker *w, const char *queue, int concurrency, int on_loop,
                 pgqueue_handler *handler, void *user)
{
    pgqueue_work_options o = PGQUEUE_WORK_OPTIONS_INIT;
    o.queue_options = "{\"retry_limit\": 1, \"retry_delay\": 0, \"retry_backoff\": false}";
    if (concurrency > 0)
        o.concurrency = concurrency;
    o.on_loop = on_loop;
    testworker_work(w, queue, &o, handler, user);
}

/* A worker that runs in a thread of its own. */
struct runner {
    pgqueue_worker *w;
    pthread_t thread;
    int rc;
    pgqueue_error error;
};

static void *run_thread(void *arg)
{
    struct runner *r = arg;
    r->rc = pgqueue_worker_run(r->w, &r->error);
    return NULL;
}

static void start(struct runner *r, pgqueue_worker *w)
{
    memset(r, 0, sizeof *r);
    r->w = w;
    pthread_create(&r->thread, NULL, run_thread, r);
}

/* A worker of one queue, with the options that most tests have. */
static void start_on(struct runner *r, struct testworker_seen *seen, const char *queue,
                     pgqueue_handler *handler, void *user)
{
    pgqueue_worker_options o = options(seen);
    pgqueue_worker *w = testworker_new(dsn, &o);
    work(w, queue, 0, 0, handler, user);
    start(r, w);
}

static int stop(struct runner *r)
{
    pgqueue_worker_stop(r->w);
    pthread_join(r->thread, NULL);
    pgqueue_worker_free(r->w);
    return r->rc;
}

static void wait_for(atomic_int *value, int least, const char *what)
{
    long long end = testdb_ms() + 60000;
    while (atomic_load(value) < least) {
        if (testdb_ms() > end)
            bail("%s: %d of %d", what, atomic_load(value), least);
        testdb_pause(5);
    }
}

/* --- handlers --------------------------------------------------------------------------------- */

static int no_op(pgqueue_job *job, void *user)
{
    (void)job;
    if (user != NULL)
        atomic_fetch_add((atomic_int *)user, 1);
    return PGQUEUE_DONE;
}

struct gauge {
    atomic_int now, most, runs;
};

static int gauged(pgqueue_job *job, void *user)
{
    struct gauge *g = user;
    (void)job;
    int now = atomic_fetch_add(&g->now, 1) + 1;
    int most = atomic_load(&g->most);
    while (now > most && !atomic_compare_exchange_weak(&g->most, &most, now))
        ;
    testdb_pause(2);
    atomic_fetch_sub(&g->now, 1);
    atomic_fetch_add(&g->runs, 1);
    return PGQUEUE_DONE;
}

/* Does what its payload says. */
static int obey(pgqueue_job *job, void *user)
{
    size_t len;
    const char *data = pgqueue_job_data(job, &len);
    (void)user;
    if (strstr(data, "retry")) {
        pgqueue_job_set_message(job, "bad \xff\x01 \xc3\xbc \"quoted\"\n");
        return PGQUEUE_RETRY;
    }
    if (strstr(data, "fail")) {
        pgqueue_job_set_output(job, "{\"code\": 7}", 11);
        return PGQUEUE_FAIL;
    }
    if (strstr(data, "snooze")) {
        pgqueue_job_set_delay(job, 500);
        return PGQUEUE_SNOOZE;
    }
    if (strstr(data, "later retry")) {
        pgqueue_job_set_delay(job, 300);
        return PGQUEUE_RETRY;
    }
    if (strstr(data, "cancel"))
        return PGQUEUE_CANCEL;
    if (strstr(data, "odd"))
        return 77;
    if (strstr(data, "LATER"))
        return PGQUEUE_LATER;
    if (strstr(data, "invalid"))
        pgqueue_job_set_output(job, "\xff\xfe{", 3);
    else if (strstr(data, "zero"))
        pgqueue_job_set_output(job, "a\0b", 3);
    else if (strstr(data, "huge")) {
        char *big = malloc(2 << 20);
        memset(big, 'x', 2 << 20);
        pgqueue_job_set_output(job, big, 2 << 20);
        free(big);
    } else if (strstr(data, "null"))
        pgqueue_job_set_output(job, NULL, 0);
    else
        pgqueue_job_set_output(job, data, len);
    return PGQUEUE_DONE;
}

/* --- the tests ----------------------------------------------------------------------------------
 */

static void arguments(void)
{
    pgqueue_error error;
    pgqueue_worker *w = NULL;
    pgqueue_worker_options o = options(NULL);
    o.threads = 1025;
    is_int(pgqueue_worker_new(dsn, &o, &w, &error), PGQUEUE_EINVAL, "too many threads are refused");
    o.threads = -1;
    is_int(pgqueue_worker_new(dsn, &o, &w, &error), PGQUEUE_EINVAL, "so are negative ones");
    memset(&o, 0, sizeof o);
    is_int(pgqueue_worker_new(dsn, &o, &w, &error), PGQUEUE_EINVAL,
           "options that skipped INIT are refused");
    ok(strstr(error.message, "INIT") != NULL, "and the message says so");
    is_int(pgqueue_worker_new("nonsense=1", NULL, &w, &error), PGQUEUE_EINVAL,
           "a connection string that is none is refused");
    o = options(NULL);
    o.schema = "a\"b";
    is_int(pgqueue_worker_new(dsn, &o, &w, &error), PGQUEUE_EINVAL,
           "a schema name that is none is refused");
    pgqueue_worker_free(NULL);
    o = options(NULL);
    o.threads = 0;
    w = testworker_new(dsn, &o);
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    is_int(pgqueue_work(w, "q", &wo, no_op, NULL, &error), PGQUEUE_EINVAL,
           "without threads a handler must be on the loop");
    wo.on_loop = 1;
    is_int(pgqueue_work(w, NULL, &wo, no_op, NULL, &error), PGQUEUE_EINVAL, "a queue needs a name");
    is_int(pgqueue_work(w, "q", &wo, NULL, NULL, &error), PGQUEUE_EINVAL, "and a handler");
    wo.concurrency = 0;
    is_int(pgqueue_work(w, "q", &wo, no_op, NULL, &error), PGQUEUE_EINVAL,
           "a concurrency of 0 is refused");
    wo.concurrency = 1;
    is_int(pgqueue_worker_run(w, &error), PGQUEUE_ESTATE, "a worker without queues does not run");
    is_int(pgqueue_work(w, "nowhere", &wo, no_op, NULL, &error), PGQUEUE_OK, "a queue is taken");
    is_int(pgqueue_work(w, "nowhere", &wo, no_op, NULL, &error), PGQUEUE_EINVAL, "but not twice");
    is_int(pgqueue_worker_run(w, &error), PGQUEUE_ENOTFOUND,
           "a queue that does not exist ends the worker");
    ok(strstr(error.message, "nowhere") != NULL, "with its name");
    pgqueue_worker_free(w);
    o.schema = "not there";
    w = testworker_new(dsn, &o);
    pgqueue_work(w, "q", &wo, no_op, NULL, &error);
    is_int(pgqueue_worker_run(w, &error), PGQUEUE_ESCHEMA,
           "a schema that is not there ends the worker");
    pgqueue_worker_free(w);
    w = testworker_new(dsn, &o);
    pgqueue_work(w, "q", &wo, no_op, NULL, &error);
    pgqueue_worker_stop(w);
    is_int(pgqueue_worker_run(w, &error), PGQUEUE_OK,
           "one that was stopped before it ran ends at once");
    pgqueue_worker_free(w);
}

static void drain_many(void)
{
    struct testworker_seen seen = {0};
    atomic_int runs = 0;
    pgqueue_worker_options o = options(&seen);
    o.once = 1;
    pgqueue_worker *w = testworker_new(dsn, &o);
    work(w, "noop", 0, 0, no_op, &runs);
    testdb_sql(watch, "select /*schema*/create_queue('noop'); select /*schema*/send('noop', "
                      "to_jsonb(g)) from generate_series(1, 5000) g");
    pgqueue_error error;
    is_int(pgqueue_worker_run(w, &error), PGQUEUE_OK,
           "a worker that runs once ends when nothing is due");
    is_int(atomic_load(&runs), 5000, "every job was run, none twice");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where queue = 'noop' and state = "
                             "'completed' and attempt = 1"),
           5000, "and completed");
    is_int(atomic_load(&seen.claimed), 5000, "the events tell of each claim");
    is_int(atomic_load(&seen.started), 5000, "start");
    is_int(atomic_load(&seen.finished), 5000, "end");
    is_int(atomic_load(&seen.settled), 5000, "and settle");
    is_int(atomic_load(&seen.lost), 0, "none was lost");
    is_int(pgqueue_worker_process(w, &error), 0, "processed again it stays stopped");
    pgqueue_worker_free(w);
    is_int(testdb_int(watch, "select count(*) from /*schema*/job_worker"), 0, "it has signed off");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job_lease"), 0, "and left no lease");
}

static void concurrency(void)
{
    struct gauge a = {0}, b = {0}, c = {0};
    pgqueue_worker_options o = options(NULL);
    o.once = 1;
    o.threads = 6;
    pgqueue_worker *w = testworker_new(dsn, &o);
    work(w, "limited", 2, 0, gauged, &a);
    work(w, "single", 1, 0, gauged, &b);
    work(w, "open", 0, 0, gauged, &c);
    for (const char *const *q = (const char *const[]){"limited", "single", "open", NULL}; *q; q++)
        testdb_sql(watch,
                   "select /*schema*/create_queue('%s'); select /*schema*/send('%s') from "
                   "generate_series(1, 60)",
                   *q, *q);
    is_int(pgqueue_worker_run(w, NULL), PGQUEUE_OK, "three queues share one worker");
    pgqueue_worker_free(w);
    is_int(atomic_load(&a.runs) + atomic_load(&b.runs) + atomic_load(&c.runs), 180,
           "all jobs were run");
    is_int(atomic_load(&a.most), 2, "a concurrency of 2 is reached and never exceeded");
    is_int(atomic_load(&b.most), 1, "a concurrency of 1 neither");
    ok(atomic_load(&c.most) > 2 && atomic_load(&c.most) <= 6,
       "the threads are the limit of the third (%d)", atomic_load(&c.most));
}

static void outcomes(void)
{
    static const char *const data[] = {"plain", "retry",   "fail", "snooze", "cancel", "odd",
                                       "LATER", "invalid", "zero", "huge",   "null"};
    struct testworker_seen seen = {0};
    pgqueue_worker_options o = options(&seen);
    o.once = 1;
    pgqueue_worker *w = testworker_new(dsn, &o);
    work(w, "obey", 0, 0, obey, NULL);
    testdb_sql(watch,
               "select /*schema*/create_queue('obey', '{\"retry_limit\": 1, \"retry_delay\": 0}')");
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
        testdb_sql(watch, "select /*schema*/send('obey', '\"%s\"')", data[i]);
    is_int(pgqueue_worker_run(w, NULL), PGQUEUE_OK, "every outcome is tried");
    pgqueue_worker_free(w);
    static const struct {
        const char *data, *row;
    } want[] = {{"plain", "completed:1:\"plain\""},
                {"retry", "failed:2:{\"message\": \"bad ?\\u0001 \xc3\xbc \\\"quoted\\\"\\n\"}"},
                {"fail", "failed:1:{\"code\": 7}"},
                {"snooze", "created:0"},
                {"cancel", "cancelled:1"},
                {"odd", "failed:2:{\"message\": \"the handler returned an unknown outcome\"}"},
                {"LATER", "failed:2:{\"message\": \"the handler returned an unknown outcome\"}"},
                {"invalid", "completed:1:\"??{\""},
                {"zero", "completed:1:\"a?b\""},
                {"null", "completed:1"}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        char *row = testdb_text(watch,
                                "select concat_ws(':', state, attempt, output::text) from "
                                "/*schema*/job where queue = 'obey' and data = '\"%s\"'",
                                want[i].data);
        is_str(row, want[i].row, "the job \"%s\" ends as its handler says", want[i].data);
        free(row);
    }
    is_int(testdb_int(watch,
                      "select length(output #>> '{}') from /*schema*/job where data = '\"huge\"'"),
           1 << 20, "an output of 2 MiB is cut at one");
    ok(testdb_bool(watch, "select start_after > clock_timestamp() + interval '400 s' from "
                          "/*schema*/job where data = '\"snooze\"'"),
       "the snooze is as long as asked");
}

/* On-loop handlers that answer later: jobs wait in an array and are finished by a timer of ours. */
struct later {
    pgqueue_job *waiting[100];
    int count, most;
    atomic_int seen;
};

static int take_later(pgqueue_job *job, void *user)
{
    struct later *l = user;
    l->waiting[l->count++] = job;
    l->most = l->count > l->most ? l->count : l->most;
    l->seen++;
    return PGQUEUE_LATER;
}

static void foreign_loop(void)
{
    struct later later = {{NULL}, 0, 0, 0};
    struct testworker_seen seen = {0};
    pgqueue_error error;
    pgqueue_worker_options o = options(&seen);
    o.threads = 0;
    pgqueue_worker *w = testworker_new(dsn, &o);
    work(w, "later", 10, 1, take_later, &later);
    testdb_sql(watch, "select /*schema*/create_queue('later'); select /*schema*/send('later') from "
                      "generate_series(1, 45)");
    int fd = pgqueue_worker_fd(w), rc, wakes = 0, same = 1, finished = 0, stopped = 0;
    long long end = testdb_ms() + 60000;
    while ((rc = pgqueue_worker_process(w, &error)) == 1 && testdb_ms() < end) {
        same = same && pgqueue_worker_fd(w) == fd;
        wakes++;
        /* Everything that waits is finished as soon as nothing more comes: the full concurrency is
         * seen. */
        if (later.count == 10 || later.seen == 45) {
            while (later.count > 0) {
                pgqueue_job_finish(later.waiting[--later.count],
                                   finished % 9 == 8 ? PGQUEUE_FAIL : PGQUEUE_DONE);
                finished++;
            }
        }
        if (atomic_load(&seen.settled) == 45 && !stopped) {
            stopped = 1;
            pgqueue_worker_stop(w);
        }
        struct pollfd p = {.fd = fd, .events = POLLIN};
        poll(&p, 1, pgqueue_worker_timeout_ms(w));
    }
    is_int(rc, 0, "a worker runs on a loop of the program's own");
    ok(same, "by one descriptor that stays the same");
    ok(wakes < 2000, "without being woken for nothing (%d times)", wakes);
    is_int(finished, 45, "on-loop handlers may answer later");
    is_int(later.most, 10, "the concurrency holds for them, too");
    is_int(testdb_int(
               watch,
               "select count(*) from /*schema*/job where queue = 'later' and state = 'completed'"),
           40, "they end as said: completed");
    is_int(
        testdb_int(watch,
                   "select count(*) from /*schema*/job where queue = 'later' and state = 'failed'"),
        5, "or failed");
    pgqueue_worker_free(w);
}

static void sleeping(void)
{
    struct testworker_seen seen = {0};
    atomic_int runs = 0;
    struct runner r;
    start_on(&r, &seen, "sleepy", no_op, &runs);
    wait_for(&seen.connected, 1, "connected");
    for (int i = 0; i < 3; i++) {
        /* Asleep: its bell is set far ahead and the looks after the announcement are over. */
        testdb_wait(watch, 20000,
                    "select exists (select from /*schema*/job_bell where queue = 'sleepy' and "
                    "until > clock_timestamp() + interval '15 s')");
        int before = atomic_load(&runs);
        long long t = testdb_ms();
        testdb_sql(watch, "select /*schema*/send('sleepy')");
        wait_for(&runs, before + 1, "a send wakes the sleeper");
        ok(testdb_ms() - t < 12000, "a sleeping worker is woken by a send (%lld ms)",
           testdb_ms() - t);
    }
    testdb_wait(watch, 20000,
                "select exists (select from /*schema*/job_bell where queue = 'sleepy' and until > "
                "clock_timestamp() + interval '15 s')");
    int before = atomic_load(&runs);
    testdb_sql(watch, "select /*schema*/send('sleepy', '\"future\"', '{\"start_after\": 0.7}')");
    wait_for(&runs, before + 1, "a future job");
    ok(testdb_bool(
           watch,
           "select started_on >= start_after and started_on < start_after + interval '12 s' from "
           "/*schema*/job"
           " where queue = 'sleepy' and state in ('active', 'completed') and data = '\"future\"'"),
       "a job of the future starts at its time, not before and not at the next poll");

    int polled = atomic_load(&seen.polls);
    is_int(pgqueue_worker_pause(r.w), PGQUEUE_OK, "a worker is paused");
    wait_for(&seen.polls, polled + 1, "it takes its announcement back");
    before = atomic_load(&runs);
    testdb_sql(watch, "select /*schema*/send('sleepy') from generate_series(1, 5)");
    testdb_pause(300);
    is_int(atomic_load(&runs), before, "a paused worker claims nothing");
    pgqueue_worker_resume(r.w);
    wait_for(&runs, before + 5, "resumed");
    ok(1, "resumed it goes on");
    testdb_sql(watch, "select /*schema*/pause_queue('sleepy'); select /*schema*/send('sleepy')");
    testdb_pause(200);
    is_int(atomic_load(&runs), before + 5, "a paused queue is left alone");
    testdb_sql(watch, "select /*schema*/resume_queue('sleepy')");
    wait_for(&runs, before + 6, "the resumed queue");
    ok(1, "its end wakes the worker");
    is_int(stop(&r), PGQUEUE_OK, "it stops");
}

static void cancelling(void)
{
    struct testworker_seen seen = {0};
    struct testworker_gate gate = TESTWORKER_GATE_INIT;
    struct runner r;
    testdb_sql(watch, "select /*schema*/create_queue('cancel'); select /*schema*/send('cancel') "
                      "from generate_series(1, 3)");
    start_on(&r, &seen, "cancel", testworker_gated, &gate);
    wait_for(&gate.inside, 3, "running");
    long long t = testdb_ms();
    testdb_int(
        watch,
        "select /*schema*/cancel((select min(id) from /*schema*/job where queue = 'cancel'))::int");
    wait_for(&gate.cancelled, 1, "the handler sees it");
    ok(testdb_ms() - t < 12000, "a running handler sees that its job was cancelled (%lld ms)",
       testdb_ms() - t);
    wait_for(&seen.lost, 1, "lost");
    is_int(atomic_load(&gate.inside), 2, "the others run on");
    testworker_open(&gate, 1);
    is_int(stop(&r), PGQUEUE_OK, "it drains");
    is_int(testdb_int(
               watch,
               "select count(*) from /*schema*/job where queue = 'cancel' and state = 'completed'"),
           2, "the others are completed");
    is_int(atomic_load(&seen.lost), 1, "only the outcome of the cancelled one was lost");
}

/* The first attempt stays beyond its expire_in until the gate opens, the second does its work
 * unless it is told to stop. */
static int overstay(pgqueue_job *job, void *user)
{
    struct testworker_gate *g = user;
    if (pgqueue_job_attempt(job) == 1) {
        pthread_mutex_lock(&g->lock);
        while (!g->open)
            pthread_cond_wait(&g->change, &g->lock);
        pthread_mutex_unlock(&g->lock);
        return PGQUEUE_DONE;
    }
    atomic_fetch_add(&g->inside, 1);
    for (int i = 0; i < 90; i++) {
        if (pgqueue_job_cancelled(job)) {
            atomic_fetch_add(&g->cancelled, 1);
            return PGQUEUE_CANCEL;
        }
        testdb_pause(20);
    }
    return PGQUEUE_DONE;
}

/* One worker holds two attempts at one job: that the first is lost must not end the second. */
static void overstaying(void)
{
    struct testworker_seen seen = {0};
    struct testworker_gate gate = TESTWORKER_GATE_INIT;
    struct runner r;
    testdb_sql(watch, "select /*schema*/create_queue('overstay', '{\"retry_delay\": 0}');"
                      "select /*schema*/send('overstay', '{}', '{\"expire_in\": 6}')");
    start_on(&r, &seen, "overstay", overstay, &gate);
    wait_for(&gate.inside, 1, "the second attempt");
    testdb_wait(watch, 15000,
                "select state in ('completed', 'cancelled') from /*schema*/job where queue = "
                "'overstay'");
    is_int(atomic_load(&gate.cancelled), 0, "the second attempt is not told that it is lost");
    is_int(testdb_int(watch,
                      "select count(*) from /*schema*/job where queue = 'overstay' and state "
                      "= 'completed' and attempt = 2"),
           1, "a job whose first attempt overstays is completed by the second");
    testworker_open(&gate, 1);
    is_int(stop(&r), PGQUEUE_OK, "it drains");
    is_int(atomic_load(&seen.lost), 1, "only the outcome of the first was lost");
}

static void stopping(void)
{
    struct testworker_seen seen = {0};
    struct testworker_gate gate = TESTWORKER_GATE_INIT;
    struct runner r;
    pgqueue_worker_options o = options(&seen);
    pgqueue_worker *w = testworker_new(dsn, &o);
    work(w, "drain", 0, 0, testworker_gated, &gate);
    work(w, "drain2", 0, 0, testworker_gated, &gate);
    testdb_sql(watch,
               "select /*schema*/create_queue('drain'); select /*schema*/create_queue('drain2');"
               "select /*schema*/send('drain') from generate_series(1, 20); select "
               "/*schema*/send('drain2') from generate_series(1, 20)");
    start(&r, w);
    wait_for(&gate.inside, 4, "running");
    is_int(
        testdb_int(
            watch,
            "select count(*) from /*schema*/job where state = 'active' and queue like 'drain%%'"),
        4, "a queue does not claim for threads that another's jobs keep");
    pgqueue_worker_stop(w);
    testdb_wait(watch, 10000,
                "select count(*) = 36 from /*schema*/job where state = 'created' and attempt = 0 "
                "and queue like 'drain%%'");
    is_int(atomic_load(&gate.done), 0, "a stop waits for what runs");
    testworker_open(&gate, 1);
    is_int(stop(&r), PGQUEUE_OK, "then it ends");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where queue like 'drain%%' and "
                             "state = 'completed' and attempt = 1"),
           4, "what ran is completed");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where queue like 'drain%%' and "
                             "state = 'created' and attempt = 0"),
           36, "what had not started is back, its attempt given back");

    struct testworker_gate shut = TESTWORKER_GATE_INIT;
    w = testworker_new(dsn, &o);
    work(w, "drain", 0, 0, testworker_gated, &shut);
    start(&r, w);
    wait_for(&shut.inside, 4, "running again");
    pgqueue_worker_stop_now(w);
    pthread_join(r.thread, NULL);
    is_int(r.rc, PGQUEUE_ESTATE, "stop_now does not wait for handlers and says so");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where queue = 'drain' and state "
                             "<> 'completed' and (state <> 'created' or attempt <> 0)"),
           0, "their jobs are given back, too");
    testworker_open(&shut, 1);
    wait_for(&seen.finished, 8, "the handlers end");
    pgqueue_worker_free(w);

    struct testworker_gate again = TESTWORKER_GATE_INIT;
    o.drain_timeout_s = 0;
    w = testworker_new(dsn, &o);
    work(w, "drain", 0, 0, testworker_gated, &again);
    start(&r, w);
    wait_for(&again.inside, 4, "running a third time");
    pgqueue_worker_stop(w);
    pthread_join(r.thread, NULL);
    is_int(r.rc, PGQUEUE_ESTATE, "at the drain timeout they are given back");
    testworker_open(&again, 1);
    wait_for(&seen.finished, 12, "the handlers end");
    pgqueue_worker_free(w);

    atomic_int runs = 0;
    o = options(&seen);
    o.max_jobs = 7;
    w = testworker_new(dsn, &o);
    work(w, "drain", 0, 0, no_op, &runs);
    is_int(pgqueue_worker_run(w, NULL), PGQUEUE_OK, "a worker of max_jobs ends by itself");
    is_int(atomic_load(&runs), 7, "after exactly so many");
    pgqueue_worker_free(w);
}

/* What has ended when the stop comes is settled, not run again. */
static void stop_now_settles(void)
{
    struct later later = {{NULL}, 0, 0, 0};
    pgqueue_error error;
    pgqueue_worker_options o = options(NULL);
    o.threads = 0;
    pgqueue_worker *w = testworker_new(dsn, &o);
    work(w, "ended", 10, 1, take_later, &later);
    testdb_sql(watch, "select /*schema*/create_queue('ended'); select /*schema*/send('ended') from "
                      "generate_series(1, 10)");
    testworker_until(w, &later.seen, 10, "the jobs");
    while (later.count > 0)
        pgqueue_job_finish(later.waiting[--later.count], PGQUEUE_DONE);
    pgqueue_worker_stop_now(w);
    is_int(pgqueue_worker_run(w, &error), PGQUEUE_OK,
           "a worker is stopped now, with jobs that have just ended");
    is_int(testdb_int(
               watch,
               "select count(*) from /*schema*/job where queue = 'ended' and state = 'completed'"),
           10, "they are settled first");
    pgqueue_worker_free(w);
}

/* A worker that the database has forgotten, as after a long freeze, registers anew and goes on. */
static void forgotten(void)
{
    struct testworker_seen seen = {0};
    atomic_int runs = 0;
    struct runner r;
    start_on(&r, &seen, "forgotten", no_op, &runs);
    wait_for(&seen.connected, 1, "connected");
    long long id = atomic_load(&seen.worker);
    testdb_sql(watch,
               "delete from /*schema*/job_worker where id = %lld; delete from /*schema*/job_bell",
               id);
    testdb_sql(watch, "select /*schema*/send('forgotten')"); /* after it the worker looks around */
    testdb_wait(watch, 40000, "select count(*) = 1 from /*schema*/job_worker where id <> %lld", id);
    wait_for(&seen.connected, 2, "told again");
    ok(atomic_load(&seen.worker) != id,
       "a worker that the database has forgotten gets a new number and tells it");
    wait_for(&runs, 1, "works");
    testdb_sql(watch, "select /*schema*/send('forgotten')");
    wait_for(&runs, 2, "works again");
    ok(1, "and works");
    is_int(stop(&r), PGQUEUE_OK, "and stops");
}

static void two_workers(void)
{
    struct testworker_seen seen[2] = {{0}, {0}};
    struct gauge gauge = {0};
    struct runner r[2];
    for (int i = 0; i < 2; i++) {
        start_on(&r[i], &seen[i], "both", gauged, &gauge);
        wait_for(&seen[i].connected, 1, "connected");
    }
    /* One of the two may have to wait for a processor while the other does the first thousand. */
    int sent = 0;
    do {
        testdb_sql(watch, "select /*schema*/send('both') from generate_series(1, 1000)");
        wait_for(&gauge.runs, sent += 1000, "all jobs");
    } while (sent < 20000 &&
             (atomic_load(&seen[0].claimed) == 0 || atomic_load(&seen[1].claimed) == 0));
    testdb_wait(
        watch, 10000,
        "select count(*) = %d from /*schema*/job where queue = 'both' and state = 'completed'",
        sent);
    is_int(stop(&r[0]) | stop(&r[1]), PGQUEUE_OK, "two workers share a queue");
    is_int(atomic_load(&gauge.runs), sent, "each job is run once");
    ok(atomic_load(&seen[0].claimed) > 0 && atomic_load(&seen[1].claimed) > 0,
       "both had some (%d, %d)", atomic_load(&seen[0].claimed), atomic_load(&seen[1].claimed));
}

/* A job whose transaction began early and commits late lies behind the worker's position. */
static void late_commit(void)
{
    atomic_int runs = 0;
    struct runner r;
    struct testworker_seen seen = {0};
    PGconn *late = testdb_connect(dsn);
    start_on(&r, &seen, "late", no_op, &runs);
    wait_for(&seen.connected, 1, "connected");
    testdb_sql(late, "begin; select /*schema*/send('late')");
    for (int i = 1; i <= 20; i++) {
        testdb_sql(watch, "select /*schema*/send('late')");
        wait_for(&runs, i, "later jobs");
    }
    long long t = testdb_ms();
    testdb_sql(late, "commit");
    wait_for(&runs, 21, "the early one");
    ok(testdb_ms() - t < 25000,
       "a late commit behind the position is found by the rescan (%lld ms)", testdb_ms() - t);
    /* And while jobs keep coming. */
    testdb_sql(late, "begin; select /*schema*/send('late', '\"early\"')");
    testdb_sql(watch, "select /*schema*/send('late') from generate_series(1, 8000)");
    wait_for(&runs, 2000, "later jobs");
    testdb_sql(late, "commit");
    testdb_wait(watch, 15000,
                "select state = 'completed' from /*schema*/job where data = '\"early\"'");
    ok(true, "under load, too");
    wait_for(&runs, 8022, "all");
    is_int(stop(&r), PGQUEUE_OK, "and the worker stops");
    PQfinish(late);
}

/* A worker that always finds something to claim beats and does its share of maintenance. */
static void busy(void)
{
    struct testworker_seen seen = {0};
    atomic_int runs = 0;
    struct runner r;
    pgqueue_worker_options o = options(&seen);
    o.threads = 0; /* what it claims has ended at once, so it always has free slots */
    pgqueue_worker *w = testworker_new(dsn, &o);
    work(w, "busy", 10, 1, no_op, &runs);
    testdb_sql(watch, "select /*schema*/create_queue('busy'); select /*schema*/send_many('busy', "
                      "array_fill('{}'::jsonb, array[20000]))");
    /* Somebody else holds a lease: so it looks each second. */
    testdb_sql(watch,
               "insert into /*schema*/job_lease select 2, /*schema*/register_worker('other'), "
               "clock_timestamp(), clock_timestamp() + interval '1 h', 'busy', '{}'");
    start(&r, w);
    wait_for(&runs, 100, "jobs");
    /* The lease of a worker that nobody knows: the next look frees it. */
    testdb_sql(watch, "insert into /*schema*/job_lease values (1, 77, clock_timestamp(), "
                      "clock_timestamp() + interval '1 h', 'busy', '{}');"
                      "update /*schema*/maintenance set look_on = '-infinity'");
    long long end = testdb_ms() + 60000;
    int queued = 1, leased = 1;
    while (leased && queued && testdb_ms() < end) {
        testdb_sql(watch,
                   "select /*schema*/send_many('busy', array_fill('{}'::jsonb, array[3000]))");
        leased =
            testdb_bool(watch, "select exists (select from /*schema*/job_lease where lease = 1)");
        queued = testdb_bool(
            watch, "select exists (select from /*schema*/job_ready where queue = 'busy')");
    }
    ok(queued, "a worker is busy for a while");
    ok(!leased, "and looks for the dead meanwhile");
    pgqueue_worker_stop(w);
    is_int(stop(&r), PGQUEUE_OK, "it stops");
}

/* As many handlers as one likes run on the two connections. */
static void crowd(void)
{
    enum { CROWD = 512 };
    struct testworker_seen seen = {0};
    struct testworker_gate gate = TESTWORKER_GATE_INIT;
    struct runner r;
    pgqueue_worker_options o = options(&seen);
    o.threads = CROWD;
    pgqueue_worker *w = testworker_new(dsn, &o);
    work(w, "crowd", 0, 0, testworker_gated, &gate);
    testdb_sql(watch, "select /*schema*/create_queue('crowd'); select /*schema*/send('crowd') from "
                      "generate_series(1, 600)");
    start(&r, w);
    wait_for(&gate.inside, CROWD, "all threads");
    /* The worker before it may still be leaving. */
    testdb_wait(watch, 60000,
                "select count(*) <= 2 from pg_stat_activity where datname = current_database() "
                "and application_name = 'pgqueue worker'");
    is_int(testdb_int(watch, "select count(*) from pg_stat_activity where datname = "
                             "current_database() and application_name = 'pgqueue worker'"),
           2, "a worker with 512 handlers at work has two connections");
    is_int(atomic_load(&gate.inside), CROWD, "and no more handlers than threads");
    testworker_open(&gate, 1);
    wait_for(&seen.settled, 600, "all jobs");
    is_int(testdb_int(watch, "select count(*) from pg_stat_activity where datname = "
                             "current_database() and application_name = 'pgqueue worker'"),
           2, "when they have ended, too");
    is_int(stop(&r), PGQUEUE_OK, "it drains");
}

int main(void)
{
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    testdb_sql(watch, "set client_min_messages = error");
    arguments();
    drain_many();
    concurrency();
    outcomes();
    foreign_loop();
    sleeping();
    cancelling();
    overstaying();
    stopping();
    stop_now_settles();
    forgotten();
    two_workers();
    late_commit();
    busy();
    crowd();
    return done();
}
