/* SPDX-License-Identifier: MIT */
/* Counts statements where they are handed to libpq; see statements.h. Knows nothing of the code. */
#include "statements.h"

#include "tap.h"

#include <libpq-fe.h>
#include <pthread.h>

enum { NAMES = 64 };

static struct {
    pthread_mutex_t lock;
    int on;
    long prepared;
    size_t count;
    struct {
        char name[48];
        long times;
    } of[NAMES];
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(const char *text)
{
    size_t len = strcspn(text, " \n("), i = 0;
    pthread_mutex_lock(&seen.lock);
    if (seen.on) {
        while (i < seen.count &&
               (strncmp(seen.of[i].name, text, len) != 0 || seen.of[i].name[len] != '\0'))
            i++;
        if (i == NAMES || len >= sizeof seen.of[i].name)
            bail("more names than can be counted: %s", text);
        if (i == seen.count) {
            memcpy(seen.of[i].name, text, len);
            seen.of[i].name[len] = '\0';
            seen.of[i].times = 0;
            seen.count++;
        }
        seen.of[i].times++;
    }
    pthread_mutex_unlock(&seen.lock);
}

static void note_prepared(void)
{
    pthread_mutex_lock(&seen.lock);
    seen.prepared += seen.on;
    pthread_mutex_unlock(&seen.lock);
}

void statements_start(void)
{
    pthread_mutex_lock(&seen.lock);
    seen.count = 0;
    seen.prepared = 0;
    seen.on = 1;
    pthread_mutex_unlock(&seen.lock);
}

void statements_stop(void)
{
    pthread_mutex_lock(&seen.lock);
    seen.on = 0;
    pthread_mutex_unlock(&seen.lock);
}

long statements_of(const char *name)
{
    for (size_t i = 0; i < seen.count; i++)
        if (strcmp(seen.of[i].name, name) == 0)
            return seen.of[i].times;
    return 0;
}

long statements_all(void)
{
    long all = 0;
    for (size_t i = 0; i < seen.count; i++)
        all += seen.of[i].times;
    return all;
}

long statements_prepared(void)
{
    return seen.prepared;
}

const char *statements_text(void)
{
    static char text[NAMES * 64];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < seen.count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %ld", i ? ", " : "",
                               seen.of[i].name, seen.of[i].times);
    return text;
}

/* What the linker makes of the wrapped names. The lists of arguments are libpq's. */
#define ARGS_PARAMS                                                                                \
    int n, const Oid *types, const char *const *values, const int *lengths, const int *formats,    \
        int format
#define ARGS_VALUES                                                                                \
    int n, const char *const *values, const int *lengths, const int *formats, int format

#define DOOR(type, name, args, call, what)                                                         \
    type __real_##name args;                                                                       \
    type __wrap_##name args;                                                                       \
    type __wrap_##name args                                                                        \
    {                                                                                              \
        what;                                                                                      \
        return __real_##name call;                                                                 \
    }

DOOR(PGresult *, PQexec, (PGconn * c, const char *sql), (c, sql), note(sql))
DOOR(PGresult *, PQexecParams, (PGconn * c, const char *sql, ARGS_PARAMS),
     (c, sql, n, types, values, lengths, formats, format), note(sql))
DOOR(PGresult *, PQexecPrepared, (PGconn * c, const char *name, ARGS_VALUES),
     (c, name, n, values, lengths, formats, format), note(name))
DOOR(PGresult *, PQprepare,
     (PGconn * c, const char *name, const char *sql, int n, const Oid *types),
     (c, name, sql, n, types), note_prepared())
DOOR(int, PQsendQuery, (PGconn * c, const char *sql), (c, sql), note(sql))
DOOR(int, PQsendQueryParams, (PGconn * c, const char *sql, ARGS_PARAMS),
     (c, sql, n, types, values, lengths, formats, format), note(sql))
DOOR(int, PQsendQueryPrepared, (PGconn * c, const char *name, ARGS_VALUES),
     (c, name, n, values, lengths, formats, format), note(name))
DOOR(int, PQsendPrepare, (PGconn * c, const char *name, const char *sql, int n, const Oid *types),
     (c, name, sql, n, types), note_prepared())
