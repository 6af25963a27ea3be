/* SPDX-License-Identifier: MIT */
/* Error codes and texts; the one place that knows what a SQLSTATE means. */
#ifndef PGQI_BASE_ERROR_H
#define PGQI_BASE_ERROR_H

#include "pgqueue.h"

/* Fills error (may be NULL) with a code and a formatted message; returns the code. */
int pgqi_error_set(pgqueue_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for an answer of the server: the code follows from the SQLSTATE ("" or NULL: the
 * connection broke). hint may be NULL. Returns the code. */
int pgqi_error_sql(pgqueue_error *error, const char *sqlstate, const char *message,
                   const char *hint);

/* PGQUEUE_E... for a SQLSTATE. */
int pgqi_code_of_sqlstate(const char *sqlstate);

/* Whether a statement that failed so may succeed later without a change. */
int pgqi_sqlstate_retryable(const char *sqlstate);

int pgqi_no_memory(pgqueue_error *error);

#endif
