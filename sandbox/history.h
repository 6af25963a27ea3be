/* SPDX-License-Identifier: MIT */
/* The check-ins of one user, recorded or generated, newest first. */
#ifndef SANDBOX_HISTORY_H
#define SANDBOX_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "generated.h"
#include "recorded.h"

/* Exactly one of the two is set. */
struct history {
    struct recorded *recorded;
    struct generated *generated;
};

/* SPEC as on the command line: dir:PATH[,next-run] or gen:COUNT[,seed=S][,grown=M][,hostile].
 * Returns 0, or -1 with one line in error. seed is used where SPEC names none. Free with
 * history_clear(). */
int history_open(struct history *h, const char *spec, uint64_t seed, char *error,
                 size_t error_size);
void history_clear(struct history *h);

size_t history_size(const struct history *h);

/* The count that the provider announces, larger than history_size(). */
int64_t history_announced(const struct history *h);

int64_t history_created_at(const struct history *h, size_t index);
int history_append(const struct history *h, size_t index, struct evbuffer *out);

/* The first index whose check-in is older than the time: createdAt < time. */
size_t history_first_older(const struct history *h, int64_t time);

#endif
