/* SPDX-License-Identifier: MIT */
/*
 * observer.h: turns what happens in a worker into log lines and into numbers on the shared page.
 */
#ifndef PGQUEUED_OBSERVER_H
#define PGQUEUED_OBSERVER_H

#include <pgqueue.h>

#include "log.h"
#include "shared.h"

struct observer {
    struct shared_page *page;
    int control;            /* a byte on it tells the supervisor to look at the page */
    int waiting;            /* the log knows that the database is away */
    struct log_gate failed; /* lines about failed jobs */
    struct log_gate lost;
    _Atomic uint64_t last_hash; /* of the library's last line, and when it went out */
    _Atomic uint64_t last_tail; /* of what stood behind its first colon */
    _Atomic int64_t last_ms;
};

void observer_init(struct observer *observer, struct shared_page *page, int control);

/* A pgqueue_event_fn and a pgqueue_log_fn; user is the observer. Threads: any. */
void observer_event(void *user, const pgqueue_event *event);
void observer_log(void *user, int level, const char *message);

#endif
