/* SPDX-License-Identifier: MIT */
/* A worker for the fault tests to kill, stop and cut off: what its handlers do goes to a file that
 * outlives it.
 *
 * usage: toy_worker CONNINFO SCHEMA QUEUE MODE LOG [CRASHED_WORKER ID...]
 *   hold     1,000 jobs at once on the loop, never ended; "held N" when there are so many
 *   run      4 threads, each job ends at once
 *   gate=F   4 threads, each job ends when the file F is there
 * Lines of LOG: "S id attempt" at a handler's start, "E id attempt" at its end. Of standard error:
 * "connected WORKER", "disconnected", "held N", "lost ID". CRASHED_WORKER and the IDs of its
 * started jobs make a pgqueue_crash. */
#include <fcntl.h>
#include <pgqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int log_fd;
static const char *gate;
static int held;
static pgqueue_worker *worker;

static void line(char what, const pgqueue_job *job)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%c %lld %d\n", what, (long long)pgqueue_job_id(job),
                       (int)pgqueue_job_attempt(job));
    if (write(log_fd, text, (size_t)len) != len)
        _exit(3);
}

static int hold(pgqueue_job *job, void *user)
{
    (void)user;
    line('S', job);
    if (++held % 100 == 0)
        fprintf(stderr, "held %d\n", held);
    return PGQUEUE_LATER;
}

static int run(pgqueue_job *job, void *user)
{
    (void)user;
    line('S', job);
    while (gate != NULL && access(gate, F_OK) != 0)
        usleep(5000); /* the file is the event */
    line('E', job);
    return PGQUEUE_DONE;
}

static void event(void *user, const pgqueue_event *e)
{
    (void)user;
    if (e->kind == PGQUEUE_EVENT_CONNECTED)
        fprintf(stderr, "connected %lld\n", (long long)e->worker);
    else if (e->kind == PGQUEUE_EVENT_DISCONNECTED)
        fprintf(stderr, "disconnected\n");
    else if (e->kind == PGQUEUE_EVENT_LOST)
        fprintf(stderr, "lost %lld\n", (long long)e->job);
}

static void say(void *user, int level, const char *message)
{
    (void)user;
    if (level >= PGQUEUE_INFO)
        fprintf(stderr, "log: %s\n", message);
}

static void on_term(int signal)
{
    (void)signal;
    pgqueue_worker_stop(worker);
}

int main(int argc, char **argv)
{
    static int64_t started[2000];
    pgqueue_error error;
    pgqueue_crash crash = {0};
    pgqueue_worker_options o = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_work_options w = PGQUEUE_WORK_OPTIONS_INIT;
    if (argc < 6)
        return 2;
    int holds = strcmp(argv[4], "hold") == 0;
    gate = strncmp(argv[4], "gate=", 5) == 0 ? argv[4] + 5 : NULL;
    log_fd = open(argv[5], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    setvbuf(stderr, NULL, _IOLBF, 0);
    o.schema = argv[2];
    o.threads = holds ? 0 : 4;
    o.event = event;
    o.log = say;
    w.on_loop = holds;
    w.concurrency = holds ? 1000 : 4;
    if (argc > 6) {
        crash.worker = strtoll(argv[6], NULL, 10);
        crash.started = started;
        crash.reason = "killed by the test";
        for (int i = 7; i < argc && crash.started_count < 2000; i++)
            started[crash.started_count++] = strtoll(argv[i], NULL, 10);
        o.crash = &crash;
    }
    if (pgqueue_worker_new(argv[1], &o, &worker, &error) != PGQUEUE_OK ||
        pgqueue_work(worker, argv[3], &w, holds ? hold : run, NULL, &error) != PGQUEUE_OK) {
        fprintf(stderr, "error: %s\n", error.message);
        return 2;
    }
    signal(SIGTERM, on_term);
    int rc = pgqueue_worker_run(worker, &error);
    fprintf(stderr, "ended %s %s\n", pgqueue_code_name(rc), rc ? error.message : "");
    if (rc != PGQUEUE_ESTATE)
        pgqueue_worker_free(worker);
    return rc == PGQUEUE_OK ? 0 : 1;
}
