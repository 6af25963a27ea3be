/* SPDX-License-Identifier: MIT */
/*
 * http.h: a small HTTP server for one request per connection, with hard limits. Knows connections
 * and keys, not what the pages say.
 *
 * libevent's own server is not used: its time limit is per read, so that a byte a second holds a
 * connection for ever, and it answers requests that can be read in two ways.
 */
#ifndef PGQUEUED_HTTP_H
#define PGQUEUED_HTTP_H

#include <stddef.h>

struct event_base;
struct evbuffer;
struct http;

enum {
    HTTP_CONNECTIONS_MAX = 64, /* one more ends the oldest */
    HTTP_DEADLINE_S = 10       /* from accept to the last byte of the answer */
};

/* Writes the page for path to body and its media type to type; returns the status. */
typedef int http_page_fn(void *user, const char *path, struct evbuffer *body, const char **type);

/* fd: a listening socket, takes. key: copies; NULL: everybody may ask. returns owned: free with
 * http_free. NULL: no memory; fd stays the caller's. */
struct http *http_new(struct event_base *base, int fd, const char *key, http_page_fn *page,
                      void *user);

/* Closes everything; the file of a unix socket goes, too. NULL is allowed. */
void http_free(struct http *http);

/* The listening socket. */
int http_fd(const struct http *http);

/* Another key from now on; NULL: none. 0 or -1 without memory. */
int http_set_key(struct http *http, const char *key);

#endif
