/* SPDX-License-Identifier: MIT */
/* Workers look out for one another's death: a claim tells it to one that sleeps, but not each
 * claim, and who was told looks even if nothing is to be seen until then. Sees the worker's inside,
 * because the promises are about when it looks next. */
#include "base/clock.h"
#include "run/worker.h"
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

#include <poll.h>

enum { JOBS = 300 };

static const char *dsn;
static PGconn *watch;

static int nothing(pgqueue_job *job, void *user)
{
    (void)job;
    (void)user;
    return PGQUEUE_DONE;
}

static pgqueue_worker *make(const char *queue, struct testworker_seen *seen)
{
    pgqueue_worker_options o = testworker_options(seen);
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    wo.queue_options = "{}";
    memset(seen, 0, sizeof *seen);
    pgqueue_worker *w = testworker_new(dsn, &o);
    testworker_work(w, queue, &wo, nothing, NULL);
    testworker_until(w, &seen->connected, 1, "the connections");
    return w;
}

/* Both turn until one of them has settled so many. */
static void both(pgqueue_worker *a, pgqueue_worker *b, const atomic_int *value, int least)
{
    for (long long end = testdb_ms() + 60000; atomic_load(value) < least;) {
        if (testdb_ms() > end)
            bail("waited in vain for %d", least);
        if (pgqueue_worker_process(a, NULL) != 1 || pgqueue_worker_process(b, NULL) != 1)
            bail("a worker has ended");
        struct pollfd fds[] = {{.fd = pgqueue_worker_fd(a), .events = POLLIN},
                               {.fd = pgqueue_worker_fd(b), .events = POLLIN}};
        poll(fds, 2, 10);
    }
}

/* How often somebody was told in the name of this connection. */
static int notifications(void)
{
    int n = 0;
    PGnotify *note;
    PQclear(PQexec(watch, "select"));
    for (; (note = PQnotifies(watch)) != NULL; n++)
        PQfreemem(note);
    return n;
}

/* One works through single jobs, the other one has none. */
static void seldom(void)
{
    struct testworker_seen busy_seen, idle_seen;
    pgqueue_worker *busy = make("busy", &busy_seen), *idle = make("idle", &idle_seen);
    testworker_until(idle, &idle_seen.polls, 5, "the looks after it went to sleep");
    int polls = idle_seen.polls;
    testdb_sql(watch, "listen pgqueue_%lld", (long long)idle_seen.worker);
    long long began = testdb_ms();
    for (int i = 1; i <= JOBS; i++) {
        testdb_sql(watch, "select /*schema*/send('busy')");
        both(busy, idle, &busy_seen.settled, i);
    }
    int told = notifications(), seconds = (int)(testdb_ms() - began) / 1000 + 1;
    diag("%d claims in %d s", busy_seen.claims, seconds);
    ok(busy_seen.claims > JOBS / 2 && told >= 1 && told <= 2 * seconds,
       "a worker that claims jobs one by one tells a sleeper once in a while (%d times)", told);
    ok(idle_seen.polls - polls <= 2 * seconds, "and it looks no oftener (%d times)",
       idle_seen.polls - polls);
    is_int(testworker_end(busy), PGQUEUE_OK, "it ends");
    is_int(testworker_end(idle), PGQUEUE_OK, "the sleeper ends");
}

/* Tells a worker twice that another one holds leases; 0: it has polled meanwhile, this machine is
 * slow. */
static int told_twice(pgqueue_worker *w, const struct testworker_seen *seen)
{
    int polls = seen->polls;
    uint64_t began = pgqi_now_us(), told[2];
    w->look_out_us = 0;
    w->poll_us = began + UINT64_C(30000000);
    for (int i = 0; i < 2; i++) {
        uint64_t before = w->look_out_us;
        testdb_sql(watch, "select pg_notify('pgqueue_%lld', 'w:')", (long long)seen->worker);
        while (w->look_out_us == before) {
            struct pollfd fd = {.fd = pgqueue_worker_fd(w), .events = POLLIN};
            poll(&fd, 1, 10);
            if (pgqueue_worker_process(w, NULL) != 1)
                bail("the worker has ended");
        }
        told[i] = w->look_out_us;
    }
    uint64_t poll_us = w->poll_us;
    if (seen->polls > polls || w->claim.state != CONN_IDLE)
        return 0;
    ok(told[0] >= began + PGQI_LOOK_OUT_US && poll_us == told[0],
       "who is told of another's leases looks a little later; told again it does not put that off");
    return 1;
}

/* What claims do not tell within 0.7 s is seen by the look that the last telling brings about. */
static void told(void)
{
    struct testworker_seen seen;
    pgqueue_worker *w = make("told", &seen);
    testworker_until(w, &seen.polls, 5, "the looks after it went to sleep");
    int tries = 0;
    while (!told_twice(w, &seen))
        if (++tries == 20)
            bail("a worker polls all the time");
    uint64_t second = w->look_out_us;
    int polls = seen.polls;
    w->poll_us = pgqi_now_us(); /* as if the first look were due */
    testworker_until(w, &seen.polls, polls + 1, "the first look");
    ok(w->poll_us <= second, "it looks once more, though it saw nothing");
    is_int(testworker_end(w), PGQUEUE_OK, "it ends");
}

int main(void)
{
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    seldom();
    told();
    PQfinish(watch);
    return done();
}
