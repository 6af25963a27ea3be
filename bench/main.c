/* SPDX-License-Identifier: MIT */
/* pgq_bench CASE CONNINFO [SIZE]: one measurement of the queue through the library, or of its raw
 * reference, on a server of this machine; prints JSON lines. Called by bench/run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

static const struct {
    const char *name;
    void (*run)(const char *dsn, long size);
    long size;
} cases[] = {
    {"setup", case_setup, 0},       {"raw", case_raw, 100000},     {"single", case_single, 4},
    {"drain", case_drain, 100000},  {"sustain", case_sustain, 30}, {"held", case_held, 30},
    {"latency", case_latency, 400}, {"kill", case_kill, 1000},     {"fanout", case_fanout, 100000},
    {"idle", case_idle, 120},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 2 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) != 0)
            continue;
        cases[i].run(argv[2], argc > 3 ? strtol(argv[3], NULL, 10) : cases[i].size);
        return 0;
    }
    fprintf(stderr, "usage: pgq_bench CASE CONNINFO [SIZE]\ncases:");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        fprintf(stderr, " %s", cases[i].name);
    fprintf(stderr, "\n");
    return 2;
}
