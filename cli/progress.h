/* SPDX-License-Identifier: MIT */
/* progress.h: a bar on a terminal's stderr for what takes long. It does not know what is done. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

/* Invariant: nothing is drawn, and nothing has to be cleared, unless enabled. */
struct progress {
    int enabled;
    int drawn;
    int64_t total;   /* bytes; 0: unknown */
    int64_t next_ms; /* monotonic: not drawn before */
};

/* total: bytes of all, 0 if unknown. Draws only when stderr is a terminal. */
void progress_start(struct progress *progress, int64_t total);
/* Draws at most five times a second. */
void progress_show(struct progress *progress, int64_t done, int64_t jobs);
/* Clears the line. */
void progress_end(struct progress *progress);

#endif
