/* SPDX-License-Identifier: MIT */
/* work.c: the command work: a managed worker on an event loop that runs a command per job. It does
 * not know how jobs are claimed (the library does) or how commands run (the exec handler does). */
#include "commands.h"
#include "each.h"
#include "jsonout.h"
#include "output.h"

#include "../worker/exec.h"

#include <pgqueue.h>
#include <pgqueue_libevent.h>

#include <event2/event.h>

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

const struct option work_options[] = {
    {"exec", 0, VALUE_TEXT, "CMD", "run by /bin/sh -c, payload on standard input", 0, 0, 0},
    {"env", 0, VALUE_TEXT, "NAMES", "environment variables to pass on, between blanks", 0, 0, 0},
    {"once", 0, VALUE_FLAG, NULL, "work off what is due, then exit", 0, 0, 0},
    {"max-jobs", 0, VALUE_INTEGER, "N", "exit after so many jobs", 1, INT64_MAX, 0},
    {"concurrency", 0, VALUE_INTEGER, "N", "run so many commands at once (1)", 1, 1000, 0},
    {"drain-timeout", 0, VALUE_INTEGER, "SECONDS", "commands get this long after TERM (30)", 0,
     86400, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

/* Invariant: the loop runs while worker has not stopped; signals counts those that asked it to. */
struct work {
    struct cli *cli;
    pgqueue_worker *worker;
    struct event_base *base;
    struct pgqueue_libevent *loop;
    struct exec *exec;
    struct event *term;
    struct event *interrupt;
    int signals;
    int away; /* the database is, and it was said */
    int result;
    pgqueue_error error;
};

static void log_line(void *user, int level, const char *message)
{
    const struct work *work = user;
    if (level >= PGQUEUE_WARNING)
        fail(work->cli, EXIT_FAILED, "%s", message);
}

static const char *outcome_name(int outcome)
{
    switch (outcome) {
    case PGQUEUE_DONE:
        return "completed";
    case PGQUEUE_FAIL:
        return "failed";
    case PGQUEUE_SNOOZE:
        return "snoozed";
    case PGQUEUE_CANCEL:
        return "cancelled";
    default:
        return "retry";
    }
}

static void print_finished(const struct cli *cli, const pgqueue_event *event)
{
    struct buffer json = BUFFER_INIT;
    int64_t ms = (int64_t)(event->duration_us / 1000);
    if (!cli->parsed.json) {
        print_line("%" PRId64 " %s (attempt %d, %" PRId64 " ms)", event->job,
                   outcome_name(event->outcome), (int)event->attempt, ms);
    } else {
        jsonout_begin(&json, '{');
        jsonout_key(&json, "id");
        jsonout_integer(&json, event->job);
        jsonout_key(&json, "queue");
        jsonout_text(&json, event->queue);
        jsonout_key(&json, "attempt");
        jsonout_integer(&json, event->attempt);
        jsonout_key(&json, "outcome");
        jsonout_text(&json, outcome_name(event->outcome));
        jsonout_key(&json, "duration_ms");
        jsonout_integer(&json, ms);
        jsonout_end(&json, '}');
        print_json(&json);
    }
    buffer_free(&json);
    flush_output();
}

static void on_event(void *user, const pgqueue_event *event)
{
    struct work *work = user;
    switch (event->kind) {
    case PGQUEUE_EVENT_FINISHED:
        print_finished(work->cli, event);
        break;
    case PGQUEUE_EVENT_LOST:
        fail(work->cli, EXIT_REFUSED,
             "job %" PRId64 ", attempt %d: lost: it was cancelled or its time was over, this end "
             "does not count",
             event->job, (int)event->attempt);
        break;
    case PGQUEUE_EVENT_DISCONNECTED:
        if (!work->away && work->signals == 0)
            fail(work->cli, EXIT_NO_DATABASE, "the database went away, waiting for it: %s",
                 event->message != NULL ? event->message : "no reason given");
        work->away = 1;
        break;
    case PGQUEUE_EVENT_CONNECTED:
        work->away = 0;
        break;
    default:
        break;
    }
}

/* The first signal drains; a second one gives the jobs of running commands back. */
static void on_signal(evutil_socket_t signal, short what, void *user)
{
    struct work *work = user;
    (void)signal;
    (void)what;
    if (work->signals++ > 0) {
        pgqueue_worker_stop_now(work->worker);
        return;
    }
    pgqueue_worker_stop(work->worker);
    if (exec_running(work->exec) > 0)
        fail(work->cli, EXIT_DONE, "stopping when the %zu running have ended; again: at once",
             exec_running(work->exec));
}

static int setup_worker(struct work *work)
{
    const struct parsed *parsed = &work->cli->parsed;
    pgqueue_worker_options options = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_work_options queue = PGQUEUE_WORK_OPTIONS_INIT;
    options.schema = work->cli->db.schema;
    options.threads = 0;
    options.once = option_given(parsed, "once");
    options.max_jobs = option_integer(parsed, "max-jobs", 0);
    options.drain_timeout_s = (int32_t)option_integer(parsed, "drain-timeout", 30);
    options.log = log_line;
    options.log_user = work;
    options.event = on_event;
    options.event_user = work;
    queue.on_loop = 1;
    queue.concurrency = (int32_t)option_integer(parsed, "concurrency", 1);
    int r = pgqueue_worker_new(work->cli->db.conninfo, &options, &work->worker, &work->error);
    if (r == PGQUEUE_OK)
        r = pgqueue_work(work->worker, argument(work->cli, 0), &queue, exec_handler, work->exec,
                         &work->error);
    return r;
}

/* The words of --env, NULL behind the last; they lie in names. Free the array. */
static const char **env_names(const struct parsed *parsed, struct buffer *names)
{
    const char *text = option_text(parsed, "env");
    size_t count = 0;
    buffer_text(names, text != NULL ? text : "");
    const char **list = zeroed(names->len / 2 + 2, sizeof *list);
    for (char *at = names->data; *at != '\0';) {
        at += strspn(at, " ,");
        if (*at == '\0')
            break;
        list[count++] = at;
        at += strcspn(at, " ,");
        if (*at != '\0')
            *at++ = '\0';
    }
    return list;
}

static int setup_loop(struct work *work)
{
    struct buffer names = BUFFER_INIT;
    work->base = event_base_new();
    if (work->base == NULL)
        return -1;
    struct exec_options options;
    memset(&options, 0, sizeof options);
    options.base = work->base;
    options.command = option_text(&work->cli->parsed, "exec");
    options.log = log_line;
    options.log_user = work;
    const char **variables = env_names(&work->cli->parsed, &names);
    options.variables = variables;
    work->exec = exec_new(&options);
    free(variables);
    buffer_free(&names);
    work->term = evsignal_new(work->base, SIGTERM, on_signal, work);
    work->interrupt = evsignal_new(work->base, SIGINT, on_signal, work);
    if (work->exec == NULL || work->term == NULL || work->interrupt == NULL ||
        event_add(work->term, NULL) != 0 || event_add(work->interrupt, NULL) != 0)
        return -1;
    return 0;
}
static void on_stopped(struct event_base *base, int result, const pgqueue_error *error, void *user)
{
    struct work *work = user;
    work->result = result;
    if (result != PGQUEUE_OK)
        work->error = *error;
    event_base_loopbreak(base);
}

static void free_work(struct work *work)
{
    pgqueue_libevent_free(work->loop);
    pgqueue_worker_free(work->worker);
    exec_free(work->exec);
    if (work->term != NULL)
        event_free(work->term);
    if (work->interrupt != NULL)
        event_free(work->interrupt);
    if (work->base != NULL)
        event_base_free(work->base);
}

/* The queue must be there: the worker itself waits for a database, but not this command. */
static int check_queue(struct cli *cli)
{
    struct db_error error;
    int code = need_database(cli, 0);
    if (code != EXIT_DONE)
        return code;
    int found = call_boolean(cli, "select true from /*schema*/queue where name = $1",
                             argument(cli, 0), &error);
    if (found < 0)
        return fail_db(cli, &error, NULL);
    if (!found)
        return fail(cli, EXIT_NOT_FOUND, "queue \"%s\" does not exist", argument(cli, 0));
    db_disconnect(&cli->db); /* the worker has connections of its own */
    return EXIT_DONE;
}

/* How the worker ended, as an exit code. */
static int report(struct work *work)
{
    struct db_error error;
    if (work->result == PGQUEUE_OK)
        return EXIT_DONE;
    if (work->result == PGQUEUE_ESTATE && exec_running(work->exec) > 0) {
        exec_abandon(work->exec, SIGKILL);
        return fail(work->cli, EXIT_FAILED,
                    "commands still ran at the end of their time: they were killed, their jobs "
                    "given back");
    }
    db_error_of(&work->error, &error);
    return fail_db(work->cli, &error, NULL);
}

int run_work(struct cli *cli)
{
    struct work work;
    memset(&work, 0, sizeof work);
    work.cli = cli;
    const char *command = option_text(&cli->parsed, "exec");
    if (command == NULL)
        return fail(cli, EXIT_USAGE, "work needs --exec CMD");
    /* The shell would end well for each job: an unset variable must not complete a queue. */
    if (command[strspn(command, " \t\n")] == '\0')
        return fail(cli, EXIT_USAGE, "--exec: the command is empty");
    int code = check_queue(cli);
    if (code != EXIT_DONE)
        return code;
    if (setup_loop(&work) != 0) {
        code = fail(cli, EXIT_FAILED, "cannot set up the event loop");
    } else if ((work.result = setup_worker(&work)) != PGQUEUE_OK) {
        code = report(&work);
    } else {
        work.loop = pgqueue_libevent_new(work.base, work.worker, on_stopped, &work);
        if (work.loop == NULL || event_base_dispatch(work.base) < 0)
            code = fail(cli, EXIT_FAILED, "cannot run the event loop");
        else
            code = report(&work);
    }
    free_work(&work);
    return code;
}
