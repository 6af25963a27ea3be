/* SPDX-License-Identifier: MIT */
/* Databases for the C tests: a fresh copy of the migrated template, statements and waits; knows
 * nothing of the library.
 *
 * Every function here ends the program by bail() when something goes wrong that the test is not
 * about, so that a test reads as what it checks. In every statement the marker before a name of
 * ours is replaced by the schema that the suite runs in, as in the migrations. Formats are
 * printf's. Threads: one thread per connection; testdb_create() from the main thread only.
 */
#ifndef PGQUEUE_TESTS_TESTDB_H
#define PGQUEUE_TESTS_TESTDB_H

#include <libpq-fe.h>
#include <stdbool.h>

/* Makes a migrated database of this program's own and returns its connection string (borrowed,
 * valid to the end). The database is dropped at exit, whoever is still connected. Without a server
 * the program ends as skipped. */
const char *testdb_create(void);

/* The same without any object of ours. */
const char *testdb_create_empty(void);

/* The schema that the suite runs in: "pgqueue", or what PGQUEUE_TEST_SCHEMA says. */
const char *testdb_schema(void);

/* A connection of its own to that database; PQfinish() it, or leave it to the end of the program.
 */
PGconn *testdb_connect(const char *dsn);

/* Runs one or more statements; an error ends the program. */
void testdb_sql(PGconn *conn, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Runs one statement that is expected to fail: the SQLSTATE (static storage, until the next call);
 * "" if it succeeded. */
const char *testdb_sqlstate(PGconn *conn, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs one statement, returns all rows; PQclear() them. */
PGresult *testdb_rows(PGconn *conn, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The first value of the first row: as a number (NULL and no row end the program) ... */
long long testdb_int(PGconn *conn, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* ... as text, free() it; NULL for NULL or no row ... */
char *testdb_text(PGconn *conn, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* ... as truth. */
bool testdb_bool(PGconn *conn, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Waits until the query answers true and ends the program, naming the query, if it does not within
 * timeout_ms. */
void testdb_wait(PGconn *conn, int timeout_ms, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Waits for a notification on a channel that the connection LISTENs on; false when none came within
 * timeout_ms. */
bool testdb_notified(PGconn *conn, int timeout_ms);

/* Milliseconds of a clock that only goes forward, for deadlines. */
long long testdb_ms(void);

/* Lets at most ms pass between two looks at a condition. Only for loops that have a deadline. */
void testdb_pause(int ms);

#endif
