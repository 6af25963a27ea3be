/* SPDX-License-Identifier: MIT */
/* The uneven distances are the same in every run. */
#include "probe.h"

#include <stdlib.h>

#include "crew.h"
#include "load.h"
#include "meter.h"
#include "report.h"

struct latency probe(pgqueue *queue, struct shared *shared, long samples)
{
    long before = atomic_load(&shared->started);
    if (samples < 1 || samples > STAMPS / 2)
        die("latency: 1 to %d samples", STAMPS / 2);
    size_t count = (size_t)samples;
    double *ms = calloc(2 * count, sizeof *ms);
    if (ms == NULL)
        die("out of memory");
    double *call = ms + count;
    srand(1);
    for (long i = 0; i < samples; i++) {
        sleep_s(0.035 + 0.03 * rand() / RAND_MAX);
        shared->sent_s[i] = seconds();
        send_one(queue, i);
        call[i] = (seconds() - shared->sent_s[i]) * 1e3;
    }
    wait_count(&shared->started, before + samples, 60);
    for (long i = 0; i < samples; i++)
        ms[i] = (shared->started_s[i] - shared->sent_s[i]) * 1e3;
    sort_values(ms, count);
    sort_values(call, count);
    struct latency latency = {.p50 = at_share(ms, count, 0.5),
                              .p90 = at_share(ms, count, 0.9),
                              .p99 = at_share(ms, count, 0.99),
                              .p999 = at_share(ms, count, 0.999),
                              .max = ms[count - 1],
                              .call_p50 = at_share(call, count, 0.5),
                              .call_p99 = at_share(call, count, 0.99)};
    free(ms);
    return latency;
}
