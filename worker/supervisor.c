/* SPDX-License-Identifier: MIT */
/*
 * supervisor.c: the process that is always there: it forks the workers, serves HTTP from what they
 * report, and heeds the signals. No threads, no database.
 *
 * A configuration, the first as well as one that is reloaded, goes: read -> checked by a child
 * (modules and all) -> a crew is started with it -> all of it connected, the crew before it drains.
 * Whatever goes wrong on the way leaves the crew that is there at work.
 */
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <pgqueue.h>

#include "config_load.h"
#include "crew.h"
#include "front.h"
#include "log.h"
#include "notify.h"
#include "pages.h"
#include "process.h"
#include "redact.h"
#include "reload.h"

enum {
    CREWS_MAX = 8,    /* reloads faster than drains: then the oldest that drains has to stop now */
    CHECK_MAX_S = 20, /* a module that takes longer to load is no good */
    /* Beyond the drain, before what is left is killed: a worker takes its leave of the database,
     * then ends commands that outlived the drain (process.c). */
    LAST_WORD_MS = PGQUEUE_LEAVE_MS + 1000,
    SAME_ORDER_MS = 50, /* one TERM sent to the process and to its group arrives twice */
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_CONFIG = 2
};

struct supervisor {
    struct event_base *base;
    int signal_fd;
    struct event *signals, *tick, *deadline;
    struct config *checked; /* what the checker looks at; NULL: none */
    pid_t checker;          /* 0: none */
    int checker_age_s;
    int reload_again; /* HUP came while one was under way */
    struct crew *crews[CREWS_MAX];
    /* Newest last. [current] is the one at work, those before it drain, the one after it waits to
     * be connected. -1: none has ever been started. */
    int crew_count, current;
    struct shared_page *dead;
    unsigned restarts; /* of crews that are gone */
    struct front front;
    int paused;
    int stopping; /* 1 draining, 2 now */
    int64_t stopping_ms;
    int was_ready; /* a worker has been ready once */
    int exit_code;
    char status[160]; /* as last told */
    int to_watchdog_ms;
};

static void look_at_crews(struct supervisor *s);

static const struct config *current_config(const struct supervisor *s)
{
    return s->current >= 0 ? crew_config(s->crews[s->current]) : s->checked;
}

static void set_up_log(const struct config *config)
{
    const struct config_section *worker = config_section(config, "worker", 0);
    log_setup(strcmp(config_value(worker, "worker", "log_format"), "json") == 0,
              log_level_of(config_value(worker, "worker", "log_level")));
}

static void tell_status(struct supervisor *s)
{
    struct crew_state state = {0};
    char text[160], lines[200];
    if (s->current >= 0)
        crew_look(s->crews[s->current], &state);
    if (s->stopping)
        snprintf(text, sizeof text, "stopping");
    else if (s->current < 0)
        snprintf(text, sizeof text, "starting");
    else if (state.connected == state.wanted)
        snprintf(text, sizeof text, "%u worker%s ready%s", state.connected,
                 state.connected == 1 ? "" : "s", s->paused ? ", paused" : "");
    else
        snprintf(text, sizeof text, "waiting for the database: %u of %u workers connected",
                 state.connected, state.wanted);
    if (strcmp(text, s->status) == 0)
        return;
    snprintf(s->status, sizeof s->status, "%s", text);
    snprintf(lines, sizeof lines, "STATUS=%s", text);
    notify(lines);
    if (!s->stopping) /* told with how */
        LOG(PGQUEUE_INFO, text);
}

static void remove_crew(struct supervisor *s, int index)
{
    struct crew_state state;
    crew_look(s->crews[index], &state);
    s->restarts += state.restarts;
    crew_free(s->crews[index]);
    for (int i = index; i + 1 < s->crew_count; i++)
        s->crews[i] = s->crews[i + 1];
    s->crew_count--;
    if (s->current > index || s->current == s->crew_count)
        s->current--;
}

static void on_changed(void *user)
{
    look_at_crews(user);
}

/* A place for one more. Only what drains has to hurry for it, never the crew at work. */
static int have_room(struct supervisor *s)
{
    if (s->crew_count < CREWS_MAX)
        return 1;
    LOG(PGQUEUE_ERROR, "cannot start the workers of the new configuration",
        log_text("why", "those of too many old ones have not ended yet"));
    if (s->current > 0)
        crew_order(s->crews[0], PROCESS_NOW);
    return 0;
}

