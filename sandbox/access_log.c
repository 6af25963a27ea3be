/* SPDX-License-Identifier: MIT */
/* Writes a line per request; does not know how the request was answered beyond its summary. */
#include "access_log.h"

#include <inttypes.h>
#include <time.h>

#include "user.h"

int64_t access_log_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void access_log_write(FILE *log, const char *token, const struct asked *asked)
{
    fprintf(log, "%" PRId64 ".%03d token=%s limit=%" PRId64 " offset=%" PRId64, asked->at_ms / 1000,
            (int)(asked->at_ms % 1000), token ? token : "?", asked->limit, asked->offset);
    if (asked->has_before)
        fprintf(log, " before=%" PRId64, asked->before);
    if (asked->has_after)
        fprintf(log, " after=%" PRId64, asked->after);
    if (asked->oldest_first)
        fprintf(log, " sort=oldestfirst");
    fprintf(log, " status=%d items=%zu fault=%s\n", asked->status, asked->items,
            asked->fault ? asked->fault : "-");
}
