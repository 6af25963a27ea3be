/* SPDX-License-Identifier: MIT */
/* Databases for the C tests; see testdb.h. Knows nothing of the library. */
#include "testdb.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define MARKER "/*schema*/"
enum { DATABASES_MAX = 64, PAUSE_MAX_MS = 50 };

static char *databases[DATABASES_MAX]; /* their connection strings; the i-th is called t_OWNER_i */
static int n_databases;
static pid_t owner; /* a forked child must not drop its parent's databases */

static const char *env(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *testdb_schema(void)
{
    const char *schema = env("PGQUEUE_TEST_SCHEMA");
    return schema != NULL ? schema : "pgqueue";
}

static PGconn *maintenance(void)
{
    const char *dsn = env("PGQUEUE_TEST_DSN");
    if (dsn == NULL)
        skip_all("no server: run by make check, scripts/test or tests/with-server");
    return testdb_connect(dsn);
}

static void drop_all(void)
{
    if (getpid() != owner)
        return;
    PGconn *conn = PQconnectdb(env("PGQUEUE_TEST_DSN"));
    /* The whole server ends with the run: a database that stays is no failure. */
    if (PQstatus(conn) != CONNECTION_OK)
        n_databases = 0;
    for (int i = 0; i < n_databases; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "drop database if exists t_%ld_%d with (force)", (long)owner, i);
        PQclear(PQexec(conn, sql));
        free(databases[i]);
    }
    PQfinish(conn);
}

static const char *create(const char *template)
{
    if (n_databases == DATABASES_MAX)
        bail("a test may make %d databases", DATABASES_MAX);
    PGconn *conn = maintenance();
    if (n_databases == 0) {
        owner = getpid();
        atexit(drop_all);
    }
    int i = n_databases++;
    testdb_sql(conn, "create database t_%ld_%d template %s", (long)owner, i, template);
    size_t room = strlen(PQhost(conn)) + strlen(PQport(conn)) + strlen(PQuser(conn)) + 128;
    databases[i] = malloc(room);
    if (databases[i] == NULL)
        bail("out of memory");
    snprintf(databases[i], room, "host=%s port=%s user=%s dbname=t_%ld_%d", PQhost(conn),
             PQport(conn), PQuser(conn), (long)owner, i);
    PQfinish(conn);
    return databases[i];
}

const char *testdb_create(void)
{
    const char *template = env("PGQUEUE_TEST_TEMPLATE");
    if (env("PGQUEUE_TEST_DSN") != NULL && template == NULL)
        bail("the server has no template database (with-server --no-template)");
    return create(template);
}

const char *testdb_create_empty(void)
{
    return create("template0");
}

PGconn *testdb_connect(const char *dsn)
{
    PGconn *conn = PQconnectdb(dsn);
    if (PQstatus(conn) != CONNECTION_OK)
        bail("cannot connect to %s: %s", dsn, PQerrorMessage(conn));
    PQclear(PQexec(conn, "set client_min_messages = warning"));
    return conn;
}

/* The statement with its values and with the schema for each marker; the caller frees it. */
__attribute__((format(printf, 1, 0))) static char *statement(const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        bail("bad format: %s", fmt);
    char *raw = malloc((size_t)n + 1);
    size_t markers = 0;
    if (raw == NULL)
        bail("out of memory");
    vsnprintf(raw, (size_t)n + 1, fmt, ap);
    for (const char *p = raw; (p = strstr(p, MARKER)) != NULL; p += strlen(MARKER))
        markers++;
    /* Each quote inside the name is doubled; two quotes and a dot around it. */
    size_t room = (size_t)n + markers * (2 * strlen(testdb_schema()) + 3) + 1;
    char *sql = malloc(room);
    if (sql == NULL)
        bail("out of memory");
    char *to = sql;
    for (const char *p = raw; *p != '\0';) {
        if (strncmp(p, MARKER, strlen(MARKER)) != 0) {
            *to++ = *p++;
            continue;
        }
        *to++ = '"';
        for (const char *s = testdb_schema(); *s != '\0'; s++) {
            if (*s == '"')
                *to++ = '"';
            *to++ = *s;
        }
        *to++ = '"';
        *to++ = '.';
        p += strlen(MARKER);
    }
    *to = '\0';
    free(raw);
    return sql;
}

