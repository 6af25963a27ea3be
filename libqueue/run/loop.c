/* SPDX-License-Identifier: MIT */
/* The descriptors of a worker behind one. */
#include "run/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

static uint32_t to_epoll(int events)
{
    return (uint32_t)((events & POLLIN ? EPOLLIN : 0) | (events & POLLOUT ? EPOLLOUT : 0));
}

/* Closing alone is not enough: a process forked meanwhile holds the socket, and so the
 * registration. */
static void forget(int epoll_fd, struct watch *watch)
{
    if (watch->fd < 0)
        return;
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    close(watch->fd);
    watch->fd = -1;
}

int pgqi_watch(int epoll_fd, struct watch *watch, int fd, unsigned socket, int events)
{
    if (fd < 0 || watch->socket != socket)
        forget(epoll_fd, watch);
    if (fd < 0 || (watch->fd >= 0 && watch->events == events))
        return 0;
    int known = watch->fd >= 0;
    if (!known)
        watch->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (watch->fd < 0)
        return -1;
    struct epoll_event event = {.events = to_epoll(events), .data.fd = watch->fd};
    if (epoll_ctl(epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch->fd, &event) != 0) {
        int error = errno;
        forget(epoll_fd, watch);
        errno = error;
        return -1;
    }
    watch->socket = socket;
    watch->events = events;
    return 0;
}
