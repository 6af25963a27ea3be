/* SPDX-License-Identifier: MIT */
/* A handler module for the kill tests: writes down each start and end of a job in a file that no
 * crash of the database can empty, and does what the payload asks. Knows nothing of the tests. */
#include <pgqueue.h>

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* One write of one line: lines of several threads and processes do not mix. */
static void note(const char *what, const pgqueue_job *job)
{
    char line[160];
    const char *path = getenv("CHAOS_EVENTS");
    int fd = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
    int n = snprintf(line, sizeof line, "%s %" PRId64 " %d %d %" PRId64 "\n", what,
                     pgqueue_job_id(job), (int)pgqueue_job_attempt(job), (int)getpid(), now_us());
    if (fd < 0 || write(fd, line, (size_t)n) != n)
        abort();
    close(fd);
}

static void take(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&ts, &ts) != 0)
        continue;
}

/* As a program does that cannot go on without memory. A sanitizer's own allocator has another end.
 */
static void use_up_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    struct rlimit limit = {(rlim_t)1 << 20, (rlim_t)1 << 20};
    setrlimit(RLIMIT_AS, &limit);
    for (volatile char *p; (p = malloc((size_t)4 << 20)) != NULL;)
        *p = 1;
#endif
    abort();
}

static void spin(long ms)
{
    for (int64_t end = now_us() + ms * 1000; now_us() < end;)
        continue;
}

/* Until the test makes the file: the file is the event. */
static void wait_for_gate(void)
{
    const char *gate = getenv("CHAOS_GATE");
    while (gate != NULL && access(gate, F_OK) != 0)
        take(5);
}

/* Payload: a number of milliseconds to take, or "gate", "spin MS", "segv", "abort", "exit",
 * "memory". The output is the process. */
static int act(pgqueue_job *job, void *user)
{
    static int *volatile nowhere = (int *)64; /* no sanitizer may look at it first */
    char output[32];
    const char *how = pgqueue_job_data(job, NULL);
    (void)user;
    note("S", job);
    if (strstr(how, "segv") != NULL)
        *nowhere = 1;
    else if (strstr(how, "abort") != NULL)
        abort();
    else if (strstr(how, "exit") != NULL)
        exit(3);
    else if (strstr(how, "memory") != NULL)
        use_up_memory();
    else if (strstr(how, "gate") != NULL)
        wait_for_gate();
    else if (strncmp(how, "\"spin ", 6) == 0)
        spin(strtol(how + 6, NULL, 10));
    else
        take(strtol(how, NULL, 10));
    pgqueue_job_set_output(job, output,
                           (size_t)snprintf(output, sizeof output, "%d", (int)getpid()));
    note("E", job);
    return PGQUEUE_DONE;
}

static const pgqueue_module_handler handlers[] = {{"act", act, 0}, {NULL, NULL, 0}};

const pgqueue_module pgqueue_module_entry = {
    .abi = PGQUEUE_MODULE_ABI, .name = "chaos_handlers", .version = "1", .handlers = handlers};
