/* SPDX-License-Identifier: MIT */
/* One request on its way to its answer: late, in halves, drop by drop, without end, or not at all.
 *
 * An exchange is made by exchange_new() and lives until its answer is written or its connection is
 * gone; exactly one of the other functions is called on it, and it is not touched afterwards. */
#ifndef SANDBOX_EXCHANGE_H
#define SANDBOX_EXCHANGE_H

#include <stdint.h>

struct evbuffer;
struct evhttp_request;
struct exchange;
struct sandbox;

enum { EXCHANGES_MAX = 1000 }; /* at a time; a page is up to half a megabyte */

enum exchange_manner {
    EXCHANGE_WHOLE,
    EXCHANGE_HALF, /* the length of the whole body, half of it, and the connection closes */
    EXCHANGE_DRIP, /* a few bytes at a time */
};

/* NULL when there are too many; the request has then been answered. */
struct exchange *exchange_new(struct sandbox *sandbox, struct evhttp_request *request);

/* Takes body, which is freed with the exchange. pace_ms: between the drips. */
void exchange_reply(struct exchange *x, int status, struct evbuffer *body,
                    enum exchange_manner manner, int64_t pace_ms);

/* Status 200 and one very long check-in; bytes: how long, or 0 for without end. */
void exchange_flood(struct exchange *x, int64_t bytes);

/* Says nothing for that long, then closes the connection. */
void exchange_silence(struct exchange *x, int64_t ms);

#endif
