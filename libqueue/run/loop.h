/* SPDX-License-Identifier: MIT */
/* The descriptors of a worker behind one: an epoll set that any loop can watch. */
#ifndef PGQI_RUN_LOOP_H
#define PGQI_RUN_LOOP_H

/* What is registered of one source; events is a set of POLLIN and POLLOUT. */
struct watch {
    int fd; /* -1: none */
    int events;
};

/* Registers, changes or removes a source so that the set watches fd for events (fd -1: nothing).
 * Cheap enough to call after each step: one system call. Returns 0, or -1. */
int pgqi_watch(int epoll_fd, struct watch *watch, int fd, int events);

#endif
