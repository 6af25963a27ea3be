/* SPDX-License-Identifier: MIT */
/* A send rings two sleepers. Those that cannot claim must not keep the bell to themselves: three
 * workers, of which the first two are paused, busy or draining. The one that announced its sleep
 * last is always rung, so the third hears of a job from those two, or by a poll of its own. */
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

#include <poll.h>

/* Between two of the looks that follow an announcement. */
enum { WORKERS = 3, TRIES = 20, BETWEEN_MS = 300 };

static PGconn *watch;
static atomic_int runs;
static pgqueue_worker *crew[WORKERS];
static struct testworker_seen seen[WORKERS];
static struct testworker_gate gate = TESTWORKER_GATE_INIT;

static int count(pgqueue_job *job, void *user)
{
    (void)job;
    atomic_fetch_add((atomic_int *)user, 1);
    return PGQUEUE_DONE;
}

/* One turn of all of them. */
static void turn(void)
{
    struct pollfd fds[WORKERS];
    int wait = 100;
    for (int i = 0; i < WORKERS; i++) {
        pgqueue_error error = {0};
        if (pgqueue_worker_process(crew[i], &error) != 1)
            bail("worker %d has ended: %s", i, error.message);
        int ms = pgqueue_worker_timeout_ms(crew[i]);
        wait = ms >= 0 && ms < wait ? ms : wait;
        fds[i] = (struct pollfd){.fd = pgqueue_worker_fd(crew[i]), .events = POLLIN};
    }
    poll(fds, WORKERS, wait);
}

static void until(const atomic_int *value, int least, const char *what)
{
    for (long long end = testdb_ms() + 60000; atomic_load(value) < least; turn())
        if (testdb_ms() > end)
            bail("waited in vain for %s", what);
}

/* Turns until so many announcements of the third worker, or of all, hold for a while. */
static void until_bells(int bells, long long worker)
{
    for (long long end = testdb_ms() + 60000; testdb_ms() < end; turn())
        if (testdb_int(
                watch,
                "select count(*) from /*schema*/job_bell where %lld in (0, worker) and until "
                "> clock_timestamp() + interval '0.5 s'",
                worker) == bells)
            return;
    bail("no %d announcements", bells);
}

/* Three workers that sleep. */
static void begin(const char *dsn)
{
    memset(seen, 0, sizeof seen);
    testworker_open(&gate, 0);
    for (int i = 0; i < WORKERS; i++) {
        pgqueue_worker_options o = testworker_options(&seen[i]);
        pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
        o.threads = 1;
        wo.queue_options = "{}";
        crew[i] = testworker_new(dsn, &o);
        testworker_work(crew[i], "short", &wo, count, &runs);
        testworker_work(crew[i], i < 2 ? "long" : "other", &wo, testworker_gated, &gate);
        testworker_until(crew[i], &seen[i].connected, 1, "the connections");
    }
    until_bells(2 * WORKERS, 0);
}

static void end(void)
{
    testworker_open(&gate, 1);
    for (int i = 0; i < WORKERS; i++)
        if (testworker_end(crew[i]) != PGQUEUE_OK)
            bail("worker %d does not end well", i);
}

/* What the first two have announced is the newest, so a send rings these. */
static void others_first(void)
{
    testdb_sql(watch,
               "update /*schema*/job_bell set until = now() + interval '40 s' "
               "where worker in (%lld, %lld) and until > clock_timestamp()",
               (long long)seen[0].worker, (long long)seen[1].worker);
}

/* Jobs that only the third can take, until it was woken for one: it has not polled meanwhile. A
 * poll may come in between by chance. */
static void sent(const char *what)
{
    int woken = 0;
    for (int i = 0; i < TRIES && !woken; i++) {
        until_bells(2, seen[2].worker);
        for (long long end = testdb_ms() + BETWEEN_MS; testdb_ms() < end;)
            turn();
        int before = atomic_load(&runs), polls = seen[2].polls;
        others_first();
        testdb_sql(watch, "select /*schema*/send('short')");
        until(&runs, before + 1, what);
        woken = seen[2].polls == polls;
    }
    ok(woken, "%s", what);
}

/* A job that will be due before the sleep of the third is over. It has heard of it when its
 * announcement ends then. */
static void sent_ahead(void)
{
    others_first();
    testdb_sql(watch, "select /*schema*/send('short', '1', '{\"start_after\": 10}')");
    for (long long end = testdb_ms() + 60000; testdb_ms() < end; turn())
        if (testdb_bool(watch,
                        "select exists (select from /*schema*/job_bell b, /*schema*/job j where "
                        "b.worker = %lld and b.queue = 'short' and j.queue = 'short' and "
                        "j.data = '1' and b.until = j.start_after)",
                        (long long)seen[2].worker)) {
            ok(1, "busy workers pass on when a job will be due");
            testdb_sql(watch, "select /*schema*/cancel(id) from /*schema*/job where data = '1'");
            return;
        }
    ok(0, "busy workers pass on when a job will be due");
}

/* Two jobs that keep the first two workers busy until the gate is opened. */
static void keep_busy(void)
{
    testdb_sql(watch, "select /*schema*/send('long') from generate_series(1, 2)");
    until(&gate.inside, 2, "two busy workers");
}

int main(void)
{
    const char *dsn = testdb_create();
    watch = testdb_connect(dsn);

    begin(dsn);
    pgqueue_worker_pause(crew[0]);
    pgqueue_worker_pause(crew[1]);
    sent("paused workers leave the bell to others");
    is_int(testdb_int(watch,
                      "select count(*) from /*schema*/job_bell b where b.until > "
                      "clock_timestamp() and b.worker in (%lld, %lld)",
                      (long long)seen[0].worker, (long long)seen[1].worker),
           0, "while they are paused nobody rings for them");
    pgqueue_worker_resume(crew[0]);
    pgqueue_worker_resume(crew[1]);
    until_bells(2 * WORKERS, 0);
    ok(1, "resumed they are rung for again");
    end();

    begin(dsn);
    keep_busy();
    sent("busy workers pass the bell on");
    end();

    begin(dsn);
    keep_busy();
    sent_ahead();
    end();

    begin(dsn);
    keep_busy();
    pgqueue_worker_stop(crew[0]);
    pgqueue_worker_stop(crew[1]);
    sent("draining workers leave the bell to others");
    end();
    PQfinish(watch);
    return done();
}
