/* SPDX-License-Identifier: MIT */
/* Keeps the users by token with their rate limit windows and statistics; does not know HTTP. */
#include "user.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { BUCKETS = 4096 };

struct users {
    struct users_options options;
    struct user *buckets[BUCKETS];
    size_t n;
};

struct users *users_new(const struct users_options *options)
{
    struct users *users = calloc(1, sizeof(*users));
    if (users)
        users->options = *options;
    return users;
}

static void user_free(struct user *user)
{
    history_clear(&user->history);
    free(user->asked);
    free(user);
}

void users_free(struct users *users)
{
    if (!users)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        struct user *next = NULL;
        for (struct user *user = users->buckets[i]; user; user = next) {
            next = user->next;
            user_free(user);
        }
    }
    free(users);
}

bool user_token_is_valid(const char *token)
{
    size_t len = strlen(token);
    if (len == 0 || len > USER_TOKEN_MAX)
        return false;
    for (const char *p = token; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("-._~+/=", *p))
            return false;
    }
    return true;
}

static struct user **find_place(struct users *users, const char *token)
{
    struct user **place = &users->buckets[random_of_text(token) % BUCKETS];
    while (*place && strcmp((*place)->token, token) != 0)
        place = &(*place)->next;
    return place;
}

struct user *users_set(struct users *users, const char *token, const char *spec, char *error,
                       size_t error_size)
{
    if (!user_token_is_valid(token)) {
        snprintf(error, error_size,
                 "'%.40s' cannot be a token: 1 to %d of A-Z a-z 0-9 -._~+/=", token,
                 USER_TOKEN_MAX);
        return NULL;
    }
    struct user **place = find_place(users, token);
    struct user *user = *place;
    if (!user && users->n == USERS_MAX) {
        snprintf(error, error_size, "there are %d users already", USERS_MAX);
        return NULL;
    }
    struct history history;
    uint64_t seed = random_of_text(token) ^ random_mix(users->options.seed);
    if (history_open(&history, spec, seed >> 1, error, error_size) < 0)
        return NULL;
    if (!user) {
        user = calloc(1, sizeof(*user));
        if (!user) {
            history_clear(&history);
            snprintf(error, error_size, "out of memory");
            return NULL;
        }
        snprintf(user->token, sizeof(user->token), "%s", token);
        user->before_inclusive = users->options.before_inclusive;
        *place = user;
        users->n++;
    }
    history_clear(&user->history);
    user->history = history;
    return user;
}

struct user *users_find(struct users *users, const char *token)
{
    struct user *user = *find_place(users, token);
    if (user || strncmp(token, "gen-", 4) != 0)
        return user;
    char spec[32];
    char error[256];
    snprintf(spec, sizeof(spec), "gen:%lld", (long long)users->options.generate);
    return users_set(users, token, spec, error, sizeof(error));
}

void users_each(struct users *users, void (*each)(void *arg, struct user *user), void *arg)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct user *user = users->buckets[i]; user; user = user->next)
            each(arg, user);
    }
}

struct rate_state user_count_request(const struct users *users, struct user *user, int64_t now)
{
    const struct rate *rate = &users->options.rate;
    if (now < user->window_start || now >= user->window_start + rate->window_s) {
        user->window_start = now;
        user->used = 0;
    }
    struct rate_state state = {.limit = rate->limit, .reset = user->window_start + rate->window_s};
    state.exceeded = user->used >= rate->limit;
    if (!state.exceeded)
        user->used++;
    state.remaining = rate->limit - user->used;
    return state;
}

void user_remember(struct user *user, const struct asked *asked)
{
    user->requests++;
    user->items += asked->items;
    if (asked->fault)
        user->faults++;
    if (!user->asked)
        user->asked = calloc(USER_ASKED_KEPT, sizeof(*user->asked));
    if (user->asked)
        user->asked[user->n_asked++ % USER_ASKED_KEPT] = *asked;
}

void user_forget(struct user *user)
{
    user->requests = user->faults = user->items = 0;
    user->n_asked = 0;
    user->used = 0;
    user->window_start = 0;
}
