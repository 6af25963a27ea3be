/* SPDX-License-Identifier: MIT */
/* One libpq connection as a state machine that never blocks. Knows no job and no loop. */
#include "db/conn.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "db/call.h"

/* Waits before the next try: 50 ms, doubled at each failure, to 0.5 s; each between half and
 * whole, so that those who lost a server together do not come back together. No longer, because
 * rescue_dead() gives a worker whose connection broke 1.2 s from the time that somebody else is
 * back, and connecting takes its time on a busy machine. */
#define RETRY_FIRST_US 50000u
#define RETRY_MOST_US  500000u

/* A server that is stopped, or a network that swallows everything, does not answer at all. A
 * statement may be slow, though, or wait for a lock: so one that was given up is given twice the
 * time at each new try, up to 16 minutes. 30 s because a worker that holds leases and has not
 * beaten for so long is taken for dead anyway. */
#define PATIENCE_US   30000000u
#define PATIENCE_MORE 5

void pgqi_conn_init(struct conn *c, const struct conninfo *info, const struct stmt_texts *texts,
                    const struct conn_hooks *hooks, struct log log)
{
    memset(c, 0, sizeof *c);
    c->state = CONN_DOWN;
    c->fd = -1;
    c->info = info;
    c->texts = texts;
    c->hooks = *hooks;
    c->log = log;
    c->patience_us = PATIENCE_US;
}

/* Another socket, or none, behind fd. */
static void set_socket(struct conn *c, int fd)
{
    c->fd = fd;
    c->socket++;
}

static void drop(struct conn *c)
{
    PQclear(c->result);
    c->result = NULL;
    PQfinish(c->pg);
    c->pg = NULL;
    set_socket(c, -1);
    c->events = 0;
    memset(c->prepared, 0, sizeof c->prepared);
}

void pgqi_conn_close(struct conn *c)
{
    drop(c);
    pgqi_hosts_free(&c->hosts);
    c->state = CONN_CLOSED;
    c->done = NULL;
}

/* The connection is gone: a call under way fails with "unknown", and a new try is due after a wait.
 * It begins with another host where this one was silent, for which there is a reason, or did not
 * let us in. */
static void lose(struct conn *c, const char *reason)
{
    pgqueue_error error;
    char why[512];
    conn_result_fn *done = c->done;
    int busy = c->state == CONN_BUSY;
    snprintf(why, sizeof why, "%s",
             reason  ? reason
             : c->pg ? PQerrorMessage(c->pg)
                     : "out of memory");
    pgqi_error_set(&error,
                   busy && pgqi_stmt_spec(c->stmt)->changes ? PGQUEUE_EUNKNOWN : PGQUEUE_ECONN,
                   "%s", why);
    if (c->pg != NULL)
        pgqi_hosts_after(&c->hosts, c->pg, reason != NULL || c->state == CONN_CONNECTING);
    drop(c);
    uint32_t wait = RETRY_FIRST_US << (c->failures < 7 ? c->failures : 7);
    wait = wait > RETRY_MOST_US ? RETRY_MOST_US : wait;
    c->failures++;
    c->retry_us = pgqi_now_us() + wait / 2 + pgqi_jitter(wait / 2);
    c->state = CONN_DOWN;
    c->done = NULL;
    if (busy && done != NULL)
        done(c->done_user, NULL, &error);
    if (c->state != CONN_CLOSED)
        c->hooks.down(c->hooks.user, error.message);
}

static void notice(void *user, const PGresult *result)
{
    const struct conn *c = user;
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (text != NULL && severity != NULL)
        pgqi_log(&c->log, strcmp(severity, "WARNING") == 0 ? PGQUEUE_WARNING : PGQUEUE_DEBUG, "%s",
                 text);
}

/* The time of a host that is not the one before begins: libpq goes on to the next by itself when
 * one refuses. */
static void see_host(struct conn *c)
{
    char host[sizeof c->host];
    pgqi_hosts_name(c->pg, host, sizeof host);
    if (strcmp(host, c->host) == 0)
        return;
    snprintf(c->host, sizeof c->host, "%s", host);
    c->retry_us = pgqi_now_us() + c->hosts.limit_s * (uint64_t)1000000;
}

