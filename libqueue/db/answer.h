/* SPDX-License-Identifier: MIT */
/* The wait for the answer to a blocking statement, and when it is given up. */
#ifndef PGQI_DB_ANSWER_H
#define PGQI_DB_ANSWER_H

#include <stdint.h>

struct pg_conn;
struct pg_result;

struct patience {
    uint64_t look_us;  /* so long without a byte of the answer, then the server is looked at */
    int32_t look_s;    /* ... which may take so long; libpq waits 2 s at least */
    uint64_t most_us;  /* given up after so long without a byte, come what may; 0: never */
    char given_up[96]; /* why the last statement was given up; "": it was not */
};

void pgqi_patience_init(struct patience *p);

/* The last result of what was sent on a connection that is non-blocking; sent 0: sending failed,
 * NULL. Given up: an error result, and the connection is broken. returns owned (PQclear). */
struct pg_result *pgqi_answer(struct pg_conn *pg, int sent, struct patience *p);

#endif
