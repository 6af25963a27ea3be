/* SPDX-License-Identifier: MIT */
/* The descriptors of a worker behind one. */
#include "run/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>

static uint32_t to_epoll(int events)
{
    return (uint32_t)((events & POLLIN ? EPOLLIN : 0) | (events & POLLOUT ? EPOLLOUT : 0));
}

int pgqi_watch(int epoll_fd, struct watch *watch, int fd, int events)
{
    struct epoll_event event = {.events = to_epoll(events), .data.fd = fd};
    if (watch->fd >= 0 && watch->fd != fd)
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd,
                  &event); /* fails if it was closed: then it is gone */
    if (fd < 0) {
        watch->fd = -1;
        return 0;
    }
    /* A socket that was closed left the set by itself, and its number may have come back. */
    int rc = epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event);
    if (rc != 0 && errno == ENOENT)
        rc = epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    watch->fd = fd;
    watch->events = events;
    return rc;
}
