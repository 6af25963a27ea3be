/* SPDX-License-Identifier: MIT */
/*
 * crew.h: the worker processes of one configuration: started, watched, started again when they die.
 * After a reload there are two crews for a while, the old one draining.
 */
#ifndef PGQUEUED_CREW_H
#define PGQUEUED_CREW_H

#include <stddef.h>
#include <sys/types.h>

#include "config.h"
#include "shared.h"

struct event_base;
struct crew;

struct crew_options {
    struct event_base *base;
    struct config *config;    /* takes */
    struct shared_page *dead; /* gets the counters of processes that have ended; borrows */
    int paused;
    void (*changed)(void *user); /* a worker has something new on its page, or was lost */
    void *user;
};

/* Forks all workers. returns owned: free with crew_free. NULL: no memory; config is freed. */
struct crew *crew_new(const struct crew_options *options);
/* Only when crew_alive is 0. NULL is allowed. */
void crew_free(struct crew *crew);

/* Tells all its workers: PROCESS_DRAIN, _NOW, _PAUSE, _RESUME. After one of the first two no worker
 * is started again, but for one that hands in what another died of, and ends. */
void crew_order(struct crew *crew, char order);

/* Kills what is left, with the commands that it runs. */
void crew_kill(struct crew *crew);

/* A child of this process has ended and is not reaped yet. 1 if it was of this crew. */
int crew_child_ended(struct crew *crew, pid_t pid);

/* Once a second: the watchdog. */
void crew_tick(struct crew *crew);

struct crew_state {
    unsigned wanted;    /* workers of the configuration */
    unsigned alive;     /* processes that have not ended */
    unsigned connected; /* of them, have both connections up */
    unsigned ready;     /* of these, have heard of the database not long ago */
    unsigned restarts;  /* processes that died, since the crew was made */
    int stopping;       /* it was told to end */
    int cannot;         /* a pgqueue_code if a worker can never work, with text */
    char text[512];
};
void crew_look(const struct crew *crew, struct crew_state *out);

const struct config *crew_config(const struct crew *crew);

/* The page of the index-th process, NULL beyond the last. Borrows: until control goes back to the
 * loop. number: of the seat, from 1. */
const struct shared_page *crew_page(const struct crew *crew, size_t index, unsigned *number);

#endif