static void start(struct conn *c)
{
    c->pg = pgqi_hosts_connect(&c->hosts, c->info);
    c->state = CONN_CONNECTING;
    if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
        lose(c, NULL);
        return;
    }
    PQsetNoticeReceiver(c->pg, notice, c);
    c->host[0] = '\0';
    see_host(c);
    set_socket(c, PQsocket(c->pg));
    c->events = POLLOUT;
}

static void go_on_connecting(struct conn *c)
{
    PostgresPollingStatusType status = PQconnectPoll(c->pg);
    set_socket(c, PQsocket(c->pg)); /* another address may have been tried */
    see_host(c);
    switch (status) {
    case PGRES_POLLING_READING:
        c->events = POLLIN;
        break;
    case PGRES_POLLING_WRITING:
        c->events = POLLOUT;
        break;
    case PGRES_POLLING_OK:
        if (PQsetnonblocking(c->pg, 1) != 0) {
            lose(c, NULL);
            return;
        }
        c->state = CONN_IDLE;
        c->events = POLLIN;
        c->failures = 0;
        c->hooks.up(c->hooks.user);
        break;
    default:
        lose(c, NULL);
    }
}

/* While output is left, both directions are watched: the server may be waiting for us to read. */
static int flush(struct conn *c)
{
    int left = PQflush(c->pg);
    c->events = left == 1 ? POLLIN | POLLOUT : POLLIN;
    return left >= 0;
}

static int send_execute(struct conn *c)
{
    struct params *p = c->params;
    const struct stmt_spec *spec = pgqi_stmt_spec(c->stmt);
    c->preparing = 0;
    c->first_us = 0;
    if (c->pooled)
        return PQsendQueryParams(c->pg, c->texts->text[c->stmt], p->count, NULL, p->values,
                                 p->length, p->binary, 0);
    return PQsendQueryPrepared(c->pg, spec->name, p->count, p->values, p->length, p->binary, 0);
}

static void finish_call(struct conn *c, PGresult *result)
{
    pgqueue_error error;
    if (c->stmt == c->late)
        c->late_count = 0;
    conn_result_fn *done = c->done;
    ExecStatusType status = PQresultStatus(result);
    c->state = CONN_IDLE;
    c->done = NULL;
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        done(c->done_user, result, NULL);
        return;
    }
    pgqi_error_of_result(&error, c->pg, result, 0);
    PQclear(result);
    done(c->done_user, NULL, &error);
}

int pgqi_conn_session(const struct conn *c)
{
    return PQbackendPID(c->pg);
}

void pgqi_conn_pooled(struct conn *c)
{
    if (!c->pooled)
        pgqi_log(&c->log, PGQUEUE_INFO,
                 "a pooler stands between: no prepared statements, no LISTEN");
    c->pooled = 1;
}

/* Whether the statement that we prepared is not there, or one of that name is: behind a pooler in
 * transaction mode each statement may meet another server connection. */
static int meets_pooler(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL && (strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0);
}

/* The end of a statement was seen; result is its last. */
static void end_statement(struct conn *c)
{
    PGresult *result = c->result;
    c->result = NULL;
    if (!c->pooled && meets_pooler(result)) {
        PQclear(result);
        pgqi_conn_pooled(c);
        if (!send_execute(c) || !flush(c))
            lose(c, NULL);
        return;
    }
    if (c->preparing && PQresultStatus(result) == PGRES_COMMAND_OK) {
        PQclear(result);
        c->prepared[c->stmt] = 1;
        if (!send_execute(c) || !flush(c))
            lose(c, NULL);
        return;
    }
    finish_call(c, result);
}

static void read_results(struct conn *c)
{
    while (c->state == CONN_BUSY && !PQisBusy(c->pg)) {
        PGresult *result = PQgetResult(c->pg);
        if (result == NULL) {
            end_statement(c);
            continue;
        }
        PQclear(c->result);
        c->result = result;
    }
}

