/* SPDX-License-Identifier: MIT */
/* db.h: the command line's only door to libpq: statements with parameters on the library's
 * connection. It does not know commands, options or output. */
#ifndef CLI_DB_H
#define CLI_DB_H

#include "buffer.h"

#include <stddef.h>
#include <stdint.h>

struct pgqueue;
struct pgqueue_error;
struct pgqueue_migration_set;
struct rows; /* the result of a statement */

/* Why a call failed. exit: the program's exit code for it. */
struct db_error {
    int exit;
    int from_server;
    char sqlstate[6];
    char message[1024]; /* one line */
};

/* Invariant: queue is NULL until db_open; everything else is set with it. */
struct db {
    const char *conninfo; /* borrows; "": libpq's environment */
    const char *source;   /* where it came from, for messages: "-d", "PGQUEUE_DSN" ... */
    const char *schema;   /* borrows */
    struct buffer quoted; /* the schema quoted, with its dot */
    struct buffer password;
    struct pgqueue *queue;
    int hung; /* the server did, and was given up */
};

/* Says which database will be used: conninfo of -d, PGQUEUE_DSN, DATABASE_URL or libpq's own
 * environment. Connects to nothing. Fails if the connection string cannot be understood. */
int db_choose(struct db *db, const char *conninfo, const char *schema, struct db_error *error);
/* Connects, once. any_schema: also if the queue's schema is missing or of another version. */
int db_open(struct db *db, int any_schema, struct db_error *error);
/* Ends the connection; db_open makes another. */
void db_disconnect(struct db *db);
/* Ends the connection and forgets everything. */
void db_close(struct db *db);

/* Turns an error of the library into ours; returns -1. */
int db_error_of(const struct pgqueue_error *from, struct db_error *error);

/* Runs one statement. The marker for the schema before a name is replaced by the schema. Values go
 * as text parameters; NULL is null. rows: returns owned, free with rows_free; may be NULL. */
int db_run(struct db *db, const char *sql, const char *const *values, size_t count,
           struct rows **rows, struct db_error *error);
/* The same with each row as one JSON object in column 0. */
int db_run_json(struct db *db, const char *sql, const char *const *values, size_t count,
                struct rows **rows, struct db_error *error);
/* Asks the server whether text is JSON that it can store. 0: yes; 1: no, reason goes on after "is";
 * -1: it cannot be asked. Outside a failed transaction. */
int db_json_problem(struct db *db, const char *text, struct buffer *reason);

size_t rows_count(const struct rows *rows);
size_t rows_columns(const struct rows *rows);
const char *rows_title(const struct rows *rows, size_t column);
/* 1: the column holds numbers. */
int rows_is_number(const struct rows *rows, size_t column);
int rows_is_boolean(const struct rows *rows, size_t column);
/* Borrows, until rows_free; NULL is null. */
const char *rows_text(const struct rows *rows, size_t row, size_t column);
size_t rows_length(const struct rows *rows, size_t row, size_t column);
int64_t rows_integer(const struct rows *rows, size_t row, size_t column);
void rows_free(struct rows *rows);

/* Adds an element to the text of an array parameter; begin with an empty buffer, end with
 * array_end. */
void array_add(struct buffer *array, const char *text, size_t len);
void array_end(struct buffer *array);

#endif
