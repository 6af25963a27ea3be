/* SPDX-License-Identifier: MIT */
/* The users by access token: whose history it is, how much they may ask, and what they asked. */
#ifndef SANDBOX_USER_H
#define SANDBOX_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "history.h"

enum {
    USERS_MAX = 20000,
    USER_TOKEN_MAX = 256,
    USER_ASKED_KEPT = 64, /* the last requests of a user that are remembered */
};

/* One request for check-ins as it was understood, and what it got. */
struct asked {
    int64_t at_ms; /* epoch */
    int64_t limit, offset, after, before;
    bool has_after, has_before, oldest_first, bearer;
    int status; /* 0: no answer at all */
    size_t items;
    const char *fault; /* NULL when the answer was an honest one */
};

struct rate {
    int64_t limit; /* requests per window */
    int64_t window_s;
};

struct user {
    char token[USER_TOKEN_MAX + 1];
    struct history history;
    bool before_inclusive;
    int64_t window_start; /* epoch seconds; the window of the rate limit */
    int64_t used;
    uint64_t requests, faults, items;
    struct asked *asked; /* a ring, allocated at the first request */
    size_t n_asked;      /* ever */
    struct user *next;   /* in the same bucket */
};

struct users_options {
    int64_t generate; /* check-ins of a user that nobody registered */
    uint64_t seed;
    bool before_inclusive;
    struct rate rate;
};

struct users;

struct users *users_new(const struct users_options *options);
void users_free(struct users *users);

/* Letters, digits and -._~+/= as RFC 6750 has them, at most USER_TOKEN_MAX. */
bool user_token_is_valid(const char *token);

/* Adds a user, or gives one that is there another history. NULL with one line in error. */
struct user *users_set(struct users *users, const char *token, const char *spec, char *error,
                       size_t error_size);

/* NULL when there is none; a token that starts with gen- makes one. */
struct user *users_find(struct users *users, const char *token);

void users_each(struct users *users, void (*each)(void *arg, struct user *user), void *arg);

/* What the rate limit says after counting one more request at time now. */
struct rate_state {
    int64_t limit, remaining, reset; /* reset: epoch seconds */
    bool exceeded;
};
struct rate_state user_count_request(const struct users *users, struct user *user, int64_t now);

void user_remember(struct user *user, const struct asked *asked);
void user_forget(struct user *user);

#endif
