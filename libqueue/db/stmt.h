/* SPDX-License-Identifier: MIT */
/* The statements that the library sends, by name, with the schema put in. */
#ifndef PGQI_DB_STMT_H
#define PGQI_DB_STMT_H

#include "pgqueue.h"

enum stmt {
    STMT_VERSION,
    STMT_SESSION,
    STMT_SEND,
    STMT_SEND_MANY,
    STMT_FETCH,
    STMT_CLAIM,
    STMT_SETTLE,
    STMT_TOUCH,
    STMT_PROGRESS,
    STMT_CANCEL,
    STMT_RETRY,
    STMT_RUN_NOW,
    STMT_DELETE_JOB,
    STMT_QUEUE_CREATE,
    STMT_QUEUE_UPDATE,
    STMT_QUEUE_DECLARE,
    STMT_QUEUE_DELETE,
    STMT_QUEUE_PAUSE,
    STMT_QUEUE_RESUME,
    STMT_QUEUE_CHECK,
    STMT_SCHEDULE,
    STMT_SCHEDULE_DECLARE,
    STMT_UNSCHEDULE,
    STMT_REGISTER,
    STMT_UNREGISTER,
    STMT_DIED,
    STMT_POLL,
    STMT_COUNT
};

struct stmt_spec {
    const char *name; /* of the prepared statement */
    const char *text; /* with the marker */
    int params;
    int changes; /* 1: a connection lost meanwhile leaves the outcome unknown */
};

/* Never NULL. */
const struct stmt_spec *pgqi_stmt_spec(enum stmt stmt);

/* Whether a schema name is one: 1 to 63 bytes of UTF-8 without what the SQL files would have to
 * quote. Errors: EINVAL. */
int pgqi_schema_check(const char *schema, pgqueue_error *error);

/* Replaces each marker in text by the quoted schema and a dot. Returns owned (free), NULL if memory
 * is out. */
char *pgqi_stmt_expand(const char *text, const char *schema);

/* The expanded texts of all statements for one schema. */
struct stmt_texts {
    char *text[STMT_COUNT];
};
int pgqi_stmt_texts_init(struct stmt_texts *texts, const char *schema);
void pgqi_stmt_texts_free(struct stmt_texts *texts);

#endif
