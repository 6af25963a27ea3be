/* SPDX-License-Identifier: MIT */
/* A handler module for the daemon's tests: handlers that do what the payload asks, and some that
 * take their process down. Knows nothing of the tests. */
#include <pgqueue.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&ts, &ts) != 0)
        continue;
}

/* Payload: milliseconds to take. */
static int take(pgqueue_job *job, void *user)
{
    (void)user;
    pause_ms(strtol(pgqueue_job_data(job, NULL), NULL, 10));
    return PGQUEUE_DONE;
}

/* Payload: an outcome. */
static int answer(pgqueue_job *job, void *user)
{
    (void)user;
    pgqueue_job_set_message(job, "as the payload says");
    return (int)strtol(pgqueue_job_data(job, NULL), NULL, 10);
}

/* Deeper than any stack; the compiler must not see that it has no end. */
static int dig(volatile const int *depth)
{
    volatile char here[65536];
    here[0] = 1;
    return *depth == 0 ? here[0] : dig(depth) + here[0];
}

/* Payload: "segv", "stack", "abort", "exit", "_exit", or a number of milliseconds to take. */
static int crash(pgqueue_job *job, void *user)
{
    static int *volatile nowhere = (int *)64; /* no sanitizer may look at it first */
    static volatile const int deep = 1;
    const char *how = pgqueue_job_data(job, NULL);
    (void)user;
    if (strstr(how, "segv") != NULL)
        *nowhere = 1;
    else if (strstr(how, "stack") != NULL)
        return dig(&deep) > 0 ? PGQUEUE_DONE : PGQUEUE_FAIL;
    else if (strstr(how, "abort") != NULL)
        abort();
    else if (strstr(how, "_exit") != NULL)
        _exit(7);
    else if (strstr(how, "exit") != NULL)
        exit(0);
    else
        return take(job, user);
    return PGQUEUE_DONE;
}

/* Payload: "PATH"; crashes when that file is there. */
static int crash_when(pgqueue_job *job, void *user)
{
    static int *volatile nowhere = (int *)64;
    char path[512] = "";
    (void)user;
    if (sscanf(pgqueue_job_data(job, NULL), "\"%511[^\"]", path) != 1)
        return PGQUEUE_FAIL;
    while (access(path, F_OK) != 0)
        pause_ms(10);
    *nowhere = 1;
    return PGQUEUE_DONE;
}

/* Forks a child that ends by exit(); then a kill as from outside. */
static int forks(pgqueue_job *job, void *user)
{
    (void)job;
    (void)user;
    pid_t child = fork();
    if (child == 0)
        exit(3);
    waitpid(child, NULL, 0);
    kill(getpid(), SIGKILL);
    return PGQUEUE_DONE;
}

/* On the loop: keeps it for the payload's milliseconds. */
static int hold(pgqueue_job *job, void *user)
{
    return take(job, user);
}

static const pgqueue_module_handler handlers[] = {
    {"take", take, 0},
    {"answer", answer, 0},
    {"crash", crash, 0},
    {"hold", hold, 1},
    {"loop_crash", crash, 1},
    {"forks", forks, 0},
    {"crash_when", crash_when, 0},
    {NULL, NULL, 0},
};

const pgqueue_module pgqueue_module_entry = {
    .abi = PGQUEUE_MODULE_ABI, .name = "daemon_handlers", .version = "1", .handlers = handlers};
