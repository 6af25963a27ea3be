/* SPDX-License-Identifier: MIT */
/* One made-up check-in as JSON, in the shape that the provider answered with at its time. */
#ifndef SANDBOX_CHECKIN_H
#define SANDBOX_CHECKIN_H

#include <stdbool.h>
#include <stdint.h>

struct evbuffer;

struct checkin {
    int64_t created_at;
    char id[25];
    uint64_t seed;    /* everything that is left to chance */
    unsigned ordinal; /* every oddity that must turn up in a short history, too */
    int revision;     /* 0 until the check-in is edited */
    bool hostile;
};

int checkin_append(const struct checkin *c, struct evbuffer *out);

#endif
