/* SPDX-License-Identifier: MIT */
/* db.h: calls functions of the sync schema over a few connections shared by all handlers. */
#ifndef SYNC_DB_H
#define SYNC_DB_H

#include <stdbool.h>
#include <stddef.h>

enum db_code {
    DB_OK = 0,
    DB_EAWAY = -1,    /* no database, also after trying again for a while */
    DB_EREFUSED = -2, /* the server refused the call; see sqlstate */
    DB_ESTOPPED = -3, /* the stop function said so */
    DB_EMEMORY = -4
};

struct db_error {
    char sqlstate[6]; /* "" if the server said nothing */
    char message[400];
};

/* Asked while waiting: true gives the call up. */
typedef bool db_stop_fn(void *user);

/* A pool of connections, opened when they are needed. Threads: any number may call db_call. */
struct db;
/* The first row of an answer. */
struct db_row;

/* conninfo: as libpq's, "" for its environment; copies. NULL: out of memory. */
struct db *db_new(const char *conninfo, int connections);
/* When no call is under way. */
void db_free(struct db *db);

/* Runs one statement, which is one transaction, and hands its first row over.
 *   values  one per $1 ... in text form, or NULL for a null
 *   row     returns owned: free with db_row_free; NULL if there is none
 * A connection is held for this long only. When it breaks, or the server asks to try again, the
 * statement is run again for up to 15 seconds: it may have been committed before, so it must bear
 * that. */
int db_call(struct db *db, const char *statement, int count, const char *const *values,
            db_stop_fn *stop, void *stop_user, struct db_row **row, struct db_error *error);

/* The text of a column by name; NULL: it is null or not there. Borrows: until db_row_free. */
const char *db_text(const struct db_row *row, const char *column);
bool db_true(const struct db_row *row, const char *column);
void db_row_free(struct db_row *row);

#endif
