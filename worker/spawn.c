/* SPDX-License-Identifier: MIT */
/*
 * spawn.c: starts a shell command in its own process group with three pipes and a clean
 * environment. Knows neither jobs nor event loops.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

extern char **environ;

/* Everything else stays here: PGPASSWORD and the keys of the daemon are nobody else's business. */
static const char *const allowed[] = {"PATH", "HOME",    "LANG",   "TZ",
                                      "USER", "LOGNAME", "TMPDIR", NULL};

static int name_is(const char *entry, const char *name)
{
    size_t len = strlen(name);
    return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

static int is_allowed(const char *entry, const char *const *extra)
{
    if (strncmp(entry, "LC_", 3) == 0)
        return 1;
    for (size_t i = 0; allowed[i] != NULL; i++)
        if (name_is(entry, allowed[i]))
            return 1;
    for (size_t i = 0; extra != NULL && extra[i] != NULL; i++)
        if (name_is(entry, extra[i]))
            return 1;
    return 0;
}

char **spawn_environment(const char *const *extra, size_t room, size_t *count)
{
    size_t n = 0;
    while (environ[n] != NULL)
        n++;
    char **list = calloc(n + room + 2, sizeof *list);
    if (list == NULL)
        return NULL;
    size_t used = 0;
    int has_path = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_allowed(environ[i], extra))
            continue;
        has_path = has_path || name_is(environ[i], "PATH");
        list[used] = strdup(environ[i]);
        if (list[used++] == NULL)
            goto fail;
    }
    if (!has_path) {
        list[used] = strdup("PATH=/usr/local/bin:/usr/bin:/bin");
        if (list[used++] == NULL)
            goto fail;
    }
    *count = used;
    return list;
fail:
    spawn_environment_free(list, used);
    return NULL;
}

void spawn_environment_free(char **environment, size_t count)
{
    if (environment == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        free(environment[i]);
    free(environment);
}

/* A pipe whose ends are above 2, so that no dup2 in the child runs over another end. */
static int make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    for (int i = 0; i < 2; i++) {
        if (ends[i] > 2)
            continue;
        int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
        int error = errno;
        if (moved < 0) {
            close(ends[0]);
            close(ends[1]);
            ends[0] = ends[1] = -1;
            return error;
        }
        close(ends[i]);
        ends[i] = moved;
    }
    return 0;
}

/* In the child, between fork and exec: only async-signal-safe calls, other threads held locks. */
static void become_shell(const char *command, char *const *environment, spawn_group_fn *group,
                         void *user, pid_t parent, const int ends[3])
{
    static const char failed[] = "pgqueued: cannot run /bin/sh\n";
    char *const argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    if (group != NULL)
        group(user, getpid(), 1);
    for (int fd = 0; fd < 3; fd++)
        if (dup2(ends[fd], fd) < 0)
            _exit(127);
    close_range(3, UINT_MAX, 0);
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int sig = 1; sig < NSIG; sig++)
        sigaction(sig, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve("/bin/sh", argv, environment);
    if (write(2, failed, sizeof failed - 1) < 0)
        _exit(127);
    _exit(126);
}

static void close_ends(int ends[2])
{
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
}

static int not_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? errno : 0;
}

int spawn_shell(const char *command, char *const *environment, spawn_group_fn *group, void *user,
                struct spawn_child *out)
{
    int in[2] = {-1, -1}, output[2] = {-1, -1}, err[2] = {-1, -1};
    int error = make_pipe(in);
    if (error == 0)
        error = make_pipe(output);
    if (error == 0)
        error = make_pipe(err);
    if (error == 0)
        error = not_blocking(in[1]);
    if (error == 0)
        error = not_blocking(output[0]);
    if (error == 0)
        error = not_blocking(err[0]);
    if (error != 0)
        goto fail;

    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        error = errno;
        goto fail;
    }
    if (pid == 0)
        become_shell(command, environment, group, user, parent,
                     (const int[3]){in[0], output[1], err[1]});
    setpgid(pid, pid); /* both do it, so that the group is there whoever runs first */
    close(in[0]);
    close(output[1]);
    close(err[1]);
    *out = (struct spawn_child){pid, pidfd_open(pid, 0), in[1], output[0], err[0]};
    return 0;
fail:
    close_ends(in);
    close_ends(output);
    close_ends(err);
    return error;
}
