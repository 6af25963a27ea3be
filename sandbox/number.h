/* SPDX-License-Identifier: MIT */
/* Reads numbers out of text strictly: the whole text or an error, never a guess. */
#ifndef SANDBOX_NUMBER_H
#define SANDBOX_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out);

/* Decimal seconds such as "30" or "0.25", at most one day, into milliseconds. */
bool number_parse_seconds(const char *text, int64_t *out_ms);

#endif
