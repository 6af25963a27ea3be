/* SPDX-License-Identifier: MIT */
/*
 * spawn.h: starts a shell command in its own process group with three pipes and a clean
 * environment. Knows neither jobs nor event loops.
 */
#ifndef PGQUEUED_SPAWN_H
#define PGQUEUED_SPAWN_H

#include <sys/types.h>

/* Invariant: the descriptors are ours, non-blocking and close-on-exec; -1 where closed. */
struct spawn_child {
    pid_t pid;   /* also the id of the process group */
    int pidfd;   /* readable when the process has ended; -1: the kernel has none */
    int stdin_w; /* we write */
    int stdout_r;
    int stderr_r;
};

/* The environment that commands get: PATH HOME LANG LC_* TZ USER LOGNAME TMPDIR and the variables
 * named in extra (NULL-terminated, may be NULL) as far as this process has them, with room for
 * `room` entries at the end. returns owned: free with spawn_environment_free. NULL: no memory. */
char **spawn_environment(const char *const *extra, size_t room, size_t *count);
void spawn_environment_free(char **environment, size_t count);

/* Told of a process group that has begun (alive) or ended. */
typedef void spawn_group_fn(void *user, pid_t group, int alive);

/* Starts /bin/sh -c command. It dies with the calling thread. 0 or an errno value.
 *   group  may be NULL; called in the child before anything of the command runs, so that nobody who
 *          dies meanwhile leaves a group that is not known. Only async-signal-safe calls. */
int spawn_shell(const char *command, char *const *environment, spawn_group_fn *group, void *user,
                struct spawn_child *out);

#endif
