/* SPDX-License-Identifier: MIT */
/* The line of a point; a series is a growth_NAME.c. */
#include "growth.h"

#include <stddef.h>

#include "cost.h"
#include "report.h"

void growth_report(const char *series, double x, const struct cost *in, const struct cost *out)
{
    report(series, "x", x, "in_per_s", in->per_s, "in_server_us", in->server_us, "in_client_us",
           in->client_us, "in_wal", in->wal, "out_per_s", out->per_s, "out_server_us",
           out->server_us, "out_client_us", out->client_us, "out_wal", out->wal, "out_peak_mb",
           out->peak_mb, NULL);
}
