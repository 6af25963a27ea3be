/* SPDX-License-Identifier: MIT */
/* progress.c: draws a bar on a terminal's stderr. It does not know what is done. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_start(struct progress *progress, int64_t total)
{
    memset(progress, 0, sizeof *progress);
    progress->enabled = isatty(STDERR_FILENO);
    progress->total = total;
}

void progress_show(struct progress *progress, int64_t done, int64_t jobs)
{
    if (!progress->enabled || now_ms() < progress->next_ms)
        return;
    progress->next_ms = now_ms() + 200;
    progress->drawn = 1;
    if (progress->total <= 0) {
        fprintf(stderr, "\r%" PRId64 " jobs", jobs);
        return;
    }
    int64_t part = done < progress->total ? done : progress->total;
    int filled = (int)(part * BAR_WIDTH / progress->total);
    char bar[BAR_WIDTH + 1];
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3d%%  %" PRId64 " jobs", bar, (int)(part * 100 / progress->total),
            jobs);
}

void progress_end(struct progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = 0;
}
