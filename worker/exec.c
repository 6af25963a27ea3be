/* SPDX-License-Identifier: MIT */
/*
 * exec.c: the handler that runs a shell command per job, on any event_base. Knows no configuration.
 *
 * A run: spawned -> (told to end: TERM, after the grace KILL) -> exited -> finished. It is told to
 * end when its job was cancelled or lost, or has used up its expire_in. Only the end of the process
 * finishes the job, so that the next attempt never meets this one.
 */
#include "exec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "spawn.h"

enum {
    VARIABLES = 3,           /* PGQUEUE_JOB_ID, _QUEUE, _ATTEMPT */
    READS_PER_EVENT = 4,     /* so that one chatty command does not hold the loop */
    CHUNK = 16 * 1024,       /* bytes of one read */
    TICK_MS = 1000,          /* how often a cancelled job is noticed */
    TICK_WITHOUT_PIDFD = 50, /* then the end of the process is noticed by asking, too */
    UNKNOWN_STATUS =
        125 << 8,     /* a handler in this process has reaped it: not done, as by exit 125 */
    SPAWN_RETRY_S = 2 /* no process to be had: not the job's fault */
};

enum why { WHY_NOT = 0, WHY_CANCELLED, WHY_EXPIRED };

struct exec {
    struct event_base *base;
    char *command;
    char **environment; /* with VARIABLES free entries at [variables] */
    size_t variables;
    struct run *runs;
    size_t running;
    pgqueue_log_fn *log;
    void *log_user;
    void (*group)(void *user, pid_t group, int alive);
    void *group_user;
};

/* One command. job is NULL once the run is abandoned. */
struct run {
    struct exec *exec;
    struct run *next, *prev;
    pgqueue_job *job;
    struct spawn_child child;
    struct event *in, *out, *err, *end, *tick;
    const char *payload; /* what is left to write */
    size_t payload_len;
    char *output; /* EXEC_STDOUT_MAX, allocated at the first byte */
    size_t output_len;
    char tail[2 * EXEC_STDERR_MAX + 1]; /* the last EXEC_STDERR_MAX bytes of it count */
    size_t tail_len;
    int tail_cut;      /* bytes were dropped before the tail */
    double deadline_s; /* monotonic; 0: none */
    double kill_s;     /* monotonic; 0: not told to end yet */
    enum why why;
};

static double now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct exec *exec_new(const struct exec_options *options)
{
    struct exec *exec = calloc(1, sizeof *exec);
    if (exec == NULL)
        return NULL;
    exec->base = options->base;
    exec->log = options->log;
    exec->log_user = options->log_user;
    exec->group = options->group;
    exec->group_user = options->group_user;
    exec->command = strdup(options->command);
    exec->environment = spawn_environment(options->variables, VARIABLES, &exec->variables);
    if (exec->command == NULL || exec->environment == NULL) {
        exec_free(exec);
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN); /* a command may end without having read its payload */
    signal(SIGCHLD, SIG_DFL); /* inherited as ignored, it would hide how commands end */
    return exec;
}

size_t exec_running(const struct exec *exec)
{
    return exec->running;
}

