/* SPDX-License-Identifier: MIT */
/* Latency: from the call of pgqueue_send to the start of the handler, and to the call's return. */
#include "probe.h"

#include <stdlib.h>

#include "crew.h"
#include "load.h"
#include "meter.h"
#include "report.h"

struct latency probe(pgqueue *queue, struct shared *shared, long samples)
{
    long before = atomic_load(&shared->started);
    double *call = calloc((size_t)samples, sizeof *call);
    if (call == NULL || samples < 1 || samples > STAMPS / 2)
        die("latency: 1 to %d samples", STAMPS / 2);
    srand(1);
    for (long i = 0; i < samples; i++) {
        sleep_s(0.035 + 0.03 * rand() / RAND_MAX);
        shared->sent_s[i] = seconds();
        send_one(queue, i);
        call[i] = (seconds() - shared->sent_s[i]) * 1e3;
    }
    wait_count(&shared->started, before + samples, 60);
    double *ms = shared->started_s;
    for (long i = 0; i < samples; i++)
        ms[i] = (ms[i] - shared->sent_s[i]) * 1e3;
    median(ms, (size_t)samples);
    median(call, (size_t)samples);
    double call_p50 = call[samples / 2], call_p99 = call[samples * 99 / 100];
    free(call);
    return (struct latency){.call_p50 = call_p50,
                            .call_p99 = call_p99,
                            .p50 = ms[samples / 2],
                            .p90 = ms[samples * 9 / 10],
                            .p99 = ms[samples * 99 / 100],
                            .p999 = ms[samples * 999 / 1000],
                            .max = ms[samples - 1]};
}
