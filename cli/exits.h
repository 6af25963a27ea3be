/* SPDX-License-Identifier: MIT */
/* exits.h: the exit codes of the command line. It does not know what leads to them. */
#ifndef CLI_EXITS_H
#define CLI_EXITS_H

/* Exit codes, promised to scripts. */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_REFUSED = 3,   /* duplicate, full, lost, busy */
    EXIT_NOT_FOUND = 4, /* no such queue, job, schedule, user */
    EXIT_NO_DATABASE = 5
};

#endif
