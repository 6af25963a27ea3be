/* SPDX-License-Identifier: MIT */
/*
 * listen.h: where the daemon's HTTP server listens: parses an address, opens it, tells it. Knows no
 * HTTP.
 */
#ifndef PGQUEUED_LISTEN_H
#define PGQUEUED_LISTEN_H

#include <stddef.h>
#include <sys/socket.h>

struct listen_address {
    struct sockaddr_storage address;
    socklen_t len;
    int is_private; /* a unix socket or loopback: nobody else can reach it */
};

/* "127.0.0.1:8080", "[::1]:8080", "unix:PATH". 0, or -1 and why. */
int listen_parse(const char *text, struct listen_address *out, char *why, size_t why_size);

/* A descriptor that has the address, close-on-exec and non-blocking; -1 with errno. A unix socket
 * that nobody serves any more is replaced. Clients are refused until listen_start. */
int listen_bind(const struct listen_address *address);
/* 0, or -1 with errno. */
int listen_start(int fd);
/* Closes it, and removes the file of a unix socket unless somebody else serves there now. */
void listen_close(int fd);

/* Where fd really listens, as the text that listen_parse takes. */
void listen_tell(int fd, char *out, size_t out_size);

#endif
