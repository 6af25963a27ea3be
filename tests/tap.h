/* SPDX-License-Identifier: MIT */
/* Prints the results of one test program as TAP; knows nothing of databases.
 *
 *     int main(void)
 *     {
 *         ok(buf_len(&b) == 0, "a new buffer is empty");
 *         is_int(n, 3, "%d jobs were claimed", 3);
 *         return done();
 *     }
 *
 * A test's description is a sentence. Each check answers whether it passed, so that `if (!ok(...))
 * diag(...)` works.
 */
#ifndef PGQUEUE_TESTS_TAP_H
#define PGQUEUE_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    int planned; /* 0: the plan comes at the end */
    int run;
    int failed;
} tap;

/* How long a wait waits that was given so many milliseconds: a minute at least. A deadline ends a
 * test that hangs and promises nothing, and on a busy machine anything may take long. */
static inline int tap_patience(int timeout_ms)
{
    return timeout_ms < 60000 ? 60000 : timeout_ms;
}

/* Announces the number of checks. Optional: done() prints a plan if there was none. */
static inline void plan(int n)
{
    tap.planned = n;
    printf("1..%d\n", n);
    fflush(stdout);
}

/* One comment line per line of text; shown in the log beside the check it follows. */
__attribute__((format(printf, 1, 2))) static inline void diag(const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *line = text;
    for (;;) {
        size_t n = strcspn(line, "\n");
        printf("# %.*s\n", (int)n, line);
        if (line[n] == '\0' || line[n + 1] == '\0')
            break;
        line += n + 1;
    }
    fflush(stdout);
}

/* Ends the program at once, as failed, and says why. For a broken set-up, where going on is
 * pointless. */
__attribute__((format(printf, 1, 2), noreturn)) static inline void bail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("Bail out! ");
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
    fflush(stdout);
    exit(99);
}

/* Ends the program without a check; the continuous integration counts it as a failure. */
__attribute__((format(printf, 1, 2), noreturn)) static inline void skip_all(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("1..0 # SKIP ");
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
    fflush(stdout);
    exit(0);
}

__attribute__((format(printf, 4, 0))) static inline bool tap_result(bool passed, const char *file,
                                                                    int line, const char *fmt,
                                                                    va_list ap)
{
    printf("%sok %d - ", passed ? "" : "not ", ++tap.run);
    vprintf(fmt, ap);
    printf("\n");
    if (!passed) {
        tap.failed++;
        printf("# failed at %s:%d\n", file, line);
    }
    fflush(stdout);
    return passed;
}

__attribute__((format(printf, 4, 5))) static inline bool tap_ok(bool passed, const char *file,
                                                                int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    tap_result(passed, file, line, fmt, ap);
    va_end(ap);
    return passed;
}

__attribute__((format(printf, 5, 6))) static inline bool tap_int(long long got, long long want,
                                                                 const char *file, int line,
                                                                 const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool passed = tap_result(got == want, file, line, fmt, ap);
    va_end(ap);
    if (!passed)
        diag("     got: %lld\nexpected: %lld", got, want);
    return passed;
}

/* NULL equals only NULL. */
__attribute__((format(printf, 5, 6))) static inline bool tap_str(const char *got, const char *want,
                                                                 const char *file, int line,
                                                                 const char *fmt, ...)
{
    bool same = got != NULL && want != NULL ? strcmp(got, want) == 0 : got == want;
    va_list ap;
    va_start(ap, fmt);
    tap_result(same, file, line, fmt, ap);
    va_end(ap);
    if (!same)
        diag("     got: %s\nexpected: %s", got != NULL ? got : "(null)",
             want != NULL ? want : "(null)");
    return same;
}

#define ok(cond, ...) tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...)                                                                     \
    tap_int((long long)(got), (long long)(want), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_str(got, want, __FILE__, __LINE__, __VA_ARGS__)

/* The end of main: prints the plan if none was announced; the answer is the exit code. */
static inline int done(void)
{
    if (tap.planned == 0)
        printf("1..%d\n", tap.run);
    fflush(stdout);
    if (tap.run == 0 || (tap.planned != 0 && tap.run != tap.planned))
        return 1;
    return tap.failed == 0 ? 0 : 1;
}

#endif
