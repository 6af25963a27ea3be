/* SPDX-License-Identifier: MIT */
/*
 * front.h: where the daemon is reached by HTTP, and how that changes with the configuration: a new
 * place is taken at once, so that a wrong one is told, and served when its workers are at work.
 * Knows neither workers nor what the pages say.
 */
#ifndef PGQUEUED_FRONT_H
#define PGQUEUED_FRONT_H

#include "config.h"
#include "http.h"

struct event_base;

struct front {
    struct event_base *base;
    http_page_fn *page;
    void *user;
    struct http *http; /* NULL: not reached */
    char listen[256];  /* of [http], as configured */
    struct front_plan {
        char listen[256]; /* empty: no [http] */
        char *key;
        int fd; /* -1: the socket that is there, or none */
    } plan;
    int planned;
};

void front_init(struct front *front, struct event_base *base, http_page_fn *page, void *user);
void front_free(struct front *front);

/* Reads the key and takes the place of a configuration, in the stead of what was prepared before.
 * 0, or -1 when it cannot be had, which is logged; then what was prepared before stays. */
int front_prepare(struct front *front, const struct config *config);

/* Serves what was prepared. 0, or -1 when that fails, which is logged; then the old place stays. */
int front_switch(struct front *front);

/* What was prepared will not be needed. */
void front_forget(struct front *front);

#endif
