/* SPDX-License-Identifier: MIT */
/* Counts what our objects send to the server, by statement, at libpq's door; knows nothing of the
 * code.
 *
 * For programs linked with $(STATEMENTS_LIBS) and $(STATEMENTS_LDFLAGS), which wrap every function
 * of libpq that sends something in all objects of the program: the library's and the test's own.
 * So count while the test itself is silent. Other sessions, autovacuum and the server's version do
 * not count.
 */
#ifndef PGQUEUE_TESTS_STATEMENTS_H
#define PGQUEUE_TESTS_STATEMENTS_H

/* Counts from zero; stops counting. */
void statements_start(void);
void statements_stop(void);

/* Statements sent since: all, and those of a name: that of the prepared statement or, of one that
 * was sent as text, its first word. Preparing is not executing, so counts for itself. */
long statements_all(void);
long statements_of(const char *name);
long statements_prepared(void);

/* Each name with its count, as a line of text; valid until the next call. */
const char *statements_text(void);

#endif
