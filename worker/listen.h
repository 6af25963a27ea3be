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

/* A listening descriptor, close-on-exec and non-blocking; -1 with errno. A unix socket that nobody
 * serves any more is replaced. */
int listen_open(const struct listen_address *address);

/* Where fd really listens, as the text that listen_parse takes. */
void listen_tell(int fd, char *out, size_t out_size);

#endif
