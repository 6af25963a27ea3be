/* SPDX-License-Identifier: MIT */
/* The wait for the answer to a blocking statement. Knows no statement: a slow one is told from a
 * hung server by a look at the server over a connection of its own. */
#include "db/answer.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

/* A cut network is TCP's business (conninfo.c asks for it). What is left is a server that is there
 * and says nothing: stopped, frozen with its machine, waiting for a dead disk. Its statement looks
 * like one that takes long or waits for a lock, and those must not be cut off; but the frozen
 * server does not answer a new connection either. */
#define LOOK_US 30000000u
#define LOOK_S  10

/* So many looks in a row, so that a server that gasps once does not lose its statement. */
#define LOOKS 2

/* More than libpq has keywords. */
#define KEYWORDS 80

void pgqi_patience_init(struct patience *p)
{
    *p = (struct patience){.look_us = LOOK_US, .look_s = LOOK_S};
}

/* What a look sets otherwise, or must not ask for: the server of this connection and no other is
 * looked at, whatever it is by now. */
static int left_out(const char *keyword)
{
    static const char *const names[] = {
        "host", "hostaddr", "port", "connect_timeout", "target_session_attrs", "service",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(keyword, names[i]) == 0)
            return 1;
    return 0;
}

/* Whether a new connection to this server waits in vain for its first word. One that is refused at
 * once says nothing about the statement under way. */
static int is_silent(const PGconn *pg, int32_t look_s)
{
    const char *keywords[KEYWORDS + 5] = {"host", "port", "connect_timeout"};
    const char *values[KEYWORDS + 5] = {PQhost(pg), PQport(pg)};
    char timeout[16];
    int n = 3;
    PQconninfoOption *options = PQconninfo((PGconn *)pg);
    if (options == NULL)
        return 0; /* out of memory */
    snprintf(timeout, sizeof timeout, "%d", (int)look_s);
    values[2] = timeout;
    if (PQhostaddr(pg)[0] != '\0') {
        keywords[n] = "hostaddr";
        values[n++] = PQhostaddr(pg);
    }
    for (const PQconninfoOption *o = options; o->keyword != NULL && n < KEYWORDS; o++)
        if (o->val != NULL && !left_out(o->keyword)) {
            keywords[n] = o->keyword;
            values[n++] = o->val;
        }
    uint64_t began = pgqi_now_us();
    PGPing ping = PQpingParams(keywords, values, 0);
    uint64_t took = pgqi_now_us() - began;
    PQconninfoFree(options);
    return ping == PQPING_NO_RESPONSE && took >= (uint64_t)look_s * 1000000 / 2;
}

/* libpq then finds the end of the stream, as if the server had gone. */
static void give_up(const PGconn *pg, struct patience *p, uint64_t waited_us, const char *why)
{
    snprintf(p->given_up, sizeof p->given_up, "no answer for %.1f s%s", (double)waited_us / 1e6,
             why);
    shutdown(PQsocket(pg), SHUT_RDWR);
}

static int until_ms(uint64_t due_us, uint64_t now_us)
{
    return due_us > now_us ? (int)((due_us - now_us + 999) / 1000) : 0;
}

/* Sends what is left and reads until a result is there, or the connection is broken. */
static void wait_for_result(PGconn *pg, struct patience *p)
{
    uint64_t now = pgqi_now_us(), heard = now, looked = now;
    int silent = 0;
    for (;;) {
        int left = PQflush(pg);
        if (left < 0 || !PQisBusy(pg))
            return;
        uint64_t due = looked + p->look_us;
        if (p->most_us > 0 && heard + p->most_us < due)
            due = heard + p->most_us;
        struct pollfd fd = {.fd = PQsocket(pg), .events = left ? POLLIN | POLLOUT : POLLIN};
        int ready = poll(&fd, 1, until_ms(due, now));
        now = pgqi_now_us();
        if (ready > 0) {
            if (!PQconsumeInput(pg))
                return;
            heard = looked = now;
            silent = 0;
        } else if (ready == 0 && p->most_us > 0 && now - heard >= p->most_us) {
            give_up(pg, p, now - heard, "");
        } else if (ready == 0 && silent >= LOOKS) {
            give_up(pg, p, now - heard, ", and the server takes no new connection either");
        } else if (ready == 0 && now - looked >= p->look_us) {
            uint64_t end = now - heard + (uint64_t)p->look_s * 1000000;
            int fits = p->most_us == 0 || end <= p->most_us; /* a look is not broken off */
            silent = fits && is_silent(pg, p->look_s) ? silent + 1 : 0;
            now = pgqi_now_us();
            looked = silent > 0 ? looked : now;
        }
    }
}

static int is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

struct pg_result *pgqi_answer(struct pg_conn *pg, int sent, struct patience *p)
{
    PGresult *last = NULL, *next = NULL;
    p->given_up[0] = '\0';
    if (!sent)
        return NULL;
    do {
        wait_for_result(pg, p);
        next = PQgetResult(pg);
        if (next != NULL) {
            PQclear(last);
            last = next;
        }
    } while (next != NULL && !is_copy(next));
    return last;
}
