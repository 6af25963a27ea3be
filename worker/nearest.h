/* SPDX-License-Identifier: MIT */
/*
 * nearest.h: guesses which word of a list was meant by a mistyped one. Knows no setting.
 */
#ifndef PGQUEUED_NEAREST_H
#define PGQUEUED_NEAREST_H

#include <stddef.h>

/* The word of the list (its items by index, NULL beyond the last) nearest to a mistyped one, or
 * NULL if none is near. */
const char *nearest(const char *word, const char *(*item)(const void *list, size_t index),
                    const void *list);

#endif
