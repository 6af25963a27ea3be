/* SPDX-License-Identifier: MIT */
/*
 * crash.c: finds out which job took the worker process down. Knows nothing of what comes of it.
 *
 * This is the one place with signal handlers of our own: these signals cannot wait for a loop.
 */
#include "crash.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK_BYTES = 64 * 1024 };

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};

static struct shared_page *shared;
static pid_t worker; /* a child that a handler forks shares the page, but its end is not ours */
static _Thread_local struct shared_slot *volatile own;
static _Thread_local int prepared;

static void on_fatal(int sig)
{
    struct shared_slot *slot = own;
    if (slot != NULL && getpid() == worker && !atomic_load(&shared->hung))
        atomic_store(&slot->culprit, 1);
    /* SA_RESETHAND has put the default back, SA_NODEFER left the signal open: this is the end, with
     * a core of this very place. */
    raise(sig);
}

/* exit() by a handler. The other threads still run: nothing may be torn down under them. */
static void on_leave(int status, void *user)
{
    (void)user;
    struct shared_slot *slot = own;
    if (slot == NULL || getpid() != worker)
        return;
    atomic_store(&slot->culprit, 1);
    _exit(status);
}

static void prepare_thread(void)
{
    /* Kept to the end of the process: a handler thread lives as long. */
    void *memory =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory, .ss_size = STACK_BYTES};
    sigset_t set;
    prepared = 1;
    if (memory != MAP_FAILED && sigaltstack(&stack, NULL) != 0)
        munmap(memory, STACK_BYTES);
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        sigaddset(&set, fatal[i]);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL); /* blocked, they would kill without a word */
}

void crash_install(struct shared_page *page)
{
    struct sigaction action = {.sa_handler = on_fatal};
    shared = page;
    worker = getpid();
    action.sa_flags = (int)((unsigned)SA_ONSTACK | (unsigned)SA_RESETHAND | (unsigned)SA_NODEFER);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        sigaction(fatal[i], &action, NULL);
    on_exit(on_leave, NULL);
    prepare_thread();
}

void crash_enter(struct shared_slot *slot)
{
    if (!prepared)
        prepare_thread();
    own = slot;
}

void crash_leave(void)
{
    own = NULL;
}
