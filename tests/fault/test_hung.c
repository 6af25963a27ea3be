/* SPDX-License-Identifier: MIT */
/* A server that does not answer any more: a worker's server process is stopped by a signal, or a
 * statement waits for a lock. The worker gives the one up and is patient with the other. Sees the
 * worker's inside, because the patience of half a minute is shortened. */
#include "run/worker.h"
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

enum { PATIENCE_MS = 400 };

static const char *dsn;
static PGconn *watch;
static struct testworker_seen seen;
static atomic_int runs;
static pgqueue_job *held;
static pid_t stopped;

/* A stopped server process would hold up the end of the test's database. */
static void wake_stopped(void)
{
    if (stopped != 0)
        kill(stopped, SIGCONT);
    stopped = 0;
}

static int hold(pgqueue_job *job, void *user)
{
    (void)user;
    runs++;
    held = job;
    return PGQUEUE_LATER;
}

static pgqueue_worker *start(int patience_ms)
{
    pgqueue_worker_options o = testworker_options(&seen);
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    o.threads = 0;
    wo.on_loop = 1;
    wo.queue_options = "{}";
    memset(&seen, 0, sizeof seen);
    runs = 0;
    held = NULL;
    pgqueue_worker *w = testworker_new(dsn, &o);
    testworker_work(w, "hung", &wo, hold, NULL);
    testworker_until(w, &seen.connected, 1, "the connections");
    if (patience_ms > 0)
        w->claim.patience_us = w->settle.patience_us = (uint64_t)patience_ms * 1000;
    testdb_sql(watch, "select /*schema*/send('hung')");
    testworker_until(w, &runs, 1, "the handler");
    return w;
}

static void end(pgqueue_worker *w)
{
    is_int(testworker_end(w), PGQUEUE_OK, "the worker ends well");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state <> 'completed' or "
                             "attempt <> 1"),
           0, "each job was completed at its first attempt");
    is_int(seen.lost, 0, "and nothing is said to be lost");
}

/* Stops the server process of an idle connection: it holds no lock that others need. */
static void stop_server_process(pgqueue_worker *w, struct conn *c)
{
    int pid = PQbackendPID(c->pg);
    while (c->state != CONN_IDLE) /* its last answer is read, so it says so soon */
        testworker_turn(w);
    testdb_wait(watch, 15000, "select state = 'idle' from pg_stat_activity where pid = %d", pid);
    stopped = pid;
    if (kill(pid, SIGSTOP) != 0)
        bail("the server process %d cannot be stopped", pid);
}

static void settle_hangs(void)
{
    pgqueue_worker *w = start(PATIENCE_MS);
    stop_server_process(w, &w->settle);
    pgqueue_job_finish(held, PGQUEUE_DONE);
    int took = testworker_until(w, &seen.disconnected, 1, "the loss");
    ok(took >= PATIENCE_MS - 1, "a settle that is not answered is given up (%d ms)", took);
    ok(strstr(seen.why, "no answer for 0.4 s") != NULL, "with a word that says why (%s)", seen.why);
    testworker_until(w, &seen.connected, 2, "a new connection");
    testworker_until(w, &seen.settles, 1, "the settle");
    ok(1, "it is said again on a new connection");
    wake_stopped();
    end(w);
}

/* Without a descriptor to watch it by, a connection is looked at ten times a second. */
static void settle_hangs_unwatched(void)
{
    pgqueue_worker *w = start(PATIENCE_MS);
    struct rlimit was, none;
    stop_server_process(w, &w->settle);
    if (getrlimit(RLIMIT_NOFILE, &was) != 0 ||
        pgqi_watch(w->epoll_fd, &w->settle_watch, -1, w->settle.socket, 0) != 0)
        bail("no limit of descriptors");
    none = was;
    none.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &none);
    pgqueue_job_finish(held, PGQUEUE_DONE);
    int rc = pgqueue_worker_process(w, NULL);
    ok(rc == 1 && w->deaf, "a worker has no descriptor left to watch a connection by");
    testworker_until(w, &seen.disconnected, 1, "the loss");
    ok(strstr(seen.why, "no answer for 0.4 s") != NULL, "and gives up a hung server all the same");
    setrlimit(RLIMIT_NOFILE, &was);
    testworker_until(w, &seen.settles, 1, "the settle");
    wake_stopped();
    end(w);
}

static void claim_hangs(void)
{
    pgqueue_worker *w = start(PATIENCE_MS);
    stop_server_process(w, &w->claim);
    w->poll_us = 0;
    testworker_until(w, &seen.disconnected, 1, "the loss");
    ok(1, "a poll that is not answered is given up, too");
    testworker_until(w, &seen.connected, 2, "a new connection");
    wake_stopped();
    testdb_sql(watch, "select /*schema*/send('hung')");
    pgqueue_job_finish(held, PGQUEUE_DONE);
    testworker_until(w, &runs, 2, "the next job");
    ok(1, "the worker claims on a new connection");
    pgqueue_job_finish(held, PGQUEUE_DONE);
    testworker_until(w, &seen.settles, 2, "the settles");
    end(w);
}

/* A lock that is held for longer and longer, so that only a growing patience gets through. */
static void slow_is_not_hung(void)
{
    PGconn *lock = testdb_connect(dsn);
    pgqueue_worker *w = start(0);
    testdb_sql(lock, "begin; select from /*schema*/job_lease for update");
    pgqueue_job_finish(held, PGQUEUE_DONE);
    int none = 0;
    long long end_ms = testdb_ms() + 1500;
    while (testdb_ms() < end_ms) {
        struct pollfd fd = {.fd = pgqueue_worker_fd(w), .events = POLLIN};
        poll(&fd, 1, 100);
        pgqueue_worker_process(w, NULL);
        none += seen.disconnected;
    }
    is_int(none, 0, "a settle that waits for a lock is waited for");
    testdb_sql(lock, "rollback");
    testworker_until(w, &seen.settles, 1, "the settle");
    end(w);

    w = start(PATIENCE_MS);
    testdb_sql(lock, "begin; select from /*schema*/job_lease for update");
    pgqueue_job_finish(held, PGQUEUE_DONE);
    testworker_until(w, &seen.disconnected, 1, "the first loss");
    testworker_until(w, &seen.connected, 2, "the second connection");
    int took = testworker_until(w, &seen.disconnected, 2, "the second loss");
    ok(took >= PATIENCE_MS, "what was given up is given more time (%d ms)", took);
    ok(strstr(seen.why, "no answer for 0.8 s") != NULL, "twice as much (%s)", seen.why);
    testdb_wait(watch, 60000,
                "select count(*) <= 1 from pg_stat_activity where datname = current_database() and "
                "application_name = 'pgqueue worker' and wait_event_type = 'Lock'");
    ok(1, "the server ends statements whose client has gone");
    testdb_sql(lock, "rollback");
    testworker_until(w, &seen.settles, 1, "the settle");
    is_int(w->settle.late_count, 0, "an answer ends that");
    end(w);
    PQfinish(lock);
}

int main(void)
{
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    atexit(wake_stopped);
    settle_hangs();
    settle_hangs_unwatched();
    claim_hangs();
    slow_is_not_hung();
    return done();
}
