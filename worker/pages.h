/* SPDX-License-Identifier: MIT */
/*
 * pages.h: what the daemon tells by HTTP: alive, ready, metrics. Knows no connection.
 */
#ifndef PGQUEUED_PAGES_H
#define PGQUEUED_PAGES_H

#include "crew.h"

struct evbuffer;

/* What the supervisor shows of itself. */
struct pages_view {
    struct crew *const *crews;
    int crew_count;
    int current; /* the crew at work; -1: none yet */
    struct shared_page *dead;
    unsigned restarts; /* of crews that are gone */
    int paused, stopping;
};

/* As http_page_fn. */
int pages_serve(const struct pages_view *view, const char *path, struct evbuffer *body,
                const char **type);

#endif
