/* SPDX-License-Identifier: MIT */
/* One libpq connection as a state machine that never blocks: connects, sends a statement, hands
 * over its result, tells of notifications, and comes back after a loss. */
#ifndef PGQI_DB_CONN_H
#define PGQI_DB_CONN_H

#include <stdint.h>

#include "base/log.h"
#include "db/conninfo.h"
#include "db/hosts.h"
#include "db/param.h"
#include "db/stmt.h"
#include "pgqueue.h"

struct pg_conn;
struct pg_result;
struct conn;

/* The result of a call. result: takes (free it by pgqi_result_free or hand it on); NULL: it failed,
 * and error says why. Never called inside pgqi_conn_call. */
typedef void conn_result_fn(void *user, struct pg_result *result, const pgqueue_error *error);

struct conn_hooks {
    void (*up)(void *user);                            /* connected; calls may be made */
    void (*down)(void *user, const char *why);         /* lost, or a try to connect failed */
    void (*notified)(void *user, const char *payload); /* borrows, until return */
    void *user;
};

enum conn_state {
    CONN_DOWN,       /* waits for retry_us; leaves to CONNECTING */
    CONN_CONNECTING, /* leaves to IDLE, or DOWN */
    CONN_IDLE,       /* leaves to BUSY by a call, to DOWN by a loss */
    CONN_BUSY,       /* a statement is under way; leaves to IDLE, or DOWN, also by its deadline */
    CONN_CLOSED      /* for good */
};

struct conn {
    struct pg_conn *pg; /* NULL while DOWN */
    enum conn_state state;
    int fd;            /* -1: none. May change while CONNECTING. */
    unsigned socket;   /* counts the sockets that fd has named: a number comes back */
    int events;        /* POLLIN | POLLOUT to watch fd for */
    uint64_t retry_us; /* DOWN: when to try; CONNECTING: when to give this host up */
    struct hosts hosts;
    char host[384];    /* CONNECTING: the host that is tried, for people */
    uint32_t failures; /* in a row */
    uint64_t first_us; /* when the first byte of the last answer came: what follows is its length */
    uint64_t
        patience_us; /* BUSY: so long without a byte of an answer, then the server is hung ... */
    uint64_t deadline_us; /* ... that is, at this time */
    enum stmt late;       /* the statement that was given up last, and */
    uint32_t late_count;  /* how often since it was answered: it may just be slow */
    const struct conninfo *info;
    const struct stmt_texts *texts;
    unsigned char prepared[STMT_COUNT];
    int preparing; /* the statement under way is the PREPARE of stmt */
    int pooled;    /* found behind a pooler: nothing is prepared, no notification comes */
    enum stmt stmt;
    struct params *params;
    struct pg_result *result; /* of the statement under way, before its end is seen */
    conn_result_fn *done;
    void *done_user;
    struct conn_hooks hooks;
    struct log log;
};

/* The process id that the connection was given for its session: a pooler gives out its own. */
int pgqi_conn_session(const struct conn *c);
/* A pooler stands between: nothing is prepared from now on. */
void pgqi_conn_pooled(struct conn *c);

/* info, texts: borrow, until pgqi_conn_close. Starts DOWN, due at once. */
void pgqi_conn_init(struct conn *c, const struct conninfo *info, const struct stmt_texts *texts,
                    const struct conn_hooks *hooks, struct log log);
/* Ends the connection without a word. A call under way is forgotten. */
void pgqi_conn_close(struct conn *c);

/* Does what can be done now: call after init, when fd is ready, and when pgqi_conn_wake_us has
 * come. */
void pgqi_conn_process(struct conn *c, uint64_t now_us);
/* Whether its fd is ready. For who does not watch it; -1 never is. */
int pgqi_conn_ready(const struct conn *c);
/* When it wants to be called without an event; UINT64_MAX: never. */
uint64_t pgqi_conn_wake_us(const struct conn *c);

/* Starts a statement; the connection must be IDLE. params: borrows, until done is called. */
void pgqi_conn_call(struct conn *c, enum stmt stmt, struct params *params, conn_result_fn *done,
                    void *user);
/* LISTEN on a channel of letters, digits and underscores. */
void pgqi_conn_listen(struct conn *c, const char *channel, conn_result_fn *done, void *user);

#endif
