/* SPDX-License-Identifier: MIT */
/* A worker process with so many running jobs is killed; another, busy with another queue, frees
 * them. */
#include <signal.h>
#include <stddef.h>

#include "cases.h"
#include "crew.h"
#include "db.h"
#include "load.h"
#include "meter.h"
#include "report.h"
#include "worker.h"

void case_kill(const char *dsn, long size)
{
    struct shared *shared = shared_new(), *other = shared_new();
    PGconn *watch = db_connect(dsn);
    pgqueue *queue = queue_open(dsn);
    double claimable = 0, end;
    send_bulk(queue, 0, size);
    pid_t witness = start_worker(dsn, &(struct duty){.queue = "other"}, other);
    struct duty forever = {.kind = WORKER_FOREVER, .concurrency = (int)size};
    pid_t victim = start_worker(dsn, &forever, shared);
    wait_count(&shared->started, size, 30);
    sleep_s(1.5); /* the witness looks each second while there are foreign leases */
    double start = seconds();
    kill(victim, SIGKILL);
    wait_for(victim);
    do {
        sleep_s(0.01);
        claimable = db_number(watch, "select count(*) from pgqueue.job_ready");
        end = seconds();
    } while (claimable < (double)size && end < start + 60);
    if (claimable != (double)size)
        die("%.0f of %ld jobs were claimable after %.0f s", claimable, size, end - start);
    report("kill", "jobs", claimable, "claimable_s", end - start, NULL);
    stop_worker(witness);
    pgqueue_close(queue);
    PQfinish(watch);
}
