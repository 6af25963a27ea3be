/* SPDX-License-Identifier: MIT */
/* The library's worker on a handler of each kind, or pgqueued with a file of settings. */
#include "worker.h"

#include <pgqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crew.h"
#include "load.h"
#include "meter.h"
#include "report.h"

/* Set in worker processes. */
static struct shared *mine;
static pgqueue_worker *running;

static void on_event(void *user, const pgqueue_event *event)
{
    double never = 0;
    (void)user;
    if (event->kind == PGQUEUE_EVENT_SETTLED) {
        atomic_store(&mine->settled_s, seconds());
        atomic_fetch_add(&mine->settled, event->count);
    } else if (event->kind == PGQUEUE_EVENT_CONNECTED) {
        atomic_compare_exchange_strong(&mine->first_s, &never, seconds());
    }
}

static void on_log(void *user, int level, const char *message)
{
    (void)user;
    if (level >= PGQUEUE_WARNING)
        fprintf(stderr, "pgq_bench: worker: %s\n", message);
}

static int handle_noop(pgqueue_job *job, void *user)
{
    (void)job;
    (void)user;
    return PGQUEUE_DONE;
}

static int handle_stamp(pgqueue_job *job, void *user)
{
    double now = seconds();
    const char *text = strstr(pgqueue_job_data(job, NULL), "\"i\": ");
    long i = text != NULL ? strtol(text + 5, NULL, 10) : STAMPS;
    (void)user;
    if (i < STAMPS) {
        mine->started_s[i] = now;
        atomic_fetch_add(&mine->started, 1);
    }
    return PGQUEUE_DONE;
}

static int handle_forever(pgqueue_job *job, void *user)
{
    (void)job;
    (void)user;
    atomic_fetch_add(&mine->started, 1);
    return PGQUEUE_LATER;
}

static void on_term(int sig)
{
    (void)sig;
    pgqueue_worker_stop(running);
}

static void run_worker(const char *dsn, const struct duty *duty)
{
    pgqueue_handler *const handlers[] = {handle_noop, handle_stamp, handle_forever};
    pgqueue_worker_options options = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_work_options work = PGQUEUE_WORK_OPTIONS_INIT;
    pgqueue_error error;
    char name[QUEUE_NAME_ROOM];
    options.event = on_event;
    options.log = on_log;
    options.once = duty->once;
    options.max_jobs = duty->max_jobs;
    work.on_loop = duty->kind == WORKER_FOREVER;
    if (duty->concurrency > 0)
        work.concurrency = duty->concurrency;
    if (pgqueue_worker_new(dsn, &options, &running, &error) != PGQUEUE_OK)
        die("%s", error.message);
    for (int i = 0; i < (duty->queues > 0 ? duty->queues : 1); i++) {
        const char *queue = duty->queue != NULL ? duty->queue : QUEUE;
        if (duty->queues > 0)
            queue = queue_name(name, i);
        if (pgqueue_work(running, queue, &work, handlers[duty->kind], NULL, &error) != PGQUEUE_OK)
            die("%s", error.message);
    }
    signal(SIGTERM, on_term);
    if (pgqueue_worker_run(running, &error) != 0)
        die("%s", error.message);
    pgqueue_worker_free(running);
}

pid_t start_worker(const char *dsn, const struct duty *duty, struct shared *shared)
{
    pid_t pid = spawn();
    if (pid != 0)
        return pid;
    mine = shared;
    run_worker(dsn, duty);
    exit(0);
}

pid_t start_daemon(const char *program, const char *dsn)
{
    char path[] = "/tmp/pgq_bench.XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (f == NULL)
        die("no temporary file");
    fprintf(f, "[database]\ndsn = %s\n[worker]\nprocesses = 1\nlog_level = warning\n", dsn);
    fprintf(f, "[queue " QUEUE "]\nhandler = exec:true\n");
    fclose(f);
    pid_t pid = spawn();
    if (pid == 0) {
        execl(program, program, "-c", path, (char *)NULL);
        die("cannot run %s", program);
    }
    sleep_s(3); /* it has read the file and connected */
    unlink(path);
    return pid;
}

struct ended stop_worker(pid_t pid)
{
    kill(pid, SIGTERM);
    return wait_for(pid);
}
