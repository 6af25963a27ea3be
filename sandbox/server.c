/* SPDX-License-Identifier: MIT */
/* Opens the socket and routes requests by path; does not know what is behind a route. */
#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "admin.h"
#include "checkins.h"
#include "exchange.h"
#include "page.h"
#include "sandbox.h"

enum {
    BACKLOG = 512,
    HEADERS_MAX = 16 * 1024,
    BODY_MAX = 64 * 1024,
    IDLE_TIMEOUT_S = 120, /* a connection without traffic */
};

static void refuse(struct sandbox *sandbox, struct evhttp_request *request, int status,
                   const char *detail)
{
    struct exchange *x = exchange_new(sandbox, request);
    if (!x)
        return;
    struct evbuffer *body = evbuffer_new();
    if (body)
        page_append_error(status, "endpoint_error", detail, body);
    exchange_reply(x, status, body, EXCHANGE_WHOLE, 0);
}

/* Where redirects lead: a client that comes here followed one. */
static void serve_elsewhere(struct sandbox *sandbox, struct evhttp_request *request)
{
    const char *uri = evhttp_request_get_uri(request);
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    sandbox->elsewhere++;
    if (evhttp_find_header(headers, "Authorization") || strstr(uri, "oauth_token"))
        sandbox->elsewhere_with_secrets++;
    refuse(sandbox, request, 404, "You were sent elsewhere, and there is nothing here.");
}

static void on_request(struct evhttp_request *request, void *arg)
{
    struct sandbox *sandbox = arg;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    if (!path)
        path = "";
    sandbox->requests++;
    if (strcmp(path, "/v2/users/self/checkins") == 0) {
        if (evhttp_request_get_command(request) == EVHTTP_REQ_GET)
            checkins_serve(sandbox, request);
        else
            refuse(sandbox, request, 405, "This endpoint takes GET only.");
    } else if (strncmp(path, "/_sandbox", 9) == 0) {
        admin_serve(sandbox, request, path + 9);
    } else if (strncmp(path, "/elsewhere", 10) == 0) {
        serve_elsewhere(sandbox, request);
    } else {
        refuse(sandbox, request, 404, "There is no such endpoint.");
    }
}

/* A socket file that a killed server left behind would keep us from listening. */
static void remove_stale_socket(const char *path, const struct options *options)
{
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    const struct sockaddr *address = (const struct sockaddr *)&options->address;
    if (connect(fd, address, options->address_len) != 0 && errno == ECONNREFUSED)
        unlink(path);
    close(fd);
}

static struct evconnlistener *open_listener(const struct sandbox *sandbox)
{
    const struct options *options = sandbox->options;
    if (options->unix_path)
        remove_stale_socket(options->unix_path, options);
    unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
    if (!options->unix_path)
        flags |= LEV_OPT_REUSEABLE;
    struct evconnlistener *listener = evconnlistener_new_bind(
        sandbox->base, NULL, NULL, flags, BACKLOG, (const struct sockaddr *)&options->address,
        (int)options->address_len);
    int on = 1;
    /* accepted sockets inherit it; without, the end of a page waits 40 ms for a delayed ACK */
    if (listener && !options->unix_path)
        setsockopt(evconnlistener_get_fd(listener), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return listener;
}

static int name_addresses(struct sandbox *sandbox, evutil_socket_t fd, int *port)
{
    const struct options *options = sandbox->options;
    if (options->unix_path) {
        snprintf(sandbox->url, sizeof(sandbox->url), "unix:%s", options->unix_path);
        snprintf(sandbox->other, sizeof(sandbox->other), "http://elsewhere.invalid");
        return 0;
    }
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char host[64] = "";
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return -1;
    bool v6 = address.ss_family == AF_INET6;
    const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
    const void *number = v6 ? (const void *)&in6->sin6_addr : (const void *)&in->sin_addr;
    evutil_inet_ntop(address.ss_family, number, host, sizeof(host));
    *port = ntohs(v6 ? in6->sin6_port : in->sin_port);
    snprintf(sandbox->url, sizeof(sandbox->url), "http://%s%s%s:%d", v6 ? "[" : "", host,
             v6 ? "]" : "", *port);
    snprintf(sandbox->other, sizeof(sandbox->other), "http://localhost:%d", *port);
    return 0;
}

struct evhttp *server_start(struct sandbox *sandbox, int *port, char *error, size_t error_size)
{
    struct evhttp *http = NULL;
    struct evconnlistener *listener = open_listener(sandbox);
    if (!listener || name_addresses(sandbox, evconnlistener_get_fd(listener), port) < 0) {
        snprintf(error, error_size, "cannot listen: %s", strerror(errno));
        goto out;
    }
    http = evhttp_new(sandbox->base);
    if (!http || !evhttp_bind_listener(http, listener)) {
        snprintf(error, error_size, "cannot serve: %s", strerror(errno));
        goto out;
    }
    listener = NULL; /* taken by http */
    evhttp_set_max_headers_size(http, HEADERS_MAX);
    evhttp_set_max_body_size(http, BODY_MAX);
    evhttp_set_timeout(http, IDLE_TIMEOUT_S);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_gencb(http, on_request, sandbox);
    return http;
out:
    if (listener)
        evconnlistener_free(listener);
    if (http)
        evhttp_free(http);
    return NULL;
}

void server_stop(struct sandbox *sandbox, struct evhttp *http)
{
    evhttp_free(http);
    if (sandbox->options->unix_path)
        unlink(sandbox->options->unix_path);
}
