/* SPDX-License-Identifier: MIT */
/*
 * crew.c: the worker processes of one configuration: started, watched, started again when they die.
 *
 * A seat: working -> (process died) -> empty until its restart is due -> working ... The first
 * restart comes at once, the following ones after 0.1 s, 0.2 s, ... 30 s, until a process has lived
 * for 10 s. What the dead process left on its page goes to the next one on the seat: if jobs had
 * started, that one is forked at once, hands it in, and claims nothing until its restart would have
 * been due. Were it to come later, others would take the worker for dead and charge all its jobs.
 * If the crew is to end, the next process hands it in and ends, too.
 */
#include "crew.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <pgqueue.h>

#include "log.h"
#include "process.h"

enum {
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 30000,
    STEADY_MS = 10000,      /* a life that forgives the deaths before it */
    POLL_AGE_MAX_MS = 75000 /* an idle worker asks every 30 s */
};

struct seat {
    struct crew *crew;
    unsigned number; /* from 1 */
    pid_t pid;       /* 0: empty */
    int control;
    struct event *answer; /* the other end of control */
    struct event *restart;
    struct shared_page *page;
    struct process_crash *crash; /* for the next process; NULL: none */
    int64_t started_ms;
    int64_t backoff_ms; /* before the next restart */
    int held;           /* claims nothing until [restart] */
    char last_order;    /* for a process that has a crash to hand in first; 0: none */
    uint64_t ticks;     /* as last seen */
    int missed;         /* seconds that it did not tick while we did */
};

struct crew {
    struct crew_options options;
    struct seat *seats;
    unsigned count;
    int stopping, killed;
    unsigned restarts;
    int cannot;
    char text[512];
};

static void seat_start(struct seat *seat);

static void seat_clear(struct seat *seat)
{
    if (seat->answer != NULL)
        event_free(seat->answer);
    seat->answer = NULL;
    if (seat->control >= 0)
        close(seat->control);
    seat->control = -1;
    shared_free(seat->page);
    seat->page = NULL;
    seat->pid = 0;
    seat->held = 0;
    seat->last_order = 0;
}

static void seat_tell(const struct seat *seat, char order)
{
    if (send(seat->control, &order, 1, MSG_NOSIGNAL) < 0)
        LOG(PGQUEUE_DEBUG, "a worker does not listen", log_text("why", strerror(errno)));
}

/* Whether its process has yet to tell which jobs the one before it had. */
static int has_to_report(const struct seat *seat)
{
    return seat->crash != NULL && seat->crash->started_count > 0;
}

static void drop_crash(struct seat *seat)
{
    free(seat->crash);
    seat->crash = NULL;
}

/* A crash is handed in before the worker says that it is connected. */
static void look_for_report(struct seat *seat)
{
    if (!atomic_load(&seat->page->connected))
        return;
    drop_crash(seat);
    if (seat->last_order != 0)
        seat_tell(seat, seat->last_order);
    seat->last_order = 0;
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct seat *seat = arg;
    char bytes[64];
    (void)what;
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        event_del(seat->answer); /* it has ended: the signal tells */
    } else if (n > 0) {
        look_for_report(seat);
        seat->crew->options.changed(seat->crew->options.user);
    }
}

static void seat_let_go(struct seat *seat)
{
    seat->held = 0;
    seat->started_ms = shared_now_ms(); /* its life counts from here */
    if (!seat->crew->options.paused)
        seat_tell(seat, PROCESS_RESUME);
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
    struct seat *seat = arg;
    (void)fd;
    (void)what;
    if (seat->crew->stopping)
        return;
    if (seat->pid == 0)
        seat_start(seat);
    else if (seat->held)
        seat_let_go(seat);
}

/* report: the dead process had jobs to tell of. */
static void plan_restart(struct seat *seat, int report)
{
    struct timeval after = {seat->backoff_ms / 1000, seat->backoff_ms % 1000 * 1000};
    if (report && seat->backoff_ms > 0) {
        seat->held = 1;
        seat_start(seat);
    }
    event_add(seat->restart, &after);
    if (seat->backoff_ms > 0)
        LOG(PGQUEUE_INFO, "a worker works again later", log_number("in_ms", seat->backoff_ms));
    seat->backoff_ms = seat->backoff_ms == 0                   ? BACKOFF_MIN_MS
                       : seat->backoff_ms > BACKOFF_MAX_MS / 2 ? BACKOFF_MAX_MS
                                                               : 2 * seat->backoff_ms;
}

/* In the child: nothing of the supervisor's stays open, least of all its listening socket. */
static void child_main(struct seat *seat, int control)
{
    const struct crew *crew = seat->crew;
    struct process_options options = {.config = crew->options.config,
                                      .page = seat->page,
                                      .control = control,
                                      .crash = seat->crash,
                                      .paused =
                                          crew->options.paused || seat->held || crew->stopping};
    if (control > 3)
        close_range(3, (unsigned)control - 1, 0);
    close_range((unsigned)control + 1, UINT_MAX, 0);
    exit(process_run(&options));
}

