/* SPDX-License-Identifier: MIT */
/* Programs that a C test starts: output kept in files, waits with a deadline, nothing left behind;
 * knows no databases.
 *
 * A program runs in a process group of its own. It gets SIGKILL when the test dies, and at the end
 * of the test its whole group does.
 */
#ifndef PGQUEUE_TESTS_TESTPROC_H
#define PGQUEUE_TESTS_TESTPROC_H

#include <stdbool.h>
#include <sys/types.h>

struct testproc {
    pid_t pid; /* of the group, too; not reaped before the test ends */
    bool ended;
    int code;         /* once it has ended: the exit code, or 128 + the signal */
    char out[256];    /* file of its standard output */
    char err[256];    /* file of its standard error */
    const char *name; /* argv[0] */
};

/* Starts argv[0], found by PATH (which leads to the freshly built programs); argv ends with NULL.
 * The environment is the test's. Valid to the end of the program. */
struct testproc *testproc_start(const char *const argv[]);

/* Waits until a line of its standard error contains text; ends the test, showing what is there, if
 * it does not within timeout_ms or the program ends before. */
void testproc_wait_line(struct testproc *p, const char *text, int timeout_ms);

/* How many lines of its standard error contain text. */
int testproc_lines(const struct testproc *p, const char *text);

/* Waits for its end: the exit code, or 128 + the signal that ended it. Ends the test when
 * timeout_ms are over. */
int testproc_wait(struct testproc *p, int timeout_ms);

/* Whether it has not ended. */
bool testproc_running(struct testproc *p);

void testproc_kill(struct testproc *p, int signal);

/* The whole of a file, ends with NUL; free() it. */
char *testproc_read(const char *path);

#endif
