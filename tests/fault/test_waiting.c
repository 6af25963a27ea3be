/* SPDX-License-Identifier: MIT */
/* Jobs that were claimed ahead of free threads and find none: they go back in time, uncharged. Sees
 * the worker's inside, because how many it claims ahead follows from how long its jobs took. */
#include "base/clock.h"
#include "run/worker.h"
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

#include <poll.h>

enum { JOBS = 50, THREADS = 2, EXPIRE_S = 18 };

static struct testworker_seen seen;
static struct testworker_gate gate = TESTWORKER_GATE_INIT;

int main(void)
{
    const char *dsn = testdb_create();
    PGconn *watch = testdb_connect(dsn);
    pgqueue_worker_options o = testworker_options(&seen);
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    o.threads = THREADS;
    wo.queue_options = "{}";
    pgqueue_worker *w = testworker_new(dsn, &o);
    testworker_work(w, "waiting", &wo, testworker_gated, &gate);
    testworker_until(w, &seen.connected, 1, "the connections");

    testdb_sql(watch,
               "select /*schema*/send('waiting', to_jsonb(g), '{\"expire_in\": %d}') from "
               "generate_series(1, %d) g",
               EXPIRE_S, JOBS);
    while (seen.claimed == 0) { /* as if the handlers were fast until now */
        w->queues[0]->job_us = 10;
        w->queues[0]->ended_us = pgqi_now_us();
        w->poll_us = 0;
        if (pgqueue_worker_process(w, NULL) != 1)
            bail("the worker has ended");
        struct pollfd fd = {.fd = pgqueue_worker_fd(w), .events = POLLIN};
        poll(&fd, 1, 10);
    }
    uint64_t claimed_us = w->queues[0]->claim_us;
    is_int(seen.claimed, JOBS, "jobs are claimed for more threads than there are");
    testworker_until(w, &seen.started, THREADS, "the threads");
    testworker_until(w, &seen.settled, JOBS - THREADS, "what goes back");
    uint64_t took_ms = (pgqi_now_us() - claimed_us) / 1000;
    ok(took_ms >= EXPIRE_S * 1000 / 4, "those that wait go back, a quarter of their time over (%d)",
       (int)took_ms);
    is_int(seen.started, THREADS, "none of them has started");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state = 'created' and "
                             "attempt = 0 and attempts is null"),
           JOBS - THREADS, "their attempt is given back");
    is_int(seen.claimed, JOBS, "they are not claimed again while no thread is free");
    is_int((int)w->held_count, THREADS, "the worker holds what runs");

    testworker_open(&gate, 1);
    testworker_until(w, &seen.settled, JOBS - THREADS + JOBS, "the rest");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where state = 'completed' and "
                             "attempt = 1"),
           JOBS, "all are done in the end, none was charged");
    is_int(seen.lost, 0, "nothing was lost");

    testdb_sql(watch, "select /*schema*/send('waiting')");
    testworker_until(w, &seen.settled, JOBS - THREADS + JOBS + 1, "one more");
    ok(w->wait_look_us == UINT64_MAX || w->wait_look_us < w->queues[0]->claim_us + 5000001,
       "however long an attempt may take, its job waits 5 s at most");
    ok(w->queues[0]->job_bytes < CLAIM_BYTES / CLAIM_MOST,
       "a claim of one small job lets the next one be of a thousand (%zu)",
       w->queues[0]->job_bytes);
    is_int(testworker_end(w), PGQUEUE_OK, "the worker ends");
    PQfinish(watch);
    return done();
}
