/* SPDX-License-Identifier: MIT */
/* http.h: GET requests with a bearer token against one host; knows nothing of what the answers
 * mean. */
#ifndef SYNC_HTTP_H
#define SYNC_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_code {
    HTTP_OK = 0,
    HTTP_EUNREACHED = -1, /* no answer, half an answer, too slow */
    HTTP_ETOOLARGE = -2,  /* body or headers beyond their limit */
    HTTP_ESTOPPED = -3,   /* the stop function said so */
    HTTP_EREFUSED = -4,   /* not sent: token or path unfit for a request, or out of memory */
    HTTP_EUNTRUSTED = -5  /* nobody vouches for the server's certificate, or the name is another */
};

/* Asked about once a second, and more often while data flow: true ends the request. */
typedef bool http_stop_fn(void *user);

struct http_options {
    const char *base_url; /* checked by http_check_base; borrows: as long as the http lives */
    const char *ca_file;  /* NULL: the system's */
    double connect_timeout_s;
    double timeout_s; /* the whole request */
    size_t max_body;  /* bytes */
    http_stop_fn *stop;
    void *stop_user;
};

/* An answer, valid until the next request. */
struct http_reply {
    int status;
    char *body; /* may be changed in place; NUL-terminated beyond len */
    size_t len;
    double retry_after_s; /* Retry-After from now; -1: none */
    double reset_after_s; /* X-RateLimit-Reset from now; NAN: none */
};

/* A client with its connection: one host, one request at a time, one thread at a time. */
struct http;

/* Once per process, before threads. */
bool http_start(void);
void http_stop(void);

/* Checks a base URL: https, or http to this machine only (any_http: to any); no user, query or
 * fragment. NULL: fine, else what is wrong, static text. */
const char *http_check_base(const char *url, bool any_http);

/* options: copies. Returns owned: free with http_free. NULL: out of memory. */
struct http *http_new(const struct http_options *options);
void http_free(struct http *http);

/* Asks for base_url + path. Redirects are not followed; the token goes to that host only and never
 * into a message. message  why not, on failure */
int http_get(struct http *http, const char *path, const char *token, struct http_reply *reply,
             char *message, size_t message_size);

#endif
