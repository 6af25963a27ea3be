/* SPDX-License-Identifier: MIT */
/* Blocking calls of the SQL functions on a connection that is opened, and reopened, here. */
#include "db/call.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "db/conninfo.h"

void pgqi_result_free(struct pg_result *result)
{
    PQclear(result);
}

int pgqi_error_of_result(pgqueue_error *error, const struct pg_conn *pg,
                         const struct pg_result *result, int changes)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *hint = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) : NULL;
    int lost = PQstatus(pg) == CONNECTION_BAD;
    if (text == NULL)
        text = PQerrorMessage(pg);
    int code = pgqi_error_sql(error, state, text, hint);
    if (lost && code != PGQUEUE_ECONN)
        code = PGQUEUE_ECONN;
    if (lost && changes)
        code = PGQUEUE_EUNKNOWN;
    if (error != NULL) {
        error->code = code;
        error->retryable = error->retryable || lost;
    }
    return code;
}

/* Notices of the server (a warning of a dead letter queue that is gone) go to the log callback.
 * What a server says when it ends an idle connection comes as a notice, too. */
static void notice(void *user, const PGresult *result)
{
    struct session *s = user;
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
        s->ended = 1;
    if (text != NULL && severity != NULL)
        pgqi_log(&s->log, strcmp(severity, "WARNING") == 0 ? PGQUEUE_WARNING : PGQUEUE_DEBUG, "%s",
                 text);
}

int pgqi_session_open(struct session *s, const char *conninfo, const char *schema,
                      const char *application_name, int32_t connect_timeout_s, pgqueue_error *error)
{
    struct conninfo info;
    const char *name = schema ? schema : "pgqueue";
    int rc = pgqi_schema_check(name, error);
    if (rc == PGQUEUE_OK)
        rc = pgqi_conninfo_parse(conninfo, application_name, connect_timeout_s, &info, error);
    if (rc != PGQUEUE_OK)
        return rc;
    pgqi_patience_init(&s->patience);
    s->schema = strdup(name);
    if (s->schema == NULL || pgqi_stmt_texts_init(&s->texts, name) != PGQUEUE_OK) {
        rc = pgqi_no_memory(error);
        goto out;
    }
    s->pg =
        PQconnectdbParams((const char *const *)info.keywords, (const char *const *)info.values, 0);
    if (s->pg == NULL)
        rc = pgqi_no_memory(error);
    else if (PQstatus(s->pg) != CONNECTION_OK)
        rc = pgqi_error_set(error, PGQUEUE_ECONN, "%s", PQerrorMessage(s->pg));
    else
        PQsetNoticeReceiver(s->pg, notice, s);
out:
    pgqi_conninfo_free(&info);
    if (rc != PGQUEUE_OK)
        pgqi_session_close(s);
    return rc;
}

void pgqi_session_close(struct session *s)
{
    PQfinish(s->pg);
    s->pg = NULL;
    pgqi_stmt_texts_free(&s->texts);
    free(s->schema);
    s->schema = NULL;
}

/* Sees whether the server has closed an idle connection, without waiting. Its last words may be
 * here before the end of the stream is. */
static int still_there(struct session *s)
{
    struct pollfd fd = {.fd = PQsocket(s->pg), .events = POLLIN};
    while (PQstatus(s->pg) == CONNECTION_OK && !s->ended) {
        if (poll(&fd, 1, 0) <= 0)
            return 1;
        if (!PQconsumeInput(s->pg))
            return 0;
        PQisBusy(s->pg); /* reads the message */
    }
    return 0;
}

static int ensure(struct session *s, pgqueue_error *error)
{
    PGTransactionStatusType status = PQtransactionStatus(s->pg);
    if (status == PQTRANS_ACTIVE || PQpipelineStatus(s->pg) != PQ_PIPELINE_OFF)
        return pgqi_error_set(error, PGQUEUE_ESTATE,
                              "another command is under way on this connection");
    if (still_there(s))
        return PGQUEUE_OK;
    /* Said once; until then the connection stays broken, so that no statement of the caller's runs
     * outside of the transaction that it believes in. */
    if ((status == PQTRANS_INTRANS || status == PQTRANS_INERROR) && !s->told) {
        s->told = 1;
        return pgqi_error_set(error, PGQUEUE_ECONN,
                              "the connection was lost, and with it the open transaction");
    }
    s->ended = s->told = 0;
    PQreset(s->pg);
    memset(s->prepared, 0, sizeof s->prepared);
    if (PQstatus(s->pg) != CONNECTION_OK)
        return pgqi_error_set(error, PGQUEUE_ECONN, "%s", PQerrorMessage(s->pg));
    return PGQUEUE_OK;
}

