/* SPDX-License-Identifier: MIT */
/* The descriptors of a worker behind one: an epoll set that any loop can watch. */
#ifndef PGQI_RUN_LOOP_H
#define PGQI_RUN_LOOP_H

/* What is registered of one source. The set watches a duplicate that is only ours: libpq closes its
 * socket when it likes, and then another thread's open() may be given the number. */
struct watch {
    int fd;          /* the duplicate; -1: none */
    int events;      /* a set of POLLIN and POLLOUT */
    unsigned socket; /* which of the source's sockets it is a duplicate of */
};

/* Registers, changes or removes a source so that the set watches fd (-1: nothing) for events.
 * socket counts the sockets that the source has had. Cheap enough to call after each step: no
 * system call if nothing has changed. Returns 0, or -1 with errno: nothing is watched. */
int pgqi_watch(int epoll_fd, struct watch *watch, int fd, unsigned socket, int events);

#endif
