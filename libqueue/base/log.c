/* SPDX-License-Identifier: MIT */
/* The way from the library to the caller's log callback. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void pgqi_log(const struct log *log, int level, const char *format, ...)
{
    if (log->fn == NULL)
        return;
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log->fn(log->user, level, line);
}
