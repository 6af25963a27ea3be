/* SPDX-License-Identifier: MIT */
/* Makes one thing of recorded and generated check-ins; does not know requests. */
#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

static int open_recorded(struct history *h, char *path, char *error, size_t error_size)
{
    static const char suffix[] = ",next-run";
    size_t len = strlen(path);
    bool next_run = len >= sizeof(suffix) && strcmp(path + len - (sizeof(suffix) - 1), suffix) == 0;
    if (next_run)
        path[len - (sizeof(suffix) - 1)] = '\0';
    h->recorded = recorded_load(path, error, error_size);
    if (!h->recorded)
        return -1;
    if (next_run && !recorded_show_next_run(h->recorded, true)) {
        snprintf(error, error_size, "%s holds no checkins-next-run.json", path);
        return -1;
    }
    return 0;
}

static int open_generated(struct history *h, char *spec, uint64_t seed, char *error,
                          size_t error_size)
{
    struct generated_options options = {.seed = seed};
    char *rest = spec;
    const char *part = strsep(&rest, ",");
    if (!number_parse(part, 0, GENERATED_COUNT_MAX, &options.count)) {
        snprintf(error, error_size, "gen: takes a count from 0 to %d, not '%s'",
                 GENERATED_COUNT_MAX, part);
        return -1;
    }
    while ((part = strsep(&rest, ",")) != NULL) {
        int64_t n = 0;
        if (strncmp(part, "seed=", 5) == 0 && number_parse(part + 5, 0, INT64_MAX, &n)) {
            options.seed = (uint64_t)n;
        } else if (strncmp(part, "grown=", 6) == 0 &&
                   number_parse(part + 6, 0, GENERATED_GROWN_MAX, &n)) {
            options.grown = n;
        } else if (strcmp(part, "hostile") == 0) {
            options.hostile = true;
        } else {
            snprintf(error, error_size,
                     "gen:COUNT is followed by seed=N, grown=N (up to %d) or hostile, not '%s'",
                     GENERATED_GROWN_MAX, part);
            return -1;
        }
    }
    h->generated = generated_new(&options);
    if (!h->generated)
        snprintf(error, error_size, "out of memory");
    return h->generated ? 0 : -1;
}

int history_open(struct history *h, const char *spec, uint64_t seed, char *error, size_t error_size)
{
    *h = (struct history){0};
    char *copy = strdup(spec);
    int rc = -1;
    if (!copy)
        snprintf(error, error_size, "out of memory");
    else if (strncmp(copy, "dir:", 4) == 0)
        rc = open_recorded(h, copy + 4, error, error_size);
    else if (strncmp(copy, "gen:", 4) == 0)
        rc = open_generated(h, copy + 4, seed, error, error_size);
    else
        snprintf(error, error_size, "a history is dir:PATH or gen:COUNT, not '%s'", spec);
    free(copy);
    if (rc < 0)
        history_clear(h);
    return rc;
}

void history_clear(struct history *h)
{
    recorded_free(h->recorded);
    generated_free(h->generated);
    *h = (struct history){0};
}

size_t history_size(const struct history *h)
{
    return h->recorded ? recorded_size(h->recorded) : generated_size(h->generated);
}

int64_t history_announced(const struct history *h)
{
    return h->recorded ? recorded_announced(h->recorded) : generated_announced(h->generated);
}

int64_t history_created_at(const struct history *h, size_t index)
{
    return h->recorded ? recorded_created_at(h->recorded, index)
                       : generated_created_at(h->generated, index);
}

int history_append(const struct history *h, size_t index, struct evbuffer *out)
{
    return h->recorded ? recorded_append(h->recorded, index, out)
                       : generated_append(h->generated, index, out);
}

size_t history_first_older(const struct history *h, int64_t time)
{
    size_t low = 0;
    size_t high = history_size(h);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (history_created_at(h, middle) < time)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