__attribute__((format(printf, 2, 0))) static PGresult *run(PGconn *conn, const char *fmt,
                                                           va_list ap)
{
    char *sql = statement(fmt, ap);
    PGresult *res = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(res);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
        bail("%s\n# in: %s", PQerrorMessage(conn), sql);
    free(sql);
    return res;
}

void testdb_sql(PGconn *conn, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    PQclear(run(conn, fmt, ap));
    va_end(ap);
}

PGresult *testdb_rows(PGconn *conn, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    PGresult *res = run(conn, fmt, ap);
    va_end(ap);
    return res;
}

const char *testdb_sqlstate(PGconn *conn, const char *fmt, ...)
{
    static char state[6];
    va_list ap;
    va_start(ap, fmt);
    char *sql = statement(fmt, ap);
    va_end(ap);
    PGresult *res = PQexec(conn, sql);
    const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    snprintf(state, sizeof state, "%s", code != NULL ? code : "");
    PQclear(res);
    free(sql);
    return state;
}

/* The first value or NULL; valid until PQclear(). */
static const char *first(const PGresult *res)
{
    if (PQntuples(res) == 0 || PQnfields(res) == 0 || PQgetisnull(res, 0, 0))
        return NULL;
    return PQgetvalue(res, 0, 0);
}

long long testdb_int(PGconn *conn, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    PGresult *res = run(conn, fmt, ap);
    va_end(ap);
    const char *text = first(res);
    char *end = NULL;
    if (text == NULL)
        bail("no value from: %s", fmt);
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        bail("%s is no number, from: %s", text, fmt);
    PQclear(res);
    return value;
}

char *testdb_text(PGconn *conn, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    PGresult *res = run(conn, fmt, ap);
    va_end(ap);
    const char *text = first(res);
    char *copy = text != NULL ? strdup(text) : NULL;
    PQclear(res);
    return copy;
}

bool testdb_bool(PGconn *conn, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    PGresult *res = run(conn, fmt, ap);
    va_end(ap);
    const char *text = first(res);
    bool value = text != NULL && text[0] == 't';
    PQclear(res);
    return value;
}

long long testdb_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void testdb_pause(int ms)
{
    poll(NULL, 0, ms);
}

void testdb_wait(PGconn *conn, int timeout_ms, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *sql = statement(fmt, ap);
    va_end(ap);
    timeout_ms = tap_patience(timeout_ms);
    long long deadline = testdb_ms() + timeout_ms;
    for (int pause = 1;; pause = pause < PAUSE_MAX_MS / 2 ? pause * 2 : PAUSE_MAX_MS) {
        PGresult *res = PQexec(conn, sql);
        if (PQresultStatus(res) != PGRES_TUPLES_OK)
            bail("%s\n# in: %s", PQerrorMessage(conn), sql);
        const char *text = first(res);
        bool met = text != NULL && text[0] == 't';
        PQclear(res);
        if (met)
            break;
        if (testdb_ms() >= deadline)
            bail("not met within %d ms: %s", timeout_ms, sql);
        testdb_pause(pause);
    }
    free(sql);
}

bool testdb_notified(PGconn *conn, int timeout_ms)
{
    long long deadline = testdb_ms() + timeout_ms;
    for (;;) {
        if (!PQconsumeInput(conn))
            bail("the connection is lost: %s", PQerrorMessage(conn));
        PGnotify *note = PQnotifies(conn);
        if (note != NULL) {
            PQfreemem(note);
            return true;
        }
        long long left = deadline - testdb_ms();
        if (left <= 0)
            return false;
        struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};
        poll(&fd, 1, left > INT_MAX ? INT_MAX : (int)left);
    }
}
