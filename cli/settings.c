/* SPDX-License-Identifier: MIT */
/* settings.c: the options that queues and jobs have in the database, as the command line spells
 * them. It does not know how the database reads them. */
#include "commands.h"

#define LAST                                                                                       \
    {                                                                                              \
        NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0                                                   \
    }

/* An empty value sets a queue's option back to its default. */
const struct option queue_settings[] = {
    {"retry-limit", 0, VALUE_INTEGER, "N", "runs after the first (3)", 0, 32000, 1},
    {"retry-delay", 0, VALUE_DURATION, "TIME", "before the first retry (60)", 0, 0, 1},
    {"retry-backoff", 0, VALUE_BOOLEAN, "BOOL", "double the delay at each retry (true)", 0, 0, 1},
    {"retry-delay-max", 0, VALUE_DURATION, "TIME", "longest delay between retries", 0, 0, 1},
    {"expire-in", 0, VALUE_DURATION, "TIME", "longest time of an attempt (15 min)", 0, 0, 1},
    {"keep-queued", 0, VALUE_DURATION, "TIME", "cancel what has not started by then (14 days)", 0,
     0, 1},
    {"keep-finished", 0, VALUE_INTEGER, "DAYS", "keep finished jobs so long (1)", 0, 30, 1},
    {"dead-letter", 0, VALUE_TEXT, "QUEUE", "gets a copy of jobs that failed for good", 0, 0, 1},
    {"policy", 0, VALUE_TEXT, "NAME", "which jobs may be queued together (standard)", 0, 0, 1},
    LAST,
};

/* What jobs have, however they are sent. */
#define EVERY_JOB                                                                                    \
    {"priority", 0, VALUE_INTEGER, "N", "higher first (0)", -1000000, 1000000, 0},                   \
        {"retry-limit", 0, VALUE_INTEGER, "N", "runs after the first", 0, 32000, 0},                 \
        {"retry-delay", 0, VALUE_DURATION, "TIME", "before the first retry", 0, 0, 0},               \
        {"retry-backoff", 0, VALUE_BOOLEAN, "BOOL", "double the delay at each retry", 0, 0, 0},      \
        {"retry-delay-max", 0, VALUE_DURATION, "TIME", "longest delay between retries", 0, 0, 0},    \
        {"expire-in", 0, VALUE_DURATION, "TIME", "longest time of an attempt", 0, 0, 0},             \
        {"keep-queued", 0, VALUE_DURATION, "TIME", "cancel if it has not started by then", 0, 0, 0}, \
        {"group-id", 0, VALUE_TEXT, "NAME", "a label for monitoring", 0, 0, 0},                      \
    {                                                                                                \
        "dead-letter", 0, VALUE_TEXT, "QUEUE", "gets a copy if the job fails for good", 0, 0, 0      \
    }

const struct option send_settings[] = {
    {"start-after", 0, VALUE_START, "TIME", "seconds, interval or point in time", 0, 0, 0},
    {"singleton-key", 0, VALUE_TEXT, "KEY", "one queued or running job has it at most", 0, 0, 0},
    EVERY_JOB,
    LAST,
};

/* A fan-out sets start and key of its jobs itself. */
const struct option fanout_settings[] = {EVERY_JOB, LAST};