static int seat_fork(struct seat *seat)
{
    int ends[2];
    seat->page = shared_new();
    if (seat->page == NULL ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    seat->control = ends[0];
    seat->answer =
        event_new(seat->crew->options.base, ends[0], EV_READ | EV_PERSIST, on_answer, seat);
    int ok = seat->answer != NULL && event_add(seat->answer, NULL) == 0;
    pid_t pid = ok ? fork() : -1;
    if (pid == 0)
        child_main(seat, ends[1]);
    close(ends[1]);
    if (pid > 0)
        seat->pid = pid;
    return pid > 0 ? 0 : -1;
}

static void seat_start(struct seat *seat)
{
    if (seat_fork(seat) != 0) {
        LOG(PGQUEUE_ERROR, "cannot start a worker", log_text("why", strerror(errno)));
        seat_clear(seat);
        if (!seat->crew->stopping)
            plan_restart(seat, 0);
        return;
    }
    seat->started_ms = shared_now_ms();
    seat->ticks = 0;
    seat->missed = 0;
    LOG(PGQUEUE_INFO, "worker started", log_number("worker_pid", seat->pid),
        log_number("number", seat->number));
}

struct crew *crew_new(const struct crew_options *options)
{
    struct crew *crew = calloc(1, sizeof *crew);
    unsigned count = (unsigned)config_number(options->config, "worker", "processes");
    if (crew == NULL) {
        config_free(options->config);
        return NULL;
    }
    crew->options = *options;
    crew->seats = calloc(count, sizeof *crew->seats);
    for (unsigned i = 0; crew->seats != NULL && i < count; i++) {
        struct seat *seat = &crew->seats[i];
        seat->crew = crew;
        seat->number = i + 1;
        seat->control = -1;
        seat->restart = event_new(options->base, -1, 0, on_restart, seat);
        if (seat->restart == NULL)
            break;
        crew->count++;
    }
    if (crew->count < count) {
        crew_free(crew);
        return NULL;
    }
    for (unsigned i = 0; i < count; i++)
        seat_start(&crew->seats[i]);
    return crew;
}

void crew_free(struct crew *crew)
{
    if (crew == NULL)
        return;
    for (unsigned i = 0; i < crew->count; i++) {
        seat_clear(&crew->seats[i]);
        event_free(crew->seats[i].restart);
        free(crew->seats[i].crash);
    }
    free(crew->seats);
    config_free(crew->options.config);
    free(crew);
}

void crew_order(struct crew *crew, char order)
{
    if (order == PROCESS_DRAIN || order == PROCESS_NOW)
        crew->stopping = 1;
    else
        crew->options.paused = order == PROCESS_PAUSE;
    for (unsigned i = 0; i < crew->count; i++) {
        struct seat *seat = &crew->seats[i];
        if (crew->stopping)
            event_del(seat->restart);
        if (seat->pid == 0 || (seat->held && order == PROCESS_RESUME))
            continue;
        int later = crew->stopping && has_to_report(seat);
        if (later && (order == PROCESS_DRAIN || order == PROCESS_NOW))
            seat->last_order = order;
        seat_tell(seat, later ? PROCESS_PAUSE : order);
    }
}

/* Commands of a dead worker. Their leaders are our children now (we are the subreaper) and not
 * reaped yet, so that their numbers still mean them. */
static void kill_groups(const struct shared_page *page)
{
    for (size_t i = 0; i < SHARED_GROUPS; i++) {
        pid_t group = atomic_load(&page->groups[i]);
        if (group > 1)
            kill(-group, SIGKILL);
    }
}

void crew_kill(struct crew *crew)
{
    crew->killed = 1;
    for (unsigned i = 0; i < crew->count; i++)
        if (crew->seats[i].pid != 0)
            kill(crew->seats[i].pid, SIGKILL);
}

/* Keeps for the next process on the seat what this one died of. A process that never registered
 * had no jobs; the one before it may have had some that nobody has reported yet. */
static void keep_crash(struct seat *seat, const char *reason)
{
    int64_t worker = atomic_load(&seat->page->worker);
    if (worker == 0)
        return;
    free(seat->crash);
    struct process_crash *crash = calloc(1, sizeof *crash);
    seat->crash = crash;
    if (crash == NULL)
        return; /* the database will find out by the lock, and charge all */
    crash->worker = worker;
    crash->started_count =
        shared_jobs(seat->page, crash->started, crash->culprits, &crash->culprit_count);
    snprintf(crash->reason, sizeof crash->reason, "%s", reason);
    LOG(PGQUEUE_ERROR, "a worker died", log_text("why", reason),
        log_number("worker_pid", seat->pid), log_number("worker", worker),
        log_number("jobs", (int64_t)crash->started_count),
        log_number("culprits", (int64_t)crash->culprit_count));
    for (size_t i = 0; i < crash->culprit_count; i++)
        LOG(PGQUEUE_ERROR, "a job took its worker down", log_number("job", crash->culprits[i]),
            log_text("why", reason));
}

static void tell_reason(const struct seat *seat, int status, char *out, size_t size)
{
    if (atomic_load(&seat->page->hung))
        snprintf(out, size, "did not answer any more and was killed");
    else if (WIFSIGNALED(status))
        snprintf(out, size, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, size, "exited with status %d", WEXITSTATUS(status));
}

/* Ended as it wanted to: told so, or by a signal of its own, or it cannot work. */
static void seat_left(struct seat *seat, int end)
{
    struct crew *crew = seat->crew;
    if (end == SHARED_CANNOT) {
        crew->cannot = atomic_load(&seat->page->code);
        shared_get_text(seat->page, crew->text);
    }
    if (atomic_load(&seat->page->worker) != 0)
        drop_crash(seat); /* it had handed it in */
    LOG(PGQUEUE_INFO, "worker ended", log_number("worker_pid", seat->pid));
}

static void seat_ended(struct seat *seat, int status)
{
    struct crew *crew = seat->crew;
    char reason[128];
    int end = atomic_load(&seat->page->end), report = 0;
    tell_reason(seat, status, reason, sizeof reason);
    if (end == SHARED_ALIVE && atomic_load(&seat->page->worker) != 0) {
        keep_crash(seat, reason);
        report = seat->crash != NULL && seat->crash->started_count > 0;
    } else if (end == SHARED_ALIVE)
        LOG(PGQUEUE_ERROR, "a worker died", log_text("why", reason),
            log_number("worker_pid", seat->pid));
    else
        seat_left(seat, end);
    shared_add(crew->options.dead, seat->page);
    if (!seat->held && shared_now_ms() - seat->started_ms >= STEADY_MS)
        seat->backoff_ms = 0;
    if (end != SHARED_DRAINED)
        crew->restarts++;
    seat_clear(seat);
    if (!crew->stopping) {
        plan_restart(seat, report);
    } else if (report && !crew->killed) {
        seat_start(seat);
        seat->last_order = PROCESS_DRAIN;
    }
}

int crew_child_ended(struct crew *crew, pid_t pid)
{
    for (unsigned i = 0; i < crew->count; i++) {
        struct seat *seat = &crew->seats[i];
        int status = 0;
        if (seat->pid != pid)
            continue;
        kill_groups(seat->page);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
        seat_ended(seat, status);
        crew->options.changed(crew->options.user);
        return 1;
    }
    return 0;
}

static void seat_watch(struct seat *seat, int limit_s)
{
    uint64_t ticks = atomic_load(&seat->page->ticks);
    if (ticks != seat->ticks || limit_s == 0) {
        seat->ticks = ticks;
        seat->missed = 0;
        return;
    }
    if (++seat->missed < limit_s)
        return;
    if (seat->missed == limit_s) {
        LOG(PGQUEUE_ERROR, "a worker's loop stands still: ending it",
            log_number("worker_pid", seat->pid), log_number("seconds", seat->missed));
        atomic_store(&seat->page->hung, 1);
        kill(seat->pid, SIGABRT); /* leaves a core to look at */
    } else if (seat->missed > limit_s + 5) {
        kill(seat->pid, SIGKILL); /* stopped, or it catches what it should not */
    }
}

void crew_tick(struct crew *crew)
{
    int limit_s = (int)config_number(crew->options.config, "worker", "watchdog");
    for (unsigned i = 0; i < crew->count; i++)
        if (crew->seats[i].pid != 0)
            seat_watch(&crew->seats[i], limit_s);
}

void crew_look(const struct crew *crew, struct crew_state *out)
{
    int64_t now = shared_now_ms();
    memset(out, 0, sizeof *out);
    out->wanted = crew->count;
    out->restarts = crew->restarts;
    out->cannot = crew->cannot;
    out->stopping = crew->stopping;
    snprintf(out->text, sizeof out->text, "%s", crew->text);
    for (unsigned i = 0; i < crew->count; i++) {
        const struct seat *seat = &crew->seats[i];
        if (seat->pid == 0)
            continue;
        out->alive++;
        if (!atomic_load(&seat->page->connected))
            continue;
        out->connected++;
        if (now - atomic_load(&seat->page->polled_ms) < POLL_AGE_MAX_MS)
            out->ready++;
    }
}

const struct config *crew_config(const struct crew *crew)
{
    return crew->options.config;
}

const struct shared_page *crew_page(const struct crew *crew, size_t index, unsigned *number)
{
    for (unsigned i = 0; i < crew->count; i++)
        if (crew->seats[i].pid != 0 && index-- == 0) {
            *number = crew->seats[i].number;
            return crew->seats[i].page;
        }
    return NULL;
}
