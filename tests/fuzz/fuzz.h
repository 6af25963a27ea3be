/* SPDX-License-Identifier: MIT */
/* Feeds a function with the files of its corpus and with mutations of them; knows nothing of the
 * function.
 *
 * A target defines fuzz_one(). Every input comes from the seed and is the same in each run; a child
 * process tries them, so that a crash is told with its input. Whoever has libFuzzer calls
 * fuzz_one() from its entry instead.
 */
#ifndef PGQUEUE_TESTS_FUZZ_H
#define PGQUEUE_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>

/* The folder of the corpus in tests/fuzz/corpus. */
extern const char fuzz_name[];

/* Tries one input. data is a block of exactly len bytes, with nothing behind it, so that a
 * sanitizer sees a read beyond. */
void fuzz_one(const char *data, size_t len);

/* In fuzz_one(): ends this input as failed unless the condition holds. */
void fuzz_check(bool holds, const char *what);

#endif
