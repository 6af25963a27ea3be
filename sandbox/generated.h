/* SPDX-License-Identifier: MIT */
/* A made-up history that follows from a count and a seed; takes the same memory at any length. */
#ifndef SANDBOX_GENERATED_H
#define SANDBOX_GENERATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct generated;

enum {
    GENERATED_COUNT_MAX = 1000000,
    GENERATED_GROWN_MAX = 10000, /* an hour apart each, so a bit over a year */
    GENERATED_EDITS_MAX = 10000,
};

struct generated_options {
    int64_t count; /* check-ins at the start */
    int64_t grown; /* newer ones added to them */
    uint64_t seed;
    bool hostile; /* some shouts hold what no database takes: \u0000, half a surrogate pair */
};

/* NULL only when memory runs out. Free with generated_free(). */
struct generated *generated_new(const struct generated_options *options);
void generated_free(struct generated *g);

size_t generated_size(const struct generated *g);
int64_t generated_announced(const struct generated *g);

/* index 0 is the newest check-in */
int64_t generated_created_at(const struct generated *g, size_t index);
int generated_append(const struct generated *g, size_t index, struct evbuffer *out);
void generated_id(const struct generated *g, size_t index, char id[25]);

/* Adds n newer check-ins; false beyond GENERATED_GROWN_MAX. */
bool generated_grow(struct generated *g, int64_t n);

/* Changes the shout and the likes of one check-in; each call changes them again. False when there
 * were too many edits or memory runs out. */
bool generated_edit(struct generated *g, size_t index);

#endif
