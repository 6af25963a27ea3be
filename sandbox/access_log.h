/* SPDX-License-Identifier: MIT */
/* One line per request for check-ins. */
#ifndef SANDBOX_ACCESS_LOG_H
#define SANDBOX_ACCESS_LOG_H

#include <stdint.h>
#include <stdio.h>

struct asked;

/* Milliseconds since the epoch; the server's one clock. */
int64_t access_log_now_ms(void);

/* token may be NULL: nobody we know */
void access_log_write(FILE *log, const char *token, const struct asked *asked);

#endif
