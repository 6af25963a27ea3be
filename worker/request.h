/* SPDX-License-Identifier: MIT */
/*
 * request.h: reads the head of an HTTP/1.x request, strictly. Knows no connection and no path.
 */
#ifndef PGQUEUED_REQUEST_H
#define PGQUEUED_REQUEST_H

#include <stddef.h>

enum { REQUEST_HEAD_MAX = 8 * 1024, REQUEST_HEADERS_MAX = 64 };

/* The texts lie in the head that was parsed. */
struct request {
    const char *method;
    const char *path;          /* without the query */
    const char *host;          /* "" if an HTTP/1.0 client gave none */
    const char *authorization; /* NULL: none */
};

/* Cuts up head, a text of len bytes that ends with an empty line, NUL behind it. Returns 0, or the
 * status to answer with. */
int request_parse(char *head, size_t len, struct request *out);

/* Whether the Host names this machine in a way that no foreign name can be made to: an IP literal
 * or localhost, with or without a port. */
int request_host_is_local(const char *host);

/* Whether the Authorization is Bearer with this key. Takes the same time for every wrong key of a
 * length. */
int request_key_is(const char *authorization, const char *key);

#endif
