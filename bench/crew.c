/* SPDX-License-Identifier: MIT */
/* The counters are in an anonymous mapping, which a fork shares. */
#include "crew.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter.h"
#include "report.h"

struct shared *shared_new(void)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        die("no shared memory");
    return shared;
}

void shared_free(struct shared *shared)
{
    munmap(shared, sizeof *shared);
}

pid_t spawn(void)
{
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        die("cannot fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
    }
    return pid;
}

struct ended wait_for(pid_t pid)
{
    struct rusage usage;
    int status;
    if (wait4(pid, &status, 0, &usage) != pid || (!WIFSIGNALED(status) && status != 0))
        die("a process of the measurement failed");
    struct ended ended = {.peak_mb = (double)usage.ru_maxrss / 1024};
    ended.cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                  (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    return ended;
}

void wait_count(_Atomic long *counter, long value, double limit_s)
{
    double end = seconds() + limit_s;
    while (atomic_load(counter) < value) {
        if (seconds() > end)
            die("only %ld of %ld jobs after %.0f s", atomic_load(counter), value, limit_s);
        sleep_s(0.002);
    }
}

void freeze(const pid_t *pids, int count)
{
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGSTOP);
}

void thaw(const pid_t *pids, int count)
{
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGCONT);
}
