/* SPDX-License-Identifier: MIT */
/* Decides when each made-up check-in happened and what its id is; does not know how one is written.
 */
#include "generated.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "checkin.h"
#include "random.h"

/* Most of a history is spread evenly over these years, so that even a short one shows every shape
 * the provider's answers went through; the newest quarter (400 at most) and all that is grown later
 * is an hour apart, so that a look-back of days spans more than one page. */
enum { OLDEST = 1276000000, RECENT = 1709251200, RECENT_STEP = 3600, RECENT_MAX = 400 };

struct edit {
    int64_t ordinal;
    int revision;
};

/* A check-in's ordinal counts from the oldest, 0, so that it never changes as the history grows. */
struct generated {
    struct generated_options options;
    int64_t spread;   /* ordinals below this one are spread over the years */
    int64_t old_step; /* seconds */
    struct edit *edits;
    size_t n_edits, cap_edits;
};

struct generated *generated_new(const struct generated_options *options)
{
    struct generated *g = calloc(1, sizeof(*g));
    if (!g)
        return NULL;
    int64_t recent = options->count / 4;
    g->options = *options;
    g->spread = options->count - (recent < RECENT_MAX ? recent : RECENT_MAX);
    g->old_step = (RECENT - OLDEST) / (g->spread > 0 ? g->spread : 1);
    return g;
}

void generated_free(struct generated *g)
{
    if (!g)
        return;
    free(g->edits);
    free(g);
}

size_t generated_size(const struct generated *g)
{
    return (size_t)(g->options.count + g->options.grown);
}

int64_t generated_announced(const struct generated *g)
{
    /* the provider announces more than paging returns, always */
    int64_t size = g->options.count + g->options.grown;
    return size + size / 50 + 1;
}

static int64_t ordinal_of(const struct generated *g, size_t index)
{
    return g->options.count + g->options.grown - 1 - (int64_t)index;
}

/* True when ordinal + 1 happened in the same second: here and there, at each place where a page of
 * 250 ends in the ungrown history, and where the history first grows. */
static bool is_paired(const struct generated *g, int64_t ordinal)
{
    return ordinal % 23 == 7 || (g->options.count - 1 - ordinal) % 250 == 0;
}

static int64_t created_at(const struct generated *g, int64_t ordinal)
{
    while (ordinal > 0 && is_paired(g, ordinal - 1))
        ordinal--;
    bool old = ordinal < g->spread;
    int64_t step = old ? g->old_step : RECENT_STEP;
    int64_t base = old ? OLDEST + ordinal * step : RECENT + (ordinal - g->spread) * step;
    /* less than the step, so the order holds */
    return base + (int64_t)(random_of(g->options.seed, (uint64_t)ordinal) % (uint64_t)step);
}

int64_t generated_created_at(const struct generated *g, size_t index)
{
    return created_at(g, ordinal_of(g, index));
}

void generated_id(const struct generated *g, size_t index, char id[25])
{
    int64_t ordinal = ordinal_of(g, index);
    uint64_t rest = random_of(g->options.seed + 1, (uint64_t)ordinal);
    snprintf(id, 25, "%08" PRIx64 "%016" PRIx64, (uint64_t)created_at(g, ordinal) & 0xffffffffu,
             rest);
}

static struct edit *find_edit(const struct generated *g, int64_t ordinal)
{
    for (size_t i = 0; i < g->n_edits; i++) {
        if (g->edits[i].ordinal == ordinal)
            return &g->edits[i];
    }
    return NULL;
}

int generated_append(const struct generated *g, size_t index, struct evbuffer *out)
{
    int64_t ordinal = ordinal_of(g, index);
    const struct edit *edit = find_edit(g, ordinal);
    struct checkin c = {
        .created_at = created_at(g, ordinal),
        .seed = random_of(g->options.seed + 2, (uint64_t)ordinal),
        .ordinal = (unsigned)ordinal + (unsigned)(g->options.seed % 97),
        .revision = edit ? edit->revision : 0,
        .hostile = g->options.hostile,
    };
    generated_id(g, index, c.id);
    return checkin_append(&c, out);
}

bool generated_grow(struct generated *g, int64_t n)
{
    if (n < 0 || n > GENERATED_GROWN_MAX - g->options.grown)
        return false;
    g->options.grown += n;
    return true;
}

bool generated_edit(struct generated *g, size_t index)
{
    int64_t ordinal = ordinal_of(g, index);
    struct edit *edit = find_edit(g, ordinal);
    if (!edit) {
        if (g->n_edits == GENERATED_EDITS_MAX)
            return false;
        if (g->n_edits == g->cap_edits) {
            size_t cap = g->cap_edits ? g->cap_edits * 2 : 8;
            struct edit *edits = realloc(g->edits, cap * sizeof(*edits));
            if (!edits)
                return false;
            g->edits = edits;
            g->cap_edits = cap;
        }
        edit = &g->edits[g->n_edits++];
        *edit = (struct edit){.ordinal = ordinal};
    }
    edit->revision++;
    return true;
}
