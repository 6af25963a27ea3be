/* SPDX-License-Identifier: MIT */
/* pgq_bench CASE CONNINFO [SIZE]: one measurement of the queue through the library, or of its raw
 * reference, on a server of this machine; prints JSON lines. Called by bench/run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

static const struct {
    const char *name;
    bench_case *run;
    long size;
    const char *what; /* size is */
} cases[] = {
    {"setup", case_setup, 0, "nothing"},
    {"raw", case_raw, 100000, "jobs"},
    {"single", case_single, 4, "seconds"},
    {"drain", case_drain, 100000, "jobs"},
    {"sustain", case_sustain, 60, "seconds"},
    {"held", case_held, 60, "seconds of each side"},
    {"senders", case_senders, 12, "seconds of each side"},
    {"latency", case_latency, 1200, "samples"},
    {"half", case_half, 1000, "samples"},
    {"kill", case_kill, 1000, "running jobs"},
    {"fanout", case_fanout, 100000, "users"},
    {"idle", case_idle, 300, "seconds"},
    {"plan_fresh", case_plan_fresh, 100000, "jobs of a turn"},
    {"plan_backlog", case_plan_backlog, 1000000, "jobs that wait"},
    {"plan_future", case_plan_future, 1000000, "jobs of next year"},
    {"plan_ranks", case_plan_ranks, 100, "priorities"},
    {"plan_queues", case_plan_queues, 1000, "queues, jobs in each"},
    {"plan_silent", case_plan_silent, 1000, "queues, jobs in one"},
    {"plan_workers", case_plan_workers, 10, "worker processes"},
    {"growth_backlog", case_growth_backlog, 10000000, "jobs that wait at most"},
    {"growth_workers", case_growth_workers, 16, "worker processes at most"},
    {"growth_queues", case_growth_queues, 1000, "queues at most"},
    {"growth_batch", case_growth_batch, 1000, "jobs in a claim at most"},
    {"growth_payload", case_growth_payload, 1000000, "bytes at most"},
};
#define CASES (sizeof cases / sizeof cases[0])

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 2 && i < CASES; i++) {
        if (strcmp(argv[1], cases[i].name) != 0)
            continue;
        cases[i].run(argv[2], argc > 3 ? strtol(argv[3], NULL, 10) : cases[i].size);
        return 0;
    }
    fprintf(stderr, "usage: pgq_bench CASE CONNINFO [SIZE]\ncase            size\n");
    for (size_t i = 0; i < CASES; i++)
        fprintf(stderr, "%-15s %ld %s\n", cases[i].name, cases[i].size, cases[i].what);
    return 2;
}
