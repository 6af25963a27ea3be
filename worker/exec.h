/* SPDX-License-Identifier: MIT */
/*
 * exec.h: the handler that runs a shell command per job, on any event_base. Knows no configuration.
 *
 *     struct exec *mail = exec_new(&(struct exec_options){.base = base, .command = "mail.sh"});
 *     pgqueue_work_options options = PGQUEUE_WORK_OPTIONS_INIT;
 *     options.on_loop = 1;
 *     options.concurrency = 4;
 *     pgqueue_work(worker, "mail", &options, exec_handler, mail, &error);
 *
 * Threads: everything on the thread that runs the base. The base's events outlive no exec.
 */
#ifndef PGQUEUED_EXEC_H
#define PGQUEUED_EXEC_H

#include <stddef.h>
#include <sys/types.h>

#include <pgqueue.h>

struct event_base;
struct exec;

/* Exit statuses of a command that mean more than done (0) and try again (any other). */
enum { EXEC_FAIL = 65, EXEC_SNOOZE = 75 };

enum {
    EXEC_STDOUT_MAX = 64 * 1024, /* kept of stdout; the rest is read and dropped */
    EXEC_STDERR_MAX = 8 * 1024,  /* the last bytes of stderr */
    EXEC_GRACE_S = 5             /* between SIGTERM and SIGKILL */
};

struct exec_options {
    struct event_base *base;      /* borrows: until exec_free */
    const char *command;          /* for /bin/sh -c; copies */
    const char *const *variables; /* names of environment variables to pass on; NULL: none */
    pgqueue_log_fn *log;          /* NULL: silent */
    void *log_user;
    /* Called when a process group begins (alive 1: in the new process) and when it is gone (0). May
     * be NULL. */
    void (*group)(void *user, pid_t group, int alive);
    void *group_user;
};

/* returns owned: free with exec_free. NULL: no memory. Ignores SIGPIPE for this process,
 * and sets SIGCHLD to its default. */
struct exec *exec_new(const struct exec_options *options);

/* A pgqueue_handler for an on-loop queue; user is the struct exec. */
int exec_handler(pgqueue_job *job, void *user);

/* Commands that run now. */
size_t exec_running(const struct exec *exec);

/* Sends a signal to every running group; for the end of a worker whose jobs were given back:
 * nothing is told to the worker any more, the commands' ends are only waited for. */
void exec_abandon(struct exec *exec, int sig);

/* Kills what still runs. NULL is allowed. */
void exec_free(struct exec *exec);

#endif
