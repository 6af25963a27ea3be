/* SPDX-License-Identifier: MIT */
/* The descriptors behind one: changes, numbers that come back, processes that hold a socket. */
#include "run/loop.h"

#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int set;

/* The descriptor that the set reports as ready now; -1: none. */
static int ready(void)
{
    struct epoll_event event;
    return epoll_wait(set, &event, 1, 0) == 1 ? event.data.fd : -1;
}

static void changes(void)
{
    struct watch watch = {.fd = -1};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        exit(1);
    is_int(pgqi_watch(set, &watch, ends[0], 1, POLLIN), 0, "a source is registered");
    is_int(ready(), -1, "it is silent while there is nothing to read");
    ok(write(ends[1], "x", 1) == 1 && ready() == watch.fd, "and speaks when there is");
    ok(fcntl(watch.fd, F_GETFD) == FD_CLOEXEC, "no command inherits the duplicate");
    char c;
    ok(read(ends[0], &c, 1) == 1 && ready() == -1, "and is silent again");
    is_int(pgqi_watch(set, &watch, ends[0], 1, POLLIN | POLLOUT), 0, "its events change");
    is_int(ready(), watch.fd, "to being writable");
    is_int(pgqi_watch(set, &watch, -1, 1, 0), 0, "it is taken out");
    ok(watch.fd == -1 && ready() == -1, "and silent then");
    close(ends[0]);
    close(ends[1]);
}

/* libpq closes its socket; somebody else's file gets the number; a forked process still holds it.
 */
static void number_comes_back(void)
{
    struct watch watch = {.fd = -1};
    int old[2], theirs[2], fresh[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, old) != 0 || pgqi_watch(set, &watch, old[0], 1, POLLIN))
        exit(1);
    int held = dup(old[0]), number = old[0];
    close(old[0]);
    if (pipe(theirs) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, fresh) != 0)
        exit(1);
    is_int(theirs[0], number, "the number comes back, as somebody else's");
    is_int(pgqi_watch(set, &watch, fresh[0], 2, POLLIN), 0, "the next socket is registered");
    ok(write(old[1], "x", 1) == 1 && ready() == -1,
       "the old one is silent though a forked process holds it");
    ok(write(theirs[1], "x", 1) == 1 && ready() == -1, "and so is the other's file");
    ok(write(fresh[1], "x", 1) == 1 && ready() == watch.fd, "the new one speaks");
    pgqi_watch(set, &watch, -1, 3, 0);
    int fds[] = {held, old[1], theirs[0], theirs[1], fresh[0], fresh[1]};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        close(fds[i]);
}

static void no_descriptors_left(void)
{
    struct watch watch = {.fd = -1};
    struct rlimit limit;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        exit(1);
    struct rlimit none = {.rlim_cur = (rlim_t)ends[1] + 1, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    int rc = pgqi_watch(set, &watch, ends[0], 1, POLLIN), error = errno;
    setrlimit(RLIMIT_NOFILE, &limit);
    ok(rc == -1 && error == EMFILE && watch.fd == -1, "without a descriptor it says so");
    is_int(pgqi_watch(set, &watch, ends[0], 1, POLLIN), 0, "with one again it is registered");
    pgqi_watch(set, &watch, -1, 1, 0);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    set = epoll_create1(EPOLL_CLOEXEC);
    changes();
    number_comes_back();
    no_descriptors_left();
    close(set);
    return done();
}
