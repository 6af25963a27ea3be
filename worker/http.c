/* SPDX-License-Identifier: MIT */
/*
 * http.c: a small HTTP server for one request per connection, with hard limits.
 *
 * A connection: reading its head -> answering -> closing, where what the client still sends is
 * thrown away, for a close over unread bytes would destroy the answer. One timer limits all three.
 */
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "listen.h"
#include "request.h"

struct connection {
    struct http *http;
    struct connection *next, *prev; /* newest first */
    struct bufferevent *stream;
    struct event *deadline;
    int answered;
    int ended; /* the client will send no more, but may still read */
};

struct http {
    struct event_base *base;
    int fd;
    int reserve; /* given up for a moment when there is no descriptor left */
    struct event *acceptor;
    struct connection *newest, *oldest;
    size_t count;
    int local_names_only; /* TCP, and no key: the Host must be no foreign name */
    char *key;
    http_page_fn *page;
    void *user;
};

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 421:
        return "Misdirected Request";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Error";
    }
}

static void connection_free(struct connection *c)
{
    struct http *http = c->http;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        http->newest = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    else
        http->oldest = c->prev;
    http->count--;
    if (c->deadline != NULL)
        event_free(c->deadline);
    if (c->stream != NULL)
        bufferevent_free(c->stream);
    free(c);
}

static void answer(struct connection *c, int status, const char *type, struct evbuffer *body,
                   int head_only)
{
    struct evbuffer *out = bufferevent_get_output(c->stream);
    c->answered = 1;
    evbuffer_add_printf(out,
                        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                        "Content-Security-Policy: default-src 'none'\r\n%s%sConnection: "
                        "close\r\n\r\n",
                        status, reason_of(status), type, evbuffer_get_length(body),
                        status == 401 ? "WWW-Authenticate: Bearer\r\n" : "",
                        status == 405 ? "Allow: GET, HEAD\r\n" : "");
    if (!head_only)
        evbuffer_add_buffer(out, body);
}

static int look_up(struct connection *c, struct request *request, struct evbuffer *body,
                   const char **type)
{
    struct http *http = c->http;
    if (http->key == NULL && http->local_names_only && request->host[0] != '\0' &&
        !request_host_is_local(request->host))
        return 421;
    if (http->key != NULL && !request_key_is(request->authorization, http->key))
        return 401;
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        return 405;
    return http->page(http->user, request->path, body, type);
}

static void serve(struct connection *c, char *head, size_t len)
{
    struct request request;
    const char *type = "text/plain; charset=utf-8";
    struct evbuffer *body = evbuffer_new();
    if (body == NULL) {
        connection_free(c);
        return;
    }
    int status = request_parse(head, len, &request);
    int parsed = status == 0;
    if (parsed)
        status = look_up(c, &request, body, &type);
    if (evbuffer_get_length(body) == 0)
        evbuffer_add_printf(body, "%d %s\n", status, reason_of(status));
    answer(c, status, type, body, parsed && strcmp(request.method, "HEAD") == 0);
    evbuffer_free(body);
}

static void on_read(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;
    struct evbuffer *in = bufferevent_get_input(stream);
    char head[REQUEST_HEAD_MAX + 1];
    if (c->answered) {
        evbuffer_drain(in, evbuffer_get_length(in));
        return;
    }
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    size_t len = end.pos >= 0 ? (size_t)end.pos + 4 : evbuffer_get_length(in);
    if (len > REQUEST_HEAD_MAX) {
        struct evbuffer *body = evbuffer_new();
        if (body != NULL) {
            evbuffer_add_printf(body, "the head is larger than %d bytes\n", REQUEST_HEAD_MAX);
            answer(c, 431, "text/plain; charset=utf-8", body, 0);
            evbuffer_free(body);
        }
        return;
    }
    if (end.pos < 0)
        return;
    evbuffer_remove(in, head, len);
    head[len] = '\0';
    serve(c, head, len);
}

/* Everything is written: say so, and wait for the client's end or the deadline. */
static void on_written(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;
    if (c->ended)
        connection_free(c);
    else if (c->answered)
        shutdown(bufferevent_getfd(stream), SHUT_WR);
}

static void on_close(struct bufferevent *stream, short what, void *arg)
{
    struct connection *c = arg;
    c->ended = 1;
    if (!(what & BEV_EVENT_ERROR) && evbuffer_get_length(bufferevent_get_output(stream)) > 0)
        return; /* on_written ends it */
    connection_free(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    connection_free(arg);
}

static void connection_new(struct http *http, int fd)
{
    const struct timeval deadline = {HTTP_DEADLINE_S, 0};
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return;
    }
    c->http = http;
    c->next = http->newest;
    if (c->next != NULL)
        c->next->prev = c;
    else
        http->oldest = c;
    http->newest = c;
    http->count++;
    c->stream = bufferevent_socket_new(http->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (c->stream == NULL)
        close(fd);
    else
        c->deadline = event_new(http->base, -1, 0, on_deadline, c);
    if (c->deadline == NULL || event_add(c->deadline, &deadline) != 0) {
        connection_free(c);
        return;
    }
    /* Never more in memory than a head that is too large. */
    bufferevent_setwatermark(c->stream, EV_READ, 0, REQUEST_HEAD_MAX + 1);
    bufferevent_setcb(c->stream, on_read, on_written, on_close, c);
    bufferevent_enable(c->stream, EV_READ | EV_WRITE);
}

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
    struct http *http = arg;
    (void)what;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE) && http->reserve >= 0) {
        /* Left alone, the waiting client would wake the loop for ever. */
        close(http->reserve);
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            close(fd);
        http->reserve = open_reserve();
        return;
    }
    if (fd < 0)
        return;
    if (http->count >= HTTP_CONNECTIONS_MAX)
        connection_free(http->oldest);
    connection_new(http, fd);
}

struct http *http_new(struct event_base *base, int fd, const char *key, http_page_fn *page,
                      void *user)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return NULL;
    http->base = base;
    http->fd = fd;
    http->reserve = open_reserve();
    http->page = page;
    http->user = user;
    getsockname(fd, (struct sockaddr *)&address, &len);
    http->local_names_only = address.ss_family != AF_UNIX;
    http->acceptor = event_new(base, fd, EV_READ | EV_PERSIST, on_accept, http);
    if (http->acceptor == NULL || event_add(http->acceptor, NULL) != 0 ||
        http_set_key(http, key) != 0) {
        http->fd = -1; /* still the caller's */
        http_free(http);
        return NULL;
    }
    return http;
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    while (http->newest != NULL)
        connection_free(http->newest);
    if (http->acceptor != NULL)
        event_free(http->acceptor);
    if (http->reserve >= 0)
        close(http->reserve);
    if (http->fd >= 0)
        listen_close(http->fd);
    free(http->key);
    free(http);
}

int http_fd(const struct http *http)
{
    return http->fd;
}

int http_set_key(struct http *http, const char *key)
{
    char *copy = key != NULL ? strdup(key) : NULL;
    if (key != NULL && copy == NULL)
        return -1;
    free(http->key);
    http->key = copy;
    return 0;
}