/* Newer ones than the current one that still wait for the database: a newer one takes their place.
 * So no number of reloads piles them up. */
static void dismiss_waiting(struct supervisor *s)
{
    for (int i = s->current + 1; s->current >= 0 && i < s->crew_count; i++)
        crew_order(s->crews[i], PROCESS_NOW);
}

/* 0, or -1 when it cannot be started, which is logged. config: takes. */
static int start_crew(struct supervisor *s, struct config *config)
{
    struct crew *crew = crew_new(&(struct crew_options){.base = s->base,
                                                        .config = config,
                                                        .dead = s->dead,
                                                        .paused = s->paused,
                                                        .changed = on_changed,
                                                        .user = s});
    if (crew == NULL) {
        LOG(PGQUEUE_ERROR, "cannot start the workers of the new configuration",
            log_text("why", strerror(errno)));
        return -1;
    }
    dismiss_waiting(s);
    s->crews[s->crew_count++] = crew;
    if (s->current < 0)
        s->current = 0;
    look_at_crews(s);
    return 0;
}

static int serve_page(void *user, const char *path, struct evbuffer *body, const char **type)
{
    const struct supervisor *s = user;
    return pages_serve(&(struct pages_view){.crews = s->crews,
                                            .crew_count = s->crew_count,
                                            .current = s->current,
                                            .dead = s->dead,
                                            .restarts = s->restarts,
                                            .paused = s->paused,
                                            .stopping = s->stopping},
                       path, body, type);
}

/* ------------------------------------------------------------------------------------------------
 * Configuration
 */
static void give_up(struct supervisor *s, int code)
{
    s->exit_code = code;
    event_base_loopbreak(s->base);
}

/* Without a configuration there is nothing to do; with one, the old one goes on. */
static void refused(struct supervisor *s, int first, int code)
{
    if (first) {
        give_up(s, code);
        return;
    }
    LOG(PGQUEUE_ERROR, "the old configuration stays");
    notify("READY=1");
}

static void check(struct supervisor *s, struct config *config)
{
    s->checked = config;
    s->checker_age_s = 0;
    s->checker = reload_check_in_child(config, s->current < 0);
    if (s->checker > 0)
        return;
    LOG(PGQUEUE_ERROR, "cannot check the configuration", log_text("why", strerror(errno)));
    config_free(config);
    s->checked = NULL;
    s->checker = 0;
    refused(s, s->current < 0, EXIT_FAILED);
}

static void reload(struct supervisor *s)
{
    struct config *config;
    if (s->stopping)
        return;
    if (s->checker != 0) {
        s->reload_again = 1;
        return;
    }
    notify_reloading();
    LOG(PGQUEUE_INFO, "reading the configuration again");
    if (config_load(current_config(s)->path, reload_log, NULL, &config) == 0) {
        check(s, config);
        return;
    }
    refused(s, 0, EXIT_CONFIG);
}

/* The checker has ended well: the configuration may be put to work. The first one is at once, and
 * is reached before READY is told; another one when its workers are connected (judge_next). */
static void take_configuration(struct supervisor *s)
{
    struct config *config = s->checked;
    int first = s->current < 0;
    s->checked = NULL;
    if (!have_room(s) || front_prepare(&s->front, config) != 0) {
        config_free(config);
        refused(s, first, EXIT_FAILED);
        return;
    }
    if (first) {
        set_up_log(config);
        if (front_switch(&s->front) != 0) {
            config_free(config);
            give_up(s, EXIT_FAILED);
            return;
        }
    }
    if (start_crew(s, config) != 0) {
        front_forget(&s->front);
        refused(s, first, EXIT_FAILED);
        return;
    }
    notify("READY=1");
    tell_status(s);
}

