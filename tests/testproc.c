/* SPDX-License-Identifier: MIT */
/* Programs that a C test starts; see testproc.h. Knows no databases. */
#include "testproc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

enum { PROCS_MAX = 256, PAUSE_MS = 10 };

static struct testproc procs[PROCS_MAX];
static int n_procs;
static pid_t owner;

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void end_all(void)
{
    if (getpid() != owner)
        return;
    for (int i = 0; i < n_procs; i++) {
        kill(-procs[i].pid, SIGKILL);
        waitpid(procs[i].pid, NULL, 0);
    }
    for (int i = 0; i < n_procs; i++) {
        unlink(procs[i].out);
        unlink(procs[i].err);
    }
}

static void become(const struct testproc *p, const char *const argv[])
{
    int out = open(p->out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    int err = open(p->err, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    int in = open("/dev/null", O_RDONLY);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (out < 0 || err < 0 || in < 0 || getppid() != owner)
        _exit(127);
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    /* execvp() takes pointers to non-const for historical reasons and does not write. */
    execvp(argv[0], (char *const *)(unsigned long)argv);
    dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

struct testproc *testproc_start(const char *const argv[])
{
    const char *dir = getenv("PGQUEUE_TEST_TMP");
    if (n_procs == PROCS_MAX)
        bail("a test may start %d programs", PROCS_MAX);
    if (n_procs == 0) {
        owner = getpid();
        atexit(end_all);
    }
    struct testproc *p = &procs[n_procs];
    p->name = argv[0];
    snprintf(p->out, sizeof p->out, "%s/proc.%ld.%d.out", dir != NULL ? dir : "/tmp", (long)owner,
             n_procs);
    snprintf(p->err, sizeof p->err, "%s/proc.%ld.%d.err", dir != NULL ? dir : "/tmp", (long)owner,
             n_procs);
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        bail("fork: %s", strerror(errno));
    if (pid == 0) {
        setpgid(0, 0);
        become(p, argv);
    }
    setpgid(pid, pid);
    p->pid = pid;
    n_procs++;
    return p;
}

char *testproc_read(const char *path)
{
    FILE *f = fopen(path, "r");
    size_t n = 0;
    size_t room = 65536;
    char *text = malloc(room);
    if (text == NULL)
        bail("out of memory");
    if (f != NULL) {
        size_t got;
        while ((got = fread(text + n, 1, room - n - 1, f)) > 0) {
            n += got;
            if (room - n > 1)
                continue;
            room *= 2;
            char *more = realloc(text, room);
            if (more == NULL)
                bail("out of memory");
            text = more;
        }
        fclose(f);
    }
    text[n] = '\0';
    return text;
}

int testproc_lines(const struct testproc *p, const char *text)
{
    char *log = testproc_read(p->err);
    int n = 0;
    for (char *line = log; *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        if (strstr(line, text) != NULL)
            n++;
        if (end == NULL)
            break;
        line = end + 1;
    }
    free(log);
    return n;
}

bool testproc_running(struct testproc *p)
{
    siginfo_t info = {0};
    if (p->ended)
        return false;
    if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        bail("waitid: %s", strerror(errno));
    if (info.si_pid == 0)
        return true;
    p->ended = true;
    p->code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return false;
}

void testproc_wait_line(struct testproc *p, const char *text, int timeout_ms)
{
    timeout_ms = tap_patience(timeout_ms);
    long long deadline = now_ms() + timeout_ms;
    for (;;) {
        bool running = testproc_running(p);
        if (testproc_lines(p, text) > 0)
            return;
        if (!running || now_ms() >= deadline) {
            char *log = testproc_read(p->err);
            diag("standard error of %s:\n%s", p->name, log);
            bail("%s %s without the line: %s", p->name, running ? "goes on" : "ended", text);
        }
        poll(NULL, 0, PAUSE_MS);
    }
}

int testproc_wait(struct testproc *p, int timeout_ms)
{
    timeout_ms = tap_patience(timeout_ms);
    long long deadline = now_ms() + timeout_ms;
    while (testproc_running(p)) {
        if (now_ms() >= deadline) {
            char *log = testproc_read(p->err);
            diag("standard error of %s:\n%s", p->name, log);
            bail("%s has not ended within %d ms", p->name, timeout_ms);
        }
        poll(NULL, 0, PAUSE_MS);
    }
    return p->code;
}

void testproc_kill(struct testproc *p, int signal)
{
    if (testproc_running(p) && kill(p->pid, signal) != 0)
        bail("cannot signal %s: %s", p->name, strerror(errno));
}
