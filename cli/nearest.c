/* SPDX-License-Identifier: MIT */
/* nearest.c: guesses which word was meant by a mistyped one. It does not know commands or options.
 */
#include "nearest.h"

#include <string.h>

/* Longer words are not compared: the table below is a square of this. */
#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that make a into b. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    size_t d[WORD_MAX + 1][WORD_MAX + 1];
    if (n > WORD_MAX || m > WORD_MAX)
        return WORD_MAX;
    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            size_t change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = least(change, 1 + least(d[i - 1][j], d[i][j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[n][m];
}

const char *nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t length = strlen(word);
    size_t limit = length <= 3 ? 1 : length <= 6 ? 2 : 3;
    size_t best_score = 2 * limit + 2; /* twice the distance, and one for another first letter */
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, candidates[i]);
        /* A word that goes on is most likely the one meant: --retry-lim. */
        if (length >= 3 && strncmp(word, candidates[i], length) == 0)
            d = least(d, 1);
        size_t score = 2 * d + (word[0] != candidates[i][0]);
        if (d <= limit && d < strlen(candidates[i]) && score < best_score) {
            best = candidates[i];
            best_score = score;
        }
    }
    return best;
}
