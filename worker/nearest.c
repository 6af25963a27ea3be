/* SPDX-License-Identifier: MIT */
/*
 * nearest.c: guesses which word of a list was meant by a mistyped one. Knows no setting.
 */
#include "nearest.h"

#include <stdint.h>
#include <string.h>

/* Longer words are like no other. */
enum { WORD_MAX = 32 };

/* How many letters must be put in, left out or changed to make b from a. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[b_len];
}

const char *nearest(const char *word, const char *(*item)(const void *list, size_t index),
                    const void *list)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 1; /* further away it is no slip of the fingers */
    for (size_t i = 0; item(list, i) != NULL; i++) {
        size_t d = distance(word, item(list, i));
        if (d <= best_distance) {
            best_distance = d - (d > 0);
            best = item(list, i);
        }
    }
    return best;
}