static void read_notifications(struct conn *c)
{
    PGnotify *n;
    while (c->pg != NULL && (n = PQnotifies(c->pg)) != NULL) {
        c->hooks.notified(c->hooks.user, n->extra);
        PQfreemem(n);
    }
}

static void go_on(struct conn *c)
{
    if (!PQconsumeInput(c->pg) || !flush(c)) {
        lose(c, NULL);
        return;
    }
    read_results(c);
    read_notifications(c);
    if (c->pg != NULL && PQstatus(c->pg) == CONNECTION_BAD)
        lose(c, NULL);
}

static uint64_t patience(const struct conn *c)
{
    return c->patience_us << (c->stmt == c->late ? c->late_count : 0);
}

int pgqi_conn_ready(const struct conn *c)
{
    struct pollfd fd = {.fd = c->fd, .events = (short)c->events};
    return poll(&fd, 1, 0) != 0;
}

/* Nothing can be read or written though the time is over: the server is hung. */
static int is_hung(const struct conn *c, uint64_t now_us)
{
    return now_us >= c->deadline_us && !pgqi_conn_ready(c);
}

static void give_up(struct conn *c)
{
    char why[80];
    snprintf(why, sizeof why, "no answer for %.1f s", (double)patience(c) / 1e6);
    if (c->stmt != c->late)
        c->late_count = 0;
    c->late = c->stmt;
    if (c->late_count < PATIENCE_MORE)
        c->late_count++;
    lose(c, why);
}

static void give_host_up(struct conn *c)
{
    char why[sizeof c->host + 40];
    snprintf(why, sizeof why, "no answer within %u s from %s", (unsigned)c->hosts.limit_s, c->host);
    lose(c, why);
}

void pgqi_conn_process(struct conn *c, uint64_t now_us)
{
    switch (c->state) {
    case CONN_DOWN:
        if (now_us >= c->retry_us)
            start(c);
        break;
    case CONN_CONNECTING:
        if (now_us >= c->retry_us)
            give_host_up(c);
        else
            go_on_connecting(c);
        break;
    case CONN_BUSY:
        if (is_hung(c, now_us)) {
            give_up(c);
            break;
        }
        c->deadline_us = now_us + patience(c);
        c->first_us = c->first_us == 0 ? now_us : c->first_us;
        go_on(c);
        break;
    case CONN_IDLE:
        go_on(c);
        break;
    case CONN_CLOSED:
        break;
    }
}

uint64_t pgqi_conn_wake_us(const struct conn *c)
{
    if (c->state == CONN_BUSY)
        return c->deadline_us;
    return c->state == CONN_DOWN || c->state == CONN_CONNECTING ? c->retry_us : UINT64_MAX;
}

/* A send that fails is told through fd: the next process() finds the connection broken. */
static void sent(struct conn *c, int ok)
{
    c->state = CONN_BUSY;
    c->deadline_us = pgqi_now_us() + patience(c);
    if (!ok || !flush(c)) {
        pgqi_log(&c->log, PGQUEUE_DEBUG, "send failed: %s", PQerrorMessage(c->pg));
        c->events = POLLIN | POLLOUT;
    }
}

void pgqi_conn_call(struct conn *c, enum stmt stmt, struct params *params, conn_result_fn *done,
                    void *user)
{
    const struct stmt_spec *spec = pgqi_stmt_spec(stmt);
    c->stmt = stmt;
    c->params = params;
    c->done = done;
    c->done_user = user;
    if (c->pooled || c->prepared[stmt]) {
        sent(c, send_execute(c));
        return;
    }
    c->preparing = 1;
    sent(c, PQsendPrepare(c->pg, spec->name, c->texts->text[stmt], spec->params, NULL));
}

void pgqi_conn_listen(struct conn *c, const char *channel, conn_result_fn *done, void *user)
{
    char sql[128];
    snprintf(sql, sizeof sql, "listen %s", channel);
    c->stmt = STMT_VERSION; /* changes nothing that could stay unknown */
    c->preparing = 0;
    c->done = done;
    c->done_user = user;
    sent(c, PQsendQuery(c->pg, sql));
}
