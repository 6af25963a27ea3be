/* SPDX-License-Identifier: MIT */
/* nearest.h: guesses which word was meant by a mistyped one. It does not know commands or options.
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include <stddef.h>

/* The candidate nearest to a mistyped word, NULL if none is near. */
const char *nearest(const char *word, const char *const *candidates, size_t count);

#endif
