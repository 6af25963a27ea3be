/* SPDX-License-Identifier: MIT */
/* A history read from a folder of recorded pages; every check-in keeps the exact text it came with.
 */
#ifndef SANDBOX_RECORDED_H
#define SANDBOX_RECORDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct recorded;

/* True when the folder holds at least one recorded page. */
bool recorded_is_folder(const char *folder);

/* Reads checkins-offset-*.json and, where there is one, checkins-next-run.json, which stays hidden
 * until recorded_show_next_run(). NULL on failure, with one line in error. Free with
 * recorded_free(). */
struct recorded *recorded_load(const char *folder, char *error, size_t error_size);
void recorded_free(struct recorded *r);

/* False when the folder has no next run. */
bool recorded_show_next_run(struct recorded *r, bool show);

size_t recorded_size(const struct recorded *r);
int64_t recorded_announced(const struct recorded *r);

/* index 0 is the newest check-in */
int64_t recorded_created_at(const struct recorded *r, size_t index);
int recorded_append(const struct recorded *r, size_t index, struct evbuffer *out);

#endif
