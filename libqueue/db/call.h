/* SPDX-License-Identifier: MIT */
/* Blocking calls of the SQL functions on a connection that is opened, and reopened, here. */
#ifndef PGQI_DB_CALL_H
#define PGQI_DB_CALL_H

#include "base/log.h"
#include "db/answer.h"
#include "db/param.h"
#include "db/stmt.h"
#include "pgqueue.h"

struct pg_conn;
struct pg_result;

struct session {
    struct pg_conn *pg;
    char *schema;
    struct stmt_texts texts;
    unsigned char prepared[STMT_COUNT];
    int unprepared; /* 1: a pooler stands between; never prepare */
    int ended;      /* 1: the server has said that it ends this connection */
    int told;       /* 1: and the caller knows that its transaction is gone */
    struct patience patience;
    struct log log;
};

/* Errors: EINVAL (conninfo, schema), ENOMEM, ECONN. On failure nothing is left to free. */
int pgqi_session_open(struct session *s, const char *conninfo, const char *schema,
                      const char *application_name, int32_t connect_timeout_s,
                      pgqueue_error *error);
void pgqi_session_close(struct session *s);

/* Calls a statement. A connection found broken before it is sent is reopened, unless a transaction
 * was open on it. result: returns owned (pgqi_result_free). */
int pgqi_call(struct session *s, enum stmt stmt, struct params *params, struct pg_result **result,
              pgqueue_error *error);
/* The same on a connection of the caller's, never prepared, never reopened. */
int pgqi_call_on(struct pg_conn *pg, enum stmt stmt, const char *text, struct params *params,
                 struct pg_result **result, pgqueue_error *error);
/* Runs plain SQL; result: its last one, an error, too. returns owned. */
int pgqi_query(struct session *s, const char *sql, struct pg_result **result, pgqueue_error *error);
/* The error of such a result. takes: result. */
int pgqi_query_error(struct session *s, struct pg_result *result, int changes,
                     pgqueue_error *error);
/* Runs plain SQL, several statements allowed; no result. */
int pgqi_exec(struct session *s, const char *sql, pgqueue_error *error);

void pgqi_result_free(struct pg_result *result);

/* The error of a result, NULL: of the connection. changes: whether a lost connection leaves the
 * outcome unknown. */
int pgqi_error_of_result(pgqueue_error *error, const struct pg_conn *pg,
                         const struct pg_result *result, int changes);

#endif
