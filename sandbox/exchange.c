/* SPDX-License-Identifier: MIT */
/* Writes answers in every manner, good and bad; does not know what they say or why. */
#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "sandbox.h"

enum {
    PIECE_BYTES = 64 * 1024, /* what an endless answer holds in memory, at most twice */
    ENDLESS_PACE_MS = 5,     /* about 13 MB a second */
    DRIP_BYTES = 16,
};

/* States: waiting (timer, then start) -> writing (timer or drained, then the next piece)
 * -> closing (timer, then the connection is freed), or complete. */
struct exchange {
    struct sandbox *sandbox;
    struct evhttp_request *request;
    struct event *timer;
    void (*on_timer)(struct exchange *x);
    void (*start)(struct exchange *x);
    struct evbuffer *body;
    int status;
    int64_t wait_ms; /* silence, or between two pieces */
    int64_t left;    /* of a flood; -1: without end */
};

static void free_exchange(struct exchange *x)
{
    x->sandbox->exchanges--;
    if (x->timer)
        event_free(x->timer);
    if (x->body)
        evbuffer_free(x->body);
    free(x);
}

static void on_complete(struct evhttp_request *request, void *arg)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    if (connection)
        evhttp_connection_set_closecb(connection, NULL, NULL);
    free_exchange(arg);
}

/* The connection is going down with the request unanswered. evhttp lets go of a request whose
 * answer is still being written; it is then ours to free. */
static void on_close(struct evhttp_connection *connection, void *arg)
{
    struct exchange *x = arg;
    struct evhttp_request *request = x->request;
    evhttp_connection_set_closecb(connection, NULL, NULL);
    free_exchange(x);
    if (!evhttp_request_get_connection(request))
        evhttp_request_free(request);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct exchange *x = arg;
    x->on_timer(x);
}

static void arm(struct exchange *x, int64_t ms, void (*what)(struct exchange *))
{
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    x->on_timer = what;
    event_add(x->timer, &tv);
}

static void drop(struct exchange *x)
{
    /* calls on_close(), which frees x */
    evhttp_connection_free(evhttp_request_get_connection(x->request));
}

struct exchange *exchange_new(struct sandbox *sandbox, struct evhttp_request *request)
{
    struct exchange *x = NULL;
    if (sandbox->exchanges < EXCHANGES_MAX)
        x = calloc(1, sizeof(*x));
    if (x)
        x->timer = event_new(sandbox->base, -1, 0, on_timer, x);
    if (!x || !x->timer) {
        free(x);
        evhttp_send_reply(request, 503, "Too Many Requests At Once", NULL);
        return NULL;
    }
    x->sandbox = sandbox;
    x->request = request;
    sandbox->exchanges++;
    evhttp_request_set_on_complete_cb(request, on_complete, x);
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_close, x);
    return x;
}

/* Every answer starts here, late if the server is to be slow. */
static void start_later(struct exchange *x, void (*start)(struct exchange *))
{
    int64_t delay_ms = x->sandbox->options->delay_ms;
    if (delay_ms > 0)
        arm(x, delay_ms, start);
    else
        start(x);
}

static void start_headers(struct exchange *x, int64_t length)
{
    char text[24];
    struct evkeyvalq *headers = evhttp_request_get_output_headers(x->request);
    if (length >= 0) { /* otherwise evhttp sends chunks */
        snprintf(text, sizeof(text), "%" PRId64, length);
        evhttp_add_header(headers, "Content-Length", text);
    }
    evhttp_send_reply_start(x->request, x->status, NULL);
}

static void send_whole(struct exchange *x)
{
    evhttp_send_reply(x->request, x->status, NULL, x->body);
}

static void on_half_written(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    arm(arg, 0, drop); /* not from inside evhttp */
}

static void send_half(struct exchange *x)
{
    size_t length = evbuffer_get_length(x->body);
    start_headers(x, (int64_t)length);
    struct evbuffer *half = evbuffer_new();
    if (half)
        evbuffer_remove_buffer(x->body, half, length / 2);
    if (half && length / 2 > 0)
        evhttp_send_reply_chunk_with_cb(x->request, half, on_half_written, x);
    else
        arm(x, 0, drop);
    if (half)
        evbuffer_free(half);
}