static void close_stream(struct event **event, int *fd)
{
    if (*event != NULL)
        event_free(*event);
    *event = NULL;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void run_free(struct run *run)
{
    struct exec *exec = run->exec;
    close_stream(&run->in, &run->child.stdin_w);
    close_stream(&run->out, &run->child.stdout_r);
    close_stream(&run->err, &run->child.stderr_r);
    close_stream(&run->end, &run->child.pidfd);
    if (run->tick != NULL)
        event_free(run->tick);
    if (run->prev != NULL)
        run->prev->next = run->next;
    else
        exec->runs = run->next;
    if (run->next != NULL)
        run->next->prev = run->prev;
    exec->running--;
    free(run->output);
    free(run);
}

/* Kills what is left of the group while its leader is not reaped: until then its id is ours. */
static int reap(struct run *run)
{
    int status = 0;
    kill(-run->child.pid, SIGKILL);
    while (waitpid(run->child.pid, &status, 0) < 0)
        if (errno != EINTR) {
            status = UNKNOWN_STATUS;
            break;
        }
    if (run->exec->group != NULL)
        run->exec->group(run->exec->group_user, run->child.pid, 0);
    return status;
}

void exec_free(struct exec *exec)
{
    if (exec == NULL)
        return;
    while (exec->runs != NULL) {
        reap(exec->runs);
        run_free(exec->runs);
    }
    /* The last VARIABLES entries lie on run_start's stack, and only while it spawns. */
    spawn_environment_free(exec->environment, exec->variables);
    free(exec->command);
    free(exec);
}

static void keep_output(struct run *run, const char *data, size_t len)
{
    if (run->output == NULL)
        run->output = malloc(EXEC_STDOUT_MAX);
    if (run->output == NULL)
        return;
    size_t room = EXEC_STDOUT_MAX - run->output_len;
    size_t n = len < room ? len : room;
    memcpy(run->output + run->output_len, data, n);
    run->output_len += n;
}

static void keep_tail(struct run *run, const char *data, size_t len)
{
    if (len > EXEC_STDERR_MAX) {
        data += len - EXEC_STDERR_MAX;
        len = EXEC_STDERR_MAX;
        run->tail_len = 0;
        run->tail_cut = 1;
    }
    if (run->tail_len + len > sizeof run->tail - 1) {
        size_t keep = EXEC_STDERR_MAX;
        memmove(run->tail, run->tail + run->tail_len - keep, keep);
        run->tail_len = keep;
        run->tail_cut = 1;
    }
    memcpy(run->tail + run->tail_len, data, len);
    run->tail_len += len;
}

/* Reads what is there, at most `reads` times. 0 at the end of the stream. */
static int pump(struct run *run, int fd, int reads)
{
    char data[CHUNK];
    for (int i = 0; i < reads; i++) {
        ssize_t n = read(fd, data, sizeof data);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 1;
        if (n <= 0)
            return 0;
        if (fd == run->child.stdout_r)
            keep_output(run, data, (size_t)n);
        else
            keep_tail(run, data, (size_t)n);
    }
    return 1;
}

static void on_output(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    (void)what;
    if (pump(run, fd, READS_PER_EVENT))
        return;
    if (fd == run->child.stdout_r)
        close_stream(&run->out, &run->child.stdout_r);
    else
        close_stream(&run->err, &run->child.stderr_r);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    (void)what;
    while (run->payload_len > 0) {
        ssize_t n = write(fd, run->payload, run->payload_len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0)
            break; /* EPIPE: the command does not want it, which is its right */
        run->payload += n;
        run->payload_len -= (size_t)n;
    }
    close_stream(&run->in, &run->child.stdin_w);
}

/* The tail of stderr as one text: no NUL, no half character in front, no newline behind. */
static const char *error_text(struct run *run)
{
    size_t start = run->tail_len > EXEC_STDERR_MAX ? run->tail_len - EXEC_STDERR_MAX : 0;
    if (start > 0 || run->tail_cut)
        for (int i = 0; i < 3 && start < run->tail_len && (run->tail[start] & 0xC0) == 0x80; i++)
            start++;
    size_t end = run->tail_len;
    while (end > start && strchr("\r\n\t ", run->tail[end - 1]) != NULL)
        end--; /* strchr finds NUL, too */
    for (size_t i = start; i < end; i++)
        if (run->tail[i] == '\0')
            run->tail[i] = ' ';
    run->tail[end] = '\0';
    return run->tail + start;
}

static void set_message(struct run *run, const char *what)
{
    const char *tail = error_text(run);
    char text[EXEC_STDERR_MAX + 1];
    if (what == NULL || tail[0] == '\0')
        snprintf(text, sizeof text, "%s", what == NULL ? tail : what);
    else
        snprintf(text, sizeof text, "%s: %s", what, tail);
    pgqueue_job_set_message(run->job, text);
}

static int settle_exit(struct run *run, int code)
{
    char what[64];
    switch (code) {
    case 0:
        if (run->output_len > 0 && run->output[run->output_len - 1] == '\n' &&
            run->output_len < EXEC_STDOUT_MAX)
            run->output_len--; /* as the shell's $(...): "echo done" gives "done" */
        if (run->output_len > 0)
            pgqueue_job_set_output(run->job, run->output, run->output_len);
        return PGQUEUE_DONE;
    case EXEC_SNOOZE:
        return PGQUEUE_SNOOZE;
    default:
        snprintf(what, sizeof what, "exited with status %d", code);
        set_message(run, error_text(run)[0] != '\0' ? NULL : what);
        return code == EXEC_FAIL ? PGQUEUE_FAIL : PGQUEUE_RETRY;
    }
}

static int outcome_of(struct run *run, int status)
{
    char what[96];
    if (run->why == WHY_CANCELLED)
        return PGQUEUE_CANCEL;
    if (run->why == WHY_EXPIRED) {
        snprintf(what, sizeof what, "took longer than its expire_in of %g s",
                 pgqueue_job_expire_in_s(run->job));
        set_message(run, what);
        return PGQUEUE_RETRY;
    }
    if (WIFEXITED(status))
        return settle_exit(run, WEXITSTATUS(status));
    snprintf(what, sizeof what, "killed by signal %d (%s)", WTERMSIG(status),
             strsignal(WTERMSIG(status)));
    set_message(run, what);
    return PGQUEUE_RETRY;
}

/* Looks whether the command has ended; if so finishes its job and frees the run. */
static int finish_if_ended(struct run *run)
{
    siginfo_t info = {.si_pid = 0};
    int rc = waitid(P_PID, (id_t)run->child.pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (rc == 0 && info.si_pid == 0)
        return 0;
    if (run->child.stdout_r >= 0)
        pump(run, run->child.stdout_r, EXEC_STDOUT_MAX / CHUNK + 1);
    if (run->child.stderr_r >= 0)
        pump(run, run->child.stderr_r, EXEC_STDOUT_MAX / CHUNK + 1);
    int status = reap(run);
    pgqueue_job *job = run->job;
    int outcome = job != NULL ? outcome_of(run, status) : PGQUEUE_RETRY;
    run_free(run);
    if (job != NULL)
        pgqueue_job_finish(job, outcome);
    return 1;
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    finish_if_ended(arg);
}

static void tell_to_end(struct run *run, enum why why, double now)
{
    run->why = why;
    run->kill_s = now + EXEC_GRACE_S;
    kill(-run->child.pid, SIGTERM);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    double now = now_s();
    (void)fd;
    (void)what;
    if (run->child.pidfd < 0 && finish_if_ended(run))
        return;
    if (run->kill_s > 0) {
        if (now >= run->kill_s)
            kill(-run->child.pid, SIGKILL);
    } else if (run->job != NULL && pgqueue_job_cancelled(run->job)) {
        /* A lease that ended by expire_in looks like this, too. */
        int late = run->deadline_s > 0 && now >= run->deadline_s;
        tell_to_end(run, late ? WHY_EXPIRED : WHY_CANCELLED, now);
    } else if (run->deadline_s > 0 && now >= run->deadline_s) {
        tell_to_end(run, WHY_EXPIRED, now);
    }
}

static int watch(struct run *run)
{
    struct event_base *base = run->exec->base;
    int ms = run->child.pidfd >= 0 ? TICK_MS : TICK_WITHOUT_PIDFD;
    struct timeval tick = {ms / 1000, ms % 1000 * 1000};
    run->in = event_new(base, run->child.stdin_w, EV_WRITE | EV_PERSIST, on_input, run);
    run->out = event_new(base, run->child.stdout_r, EV_READ | EV_PERSIST, on_output, run);
    run->err = event_new(base, run->child.stderr_r, EV_READ | EV_PERSIST, on_output, run);
    run->tick = event_new(base, -1, EV_PERSIST, on_tick, run);
    if (run->in == NULL || run->out == NULL || run->err == NULL || run->tick == NULL ||
        event_add(run->in, NULL) != 0 || event_add(run->out, NULL) != 0 ||
        event_add(run->err, NULL) != 0 || event_add(run->tick, &tick) != 0)
        return ENOMEM;
    if (run->child.pidfd < 0)
        return 0;
    run->end = event_new(base, run->child.pidfd, EV_READ, on_end, run);
    return run->end == NULL || event_add(run->end, NULL) != 0 ? ENOMEM : 0;
}

/* Spawns with the job's own variables behind the common environment. */
static int spawn_for(struct exec *exec, const pgqueue_job *job, struct spawn_child *child)
{
    char id[48], attempt[48], queue[512];
    snprintf(id, sizeof id, "PGQUEUE_JOB_ID=%lld", (long long)pgqueue_job_id(job));
    snprintf(attempt, sizeof attempt, "PGQUEUE_ATTEMPT=%d", (int)pgqueue_job_attempt(job));
    snprintf(queue, sizeof queue, "PGQUEUE_QUEUE=%s", pgqueue_job_queue(job));
    char **own = exec->environment + exec->variables;
    own[0] = id;
    own[1] = attempt;
    own[2] = queue;
    int error = spawn_shell(exec->command, exec->environment, exec->group, exec->group_user, child);
    own[0] = own[1] = own[2] = NULL;
    return error;
}

static int cannot_start(struct exec *exec, struct run *run, pgqueue_job *job, int error)
{
    char text[128];
    free(run);
    snprintf(text, sizeof text, "cannot start a command: %s; trying again in %d s", strerror(error),
             SPAWN_RETRY_S);
    if (exec->log != NULL)
        exec->log(exec->log_user, PGQUEUE_WARNING, text);
    pgqueue_job_set_delay(job, SPAWN_RETRY_S);
    return PGQUEUE_SNOOZE;
}

int exec_handler(pgqueue_job *job, void *user)
{
    struct exec *exec = user;
    struct run *run = calloc(1, sizeof *run);
    int error = run == NULL ? ENOMEM : spawn_for(exec, job, &run->child);
    if (error != 0)
        return cannot_start(exec, run, job, error);
    run->exec = exec;
    run->next = exec->runs;
    if (exec->runs != NULL)
        exec->runs->prev = run;
    exec->runs = run;
    exec->running++;
    run->payload = pgqueue_job_data(job, &run->payload_len);
    double expire = pgqueue_job_expire_in_s(job);
    run->deadline_s = expire > 0 ? now_s() + expire : 0;
    error = watch(run);
    if (error != 0) {
        reap(run);
        run_free(run);
        return cannot_start(exec, NULL, job, error);
    }
    run->job = job;
    return PGQUEUE_LATER;
}

void exec_abandon(struct exec *exec, int sig)
{
    for (struct run *run = exec->runs; run != NULL; run = run->next) {
        run->job = NULL;
        run->payload_len = 0; /* it belonged to the job */
        kill(-run->child.pid, sig);
    }
}