static void checker_ended(struct supervisor *s, int status)
{
    s->checker = 0;
    if (s->stopping || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        int first = s->current < 0;
        if (!s->stopping && WIFSIGNALED(status))
            LOG(PGQUEUE_ERROR, "a module of the configuration crashes when it is loaded",
                log_text("why", strsignal(WTERMSIG(status))));
        config_free(s->checked);
        s->checked = NULL;
        refused(s, first, s->stopping ? EXIT_OK : EXIT_CONFIG);
        if (first)
            return;
    } else {
        take_configuration(s);
    }
    if (s->reload_again) {
        s->reload_again = 0;
        reload(s);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Crews
 */
/* The crew after the current one is connected, or has shown that it never will be. */
static void judge_next(struct supervisor *s)
{
    struct crew_state state;
    int next = s->crew_count - 1;
    if (s->stopping || s->current < 0 || next <= s->current)
        return;
    crew_look(s->crews[next], &state);
    if (state.stopping)
        return;
    if (state.cannot != 0) {
        LOG(PGQUEUE_ERROR, "the new configuration does not work: the old one stays",
            log_text("why", state.text));
        crew_order(s->crews[next], PROCESS_NOW);
        front_forget(&s->front);
    } else if (state.connected == state.wanted) {
        crew_order(s->crews[s->current], PROCESS_DRAIN); /* those between were dismissed */
        s->current = next;
        set_up_log(crew_config(s->crews[next]));
        LOG(PGQUEUE_INFO, "the new configuration is at work");
        if (front_switch(&s->front) != 0)
            LOG(PGQUEUE_ERROR, "HTTP stays as it was");
    }
}

static void judge_current(struct supervisor *s)
{
    struct crew_state state;
    if (s->stopping || s->current < 0)
        return;
    crew_look(s->crews[s->current], &state);
    s->was_ready = s->was_ready || state.connected > 0;
    if (s->was_ready || state.cannot == 0)
        return;
    LOG(PGQUEUE_ERROR, "giving up: this can never work", log_text("why", state.text));
    s->stopping = 2;
    s->exit_code = state.cannot == PGQUEUE_EINVAL || state.cannot == PGQUEUE_ENOTFOUND
                       ? EXIT_CONFIG
                       : EXIT_FAILED;
    for (int i = 0; i < s->crew_count; i++)
        crew_order(s->crews[i], PROCESS_NOW);
}

static void look_at_crews(struct supervisor *s)
{
    judge_current(s);
    judge_next(s);
    for (int i = s->crew_count - 1; i >= 0; i--) {
        struct crew_state state;
        crew_look(s->crews[i], &state);
        if (state.alive == 0 && state.stopping)
            remove_crew(s, i);
    }
    tell_status(s);
    if (s->stopping && s->crew_count == 0 && s->checker == 0)
        event_base_loopbreak(s->base);
}

/* ------------------------------------------------------------------------------------------------
 * Signals and time
 */
static void stop(struct supervisor *s, int now)
{
    int64_t at = shared_now_ms();
    const struct config *config = current_config(s);
    double drain = config != NULL ? config_number(config, "worker", "drain_timeout") : 0;
    struct timeval last = {LAST_WORD_MS / 1000, LAST_WORD_MS % 1000 * 1000};
    int again = s->stopping != 0;
    if (again && (s->stopping == 2 || (!now && at - s->stopping_ms < SAME_ORDER_MS)))
        return;
    now = now || again;
    s->stopping = now ? 2 : 1;
    s->stopping_ms = at;
    notify("STOPPING=1");
    LOG(PGQUEUE_INFO,
        now ? "stopping now: running jobs are given back" : "stopping: running jobs may end");
    if (s->checker != 0)
        kill(s->checker, SIGKILL);
    for (int i = 0; i < s->crew_count; i++)
        crew_order(s->crews[i], now ? PROCESS_NOW : PROCESS_DRAIN);
    if (!now)
        last.tv_sec += (time_t)drain;
    event_add(s->deadline, &last);
    look_at_crews(s);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct supervisor *s = arg;
    (void)fd;
    (void)what;
    for (int i = 0; i < s->crew_count; i++) {
        LOG(PGQUEUE_WARNING, "workers have not ended in time: killing them");
        crew_kill(s->crews[i]);
    }
}

static void pause_all(struct supervisor *s, int paused)
{
    s->paused = paused;
    LOG(PGQUEUE_INFO, paused ? "paused: no jobs are claimed" : "resumed");
    for (int i = 0; i < s->crew_count; i++)
        crew_order(s->crews[i], paused ? PROCESS_PAUSE : PROCESS_RESUME);
    tell_status(s);
}

static void reap(struct supervisor *s)
{
    siginfo_t info = {.si_pid = 0};
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
        int known = 0, status = 0;
        for (int i = 0; i < s->crew_count && !known; i++)
            known = crew_child_ended(s->crews[i], info.si_pid);
        if (!known) {
            waitpid(info.si_pid, &status, 0);
            if (info.si_pid == s->checker)
                checker_ended(s, status);
        }
        info.si_pid = 0;
    }
}

static void on_signals(evutil_socket_t fd, short what, void *arg)
{
    struct supervisor *s = arg;
    struct signalfd_siginfo info;
    (void)what;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGTERM:
        case SIGINT:
            stop(s, 0);
            break;
        case SIGQUIT:
            stop(s, 1);
            break;
        case SIGHUP:
            reload(s);
            break;
        case SIGUSR1:
            pause_all(s, 1);
            break;
        case SIGUSR2:
            pause_all(s, 0);
            break;
        default: /* SIGCHLD */
            reap(s);
            break;
        }
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct supervisor *s = arg;
    (void)fd;
    (void)what;
    for (int i = 0; i < s->crew_count; i++)
        crew_tick(s->crews[i]);
    if (s->checker != 0 && ++s->checker_age_s > CHECK_MAX_S)
        kill(s->checker, SIGKILL);
    s->to_watchdog_ms -= 1000;
    if (notify_watchdog_ms() > 0 && s->to_watchdog_ms <= 0) {
        notify("WATCHDOG=1");
        s->to_watchdog_ms = notify_watchdog_ms();
    }
    tell_status(s);
}