static void send_drip(struct exchange *x);

static void on_drip_written(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    struct exchange *x = arg;
    arm(x, x->wait_ms, send_drip);
}

static void send_drip(struct exchange *x)
{
    struct evbuffer *drip = evbuffer_new();
    if (!drip || evbuffer_remove_buffer(x->body, drip, DRIP_BYTES) <= 0)
        evhttp_send_reply_end(x->request);
    else
        evhttp_send_reply_chunk_with_cb(x->request, drip, on_drip_written, x);
    if (drip)
        evbuffer_free(drip);
}

static void start_drip(struct exchange *x)
{
    start_headers(x, (int64_t)evbuffer_get_length(x->body));
    send_drip(x);
}

void exchange_reply(struct exchange *x, int status, struct evbuffer *body,
                    enum exchange_manner manner, int64_t pace_ms)
{
    x->status = status;
    x->body = body;
    x->wait_ms = pace_ms;
    if (!body) { /* no memory for one; we may be inside evhttp, so not at once */
        arm(x, 0, drop);
        return;
    }
    evhttp_add_header(evhttp_request_get_output_headers(x->request), "Content-Type",
                      "application/json; charset=utf-8");
    start_later(x, manner == EXCHANGE_HALF   ? send_half
                   : manner == EXCHANGE_DRIP ? start_drip
                                             : send_whole);
}

static const char flood_head[] = "{\"meta\":{\"code\":200},\"response\":{\"checkins\":{\"count\":1,"
                                 "\"items\":[{\"id\":\"5f0000000123456789abcdef\","
                                 "\"createdAt\":1593835520,\"type\":\"checkin\",\"shout\":\"";
static const char flood_tail[] = "\"}]}}}";

static void send_flood(struct exchange *x);

static void on_flood_written(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    struct exchange *x = arg;
    if (x->left < 0)
        arm(x, ENDLESS_PACE_MS, send_flood);
    else
        arm(x, 0, send_flood);
}

static void send_flood(struct exchange *x)
{
    static char filler[PIECE_BYTES];
    if (x->left == 0) {
        evhttp_send_reply_end(x->request);
        return;
    }
    struct evbuffer *piece = evbuffer_new();
    if (!piece) {
        arm(x, 0, drop);
        return;
    }
    memset(filler, 'x', sizeof(filler));
    int64_t n = x->left < 0 || x->left > PIECE_BYTES ? PIECE_BYTES : x->left;
    evbuffer_add_reference(piece, filler, (size_t)n, NULL, NULL);
    if (x->left > 0) {
        x->left -= n;
        if (x->left == 0)
            evbuffer_add(piece, flood_tail, sizeof(flood_tail) - 1);
    }
    evhttp_send_reply_chunk_with_cb(x->request, piece, on_flood_written, x);
    evbuffer_free(piece);
}

static void start_flood(struct exchange *x)
{
    int64_t ends = (int64_t)(sizeof(flood_head) - 1 + sizeof(flood_tail) - 1);
    start_headers(x, x->left < 0 ? -1 : x->left + ends);
    struct evbuffer *head = evbuffer_new();
    if (!head) {
        arm(x, 0, drop);
        return;
    }
    evbuffer_add(head, flood_head, sizeof(flood_head) - 1);
    evhttp_send_reply_chunk_with_cb(x->request, head, on_flood_written, x);
    evbuffer_free(head);
}

void exchange_flood(struct exchange *x, int64_t bytes)
{
    x->status = 200;
    x->left = bytes > 0 ? bytes : -1;
    evhttp_add_header(evhttp_request_get_output_headers(x->request), "Content-Type",
                      "application/json; charset=utf-8");
    start_later(x, start_flood);
}

static void start_silence(struct exchange *x)
{
    arm(x, x->wait_ms, drop);
}

void exchange_silence(struct exchange *x, int64_t ms)
{
    x->wait_ms = ms;
    start_later(x, start_silence);
}