static int is_success(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* Whether a pooler in transaction mode gave us another server connection: the statement that we
 * prepared is not there, or one of that name is. */
static int pooled(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL && (strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0);
}

static PGresult *send_unprepared(struct session *s, const char *text, struct params *p)
{
    int sent = PQsendQueryParams(s->pg, text, p->count, NULL, p->values, p->length, p->binary, 0);
    return pgqi_answer(s->pg, sent, &s->patience);
}

static PGresult *send_prepared(struct session *s, enum stmt stmt, struct params *p)
{
    const struct stmt_spec *spec = pgqi_stmt_spec(stmt);
    if (!s->prepared[stmt]) {
        int sent = PQsendPrepare(s->pg, spec->name, s->texts.text[stmt], spec->params, NULL);
        PGresult *prepared = pgqi_answer(s->pg, sent, &s->patience);
        if (!is_success(prepared))
            return prepared;
        PQclear(prepared);
        s->prepared[stmt] = 1;
    }
    int sent = PQsendQueryPrepared(s->pg, spec->name, p->count, p->values, p->length, p->binary, 0);
    return pgqi_answer(s->pg, sent, &s->patience);
}

static PGresult *send_call(struct session *s, enum stmt stmt, struct params *p, int alone)
{
    if (s->unprepared)
        return send_unprepared(s, s->texts.text[stmt], p);
    PGresult *r = send_prepared(s, stmt, p);
    if (!alone || !pooled(r))
        return r;
    s->unprepared = 1;
    PQclear(r);
    return send_unprepared(s, s->texts.text[stmt], p);
}

/* While a statement is under way the connection is non-blocking: libpq would wait for ever for a
 * server that reads no more. In between it is as its other user, the caller, left it. Answers how
 * that was. */
static int unblock(struct session *s)
{
    int before = PQisnonblocking(s->pg);
    PQsetnonblocking(s->pg, 1);
    return before;
}

int pgqi_query_error(struct session *s, struct pg_result *result, int changes, pgqueue_error *error)
{
    int rc = pgqi_error_of_result(error, s->pg, result, changes);
    if (error != NULL && s->patience.given_up[0] != '\0')
        snprintf(error->message, sizeof error->message, "%s", s->patience.given_up);
    PQclear(result);
    return rc;
}

/* The parameters could not be bound. */
static int unbound(const struct params *p, pgqueue_error *error)
{
    if (p->bytes.failed == BUF_NO_MEMORY)
        return pgqi_no_memory(error);
    return pgqi_error_set(error, PGQUEUE_EINVAL, "the arguments are over the limit of %zu bytes",
                          p->bytes.max);
}

int pgqi_call(struct session *s, enum stmt stmt, struct params *params, struct pg_result **result,
              pgqueue_error *error)
{
    if (!pgqi_params_bind(params))
        return unbound(params, error);
    int rc = ensure(s, error);
    if (rc != PGQUEUE_OK)
        return rc;
    int alone = PQtransactionStatus(s->pg) == PQTRANS_IDLE;
    int before = unblock(s);
    PGresult *r = send_call(s, stmt, params, alone);
    PQsetnonblocking(s->pg, before);
    /* Within a transaction there is no doubt: it is rolled back. */
    if (!is_success(r))
        return pgqi_query_error(s, r, alone && pgqi_stmt_spec(stmt)->changes, error);
    *result = r;
    return PGQUEUE_OK;
}

int pgqi_call_on(struct pg_conn *pg, enum stmt stmt, const char *text, struct params *params,
                 struct pg_result **result, pgqueue_error *error)
{
    if (!pgqi_params_bind(params))
        return unbound(params, error);
    if (PQtransactionStatus(pg) == PQTRANS_ACTIVE)
        return pgqi_error_set(error, PGQUEUE_ESTATE,
                              "another command is under way on this connection");
    int alone = PQtransactionStatus(pg) == PQTRANS_IDLE;
    PGresult *r = PQexecParams(pg, text, params->count, NULL, params->values, params->length,
                               params->binary, 0);
    if (!is_success(r)) {
        int rc = pgqi_error_of_result(error, pg, r, alone && pgqi_stmt_spec(stmt)->changes);
        PQclear(r);
        return rc;
    }
    *result = r;
    return PGQUEUE_OK;
}

int pgqi_query(struct session *s, const char *sql, struct pg_result **result, pgqueue_error *error)
{
    int rc = ensure(s, error);
    if (rc != PGQUEUE_OK)
        return rc;
    int before = unblock(s);
    *result = pgqi_answer(s->pg, PQsendQuery(s->pg, sql), &s->patience);
    PQsetnonblocking(s->pg, before);
    return PGQUEUE_OK;
}

/* The time that the caller allows is that of a call, not of a migration: an index may be built. */
int pgqi_exec(struct session *s, const char *sql, pgqueue_error *error)
{
    PGresult *r = NULL;
    uint64_t most = s->patience.most_us;
    s->patience.most_us = 0;
    int rc = pgqi_query(s, sql, &r, error);
    s->patience.most_us = most;
    if (rc != PGQUEUE_OK)
        return rc;
    if (!is_success(r))
        return pgqi_query_error(s, r, 1, error);
    PQclear(r);
    return rc;
}