static int set_up(struct supervisor *s)
{
    static const int heeded[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
    const struct timeval second = {1, 0};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof heeded / sizeof heeded[0]; i++)
        sigaddset(&set, heeded[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* ignored by who started us, children would end unseen */
    notify_init();
    /* What the commands of a dead worker leave behind becomes ours to reap. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    s->base = event_base_new();
    s->front.base = s->base;
    s->dead = shared_new();
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->base == NULL || s->dead == NULL || s->signal_fd < 0)
        return -1;
    s->signals = event_new(s->base, s->signal_fd, EV_READ | EV_PERSIST, on_signals, s);
    s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
    s->deadline = event_new(s->base, -1, 0, on_deadline, s);
    return s->signals == NULL || s->tick == NULL || s->deadline == NULL ||
                   event_add(s->signals, NULL) != 0 || event_add(s->tick, &second) != 0
               ? -1
               : 0;
}

static void tear_down(struct supervisor *s)
{
    while (s->crew_count > 0)
        crew_free(s->crews[--s->crew_count]);
    front_free(&s->front);
    if (s->signals != NULL)
        event_free(s->signals);
    if (s->tick != NULL)
        event_free(s->tick);
    if (s->deadline != NULL)
        event_free(s->deadline);
    if (s->base != NULL)
        event_base_free(s->base);
    if (s->signal_fd >= 0)
        close(s->signal_fd);
    shared_free(s->dead);
    config_free(s->checked);
}

/* Not refused: in a container the file's rights may be all that there is. */
static void warn_of_secrets(const struct config *config)
{
    const struct config_section *database = config_section(config, "database", 0);
    const char *dsn = config_value(database, "database", "dsn");
    char clean[1024];
    struct stat st;
    if (dsn != NULL)
        redact(dsn, clean, sizeof clean);
    if ((config_value(database, "database", "password") != NULL ||
         (dsn != NULL && strncmp(dsn, clean, sizeof clean - 1) != 0)) &&
        stat(config->path, &st) == 0 && st.st_mode & S_IROTH)
        LOG(PGQUEUE_WARNING, "every user can read the password in the configuration",
            log_text("config", config->path));
}

int supervisor_run(struct config *config)
{
    struct supervisor s = {.signal_fd = -1, .current = -1};
    front_init(&s.front, NULL, serve_page, &s);
    set_up_log(config);
    if (set_up(&s) != 0) {
        LOG(PGQUEUE_ERROR, "cannot start", log_text("why", strerror(errno)));
        config_free(config);
        s.exit_code = EXIT_FAILED;
    } else {
        LOG(PGQUEUE_INFO, "pgqueued starts", log_text("version", PGQUEUE_VERSION),
            log_text("config", config->path));
        warn_of_secrets(config);
        check(&s, config);
        if (s.checker > 0)
            event_base_dispatch(s.base);
        LOG(PGQUEUE_INFO, "pgqueued ends", log_number("exit_code", s.exit_code));
    }
    tear_down(&s);
    return s.exit_code;
}
