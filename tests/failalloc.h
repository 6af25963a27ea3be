/* SPDX-License-Identifier: MIT */
/* Makes the nth allocation of a stretch of code fail; knows nothing of the code.
 *
 * For programs linked with $(FAILALLOC_LIBS) and $(FAILALLOC_LDFLAGS), which wrap malloc, calloc,
 * realloc, reallocarray, strdup, strndup and aligned_alloc in our objects alone: libpq, OpenSSL and
 * the C library keep theirs.
 *
 *     for (failalloc_start(); failalloc_next();) {   one round per allocation that the stretch
 * makes int rc = thing_new(&thing);                the 1st, 2nd, ... fails in the 1st, 2nd, ...
 * round failalloc_off(); ok(rc == 0 || rc == PGQUEUE_ENOMEM, "...");
 *     }
 * Threads: the count is shared; a stretch with threads has no fixed order of allocations.
 */
#ifndef PGQUEUE_TESTS_FAILALLOC_H
#define PGQUEUE_TESTS_FAILALLOC_H

#include <stdbool.h>

/* Begins with the first round. */
void failalloc_start(void);

/* Arms the next round; false when the last one ended before its allocation was reached, that is,
 * every one has failed. */
bool failalloc_next(void);

/* Allocations succeed again, so that the rest of the round can look and clean up. */
void failalloc_off(void);

/* Which allocation fails in this round, and whether it was reached. */
long failalloc_round(void);
bool failalloc_hit(void);

/* Counts allocations from here on and lets all of them succeed; how many there were since. */
void failalloc_count(void);
long failalloc_counted(void);

#endif
