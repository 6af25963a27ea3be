/* SPDX-License-Identifier: MIT */
/* db.c: the command line's only door to libpq: picks the connection string, runs statements with
 * parameters, turns errors into exit codes. It does not know commands, options or output. */
#include "db.h"

#include "exits.h"
#include "text.h"

#include <pgqueue.h>

#include <libpq-fe.h>

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct rows {
    PGresult *result;
};

#define MARKER "/*schema*/"

/* After so long without a byte the server is looked at, so often and so long. */
#define SILENCE_MS 30000
#define LOOK_S     "10"
#define LOOKS      2

__attribute__((format(printf, 3, 4))) static int refuse(struct db_error *error, int code,
                                                        const char *format, ...)
{
    va_list args;
    memset(error, 0, sizeof *error);
    error->exit = code;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return -1;
}

/* ---- connecting ---- */

static int schema_quote(struct db *db, struct db_error *error)
{
    PGconn *conn = pgqueue_connection(db->queue);
    char *quoted = PQescapeIdentifier(conn, db->schema, strlen(db->schema));
    if (quoted == NULL)
        return refuse(error, EXIT_USAGE, "--schema: %s", PQerrorMessage(conn));
    buffer_clear(&db->quoted);
    buffer_format(&db->quoted, "%s.", quoted);
    PQfreemem(quoted);
    return 0;
}

static void ignore_notice(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

int db_choose(struct db *db, const char *conninfo, const char *schema, struct db_error *error)
{
    static const char *const names[] = {"PGQUEUE_DSN", "DATABASE_URL"};
    db->schema = schema != NULL ? schema : "pgqueue";
    db->conninfo = conninfo;
    db->source = "-d";
    for (size_t i = 0; i < 2 && db->conninfo == NULL; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            db->conninfo = value;
            db->source = names[i];
        }
    }
    if (db->conninfo == NULL) {
        db->conninfo = "";
        db->source = "the environment (PGHOST, PGDATABASE ...)";
    }
    /* libpq's own message would repeat the text, which may hold a password. */
    PQconninfoOption *options = PQconninfoParse(db->conninfo, NULL);
    if (options == NULL)
        return refuse(error, EXIT_USAGE,
                      "the connection string of %s cannot be understood: give key=value pairs or a "
                      "URI such as postgresql://host/database",
                      db->source);
    for (PQconninfoOption *o = options; o->keyword != NULL; o++) {
        if (strcmp(o->keyword, "password") == 0 && o->val != NULL)
            buffer_text(&db->password, o->val);
    }
    PQconninfoFree(options);
    return 0;
}

int db_open(struct db *db, int any_schema, struct db_error *error)
{
    pgqueue_options options = PGQUEUE_OPTIONS_INIT;
    pgqueue_error failure = {0};
    if (db->queue != NULL)
        return 0;
    options.schema = db->schema;
    options.skip_schema_check = any_schema;
    if (pgqueue_open(db->conninfo, &options, &db->queue, &failure) != PGQUEUE_OK)
        return db_error_of(&failure, error);
    PQsetNoticeReceiver(pgqueue_connection(db->queue), ignore_notice, NULL);
    return schema_quote(db, error);
}

void db_disconnect(struct db *db)
{
    pgqueue_close(db->queue);
    db->queue = NULL;
}

void db_close(struct db *db)
{
    db_disconnect(db);
    buffer_free(&db->quoted);
    if (db->password.data != NULL)
        explicit_bzero(db->password.data, db->password.size);
    buffer_free(&db->password);
}

/* ---- errors ---- */

int db_error_of(const struct pgqueue_error *from, struct db_error *error)
{
    static const struct {
        int code;
        int exit;
    } exits[] = {
        {PGQUEUE_EINVAL, EXIT_USAGE},        {PGQUEUE_ECONN, EXIT_NO_DATABASE},
        {PGQUEUE_ENOTFOUND, EXIT_NOT_FOUND}, {PGQUEUE_EDUPLICATE, EXIT_REFUSED},
        {PGQUEUE_ELOST, EXIT_REFUSED},
    };
    refuse(error, EXIT_FAILED, "%s", from->message);
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++) {
        if (exits[i].code == from->code)
            error->exit = exits[i].exit;
    }
    memcpy(error->sqlstate, from->sqlstate, sizeof error->sqlstate);
    error->from_server = from->sqlstate[0] != '\0';
    return -1;
}

/* The exit code for a SQLSTATE: whole codes before classes. */
static int exit_of(const char *sqlstate)
{
    static const struct {
        const char *prefix;
        int exit;
    } exits[] = {
        {"PQ404", EXIT_NOT_FOUND}, /* our own: no such queue, job, schedule */
        {"PQ4", EXIT_REFUSED},     /* our own: there already, lost, not in the state for it */
        {"23505", EXIT_REFUSED},   /* unique violation */
        {"55006", EXIT_REFUSED},   /* object in use */
        {"55P03", EXIT_REFUSED},   /* lock not available */
        {"55", EXIT_REFUSED},      /* not in the state for it */
        {"53400", EXIT_REFUSED},   /* a limit of the configuration */
        {"54", EXIT_USAGE},        /* a limit of the program: too deep, too large */
        {"0A", EXIT_USAGE},        /* an option that is not built yet */
        {"22", EXIT_USAGE},        /* a value that cannot be */
        {"23", EXIT_USAGE},        /* a value that may not be */
        {"08", EXIT_NO_DATABASE},  {"57P", EXIT_NO_DATABASE}, {"53300", EXIT_NO_DATABASE},
    };
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++) {
        if (strncmp(sqlstate, exits[i].prefix, strlen(exits[i].prefix)) == 0)
            return exits[i].exit;
    }
    return EXIT_FAILED;
}

static int server_error(struct db *db, const PGresult *result, struct db_error *error)
{
    const char *sqlstate = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = NULL, *detail = NULL, *hint = NULL;
    PGconn *conn = pgqueue_connection(db->queue);
    if (sqlstate != NULL) {
        message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
        hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    } else {
        message = PQerrorMessage(conn);
    }
    struct buffer text = BUFFER_INIT;
    buffer_text(&text, message != NULL && message[0] != '\0' ? message : "the statement failed");
    if (detail != NULL)
        buffer_format(&text, ": %s", detail);
    if (hint != NULL)
        buffer_format(&text, ". %s", hint);
    refuse(error, sqlstate != NULL ? exit_of(sqlstate) : EXIT_FAILED, "%s", text.data);
    buffer_free(&text);
    if (PQstatus(conn) == CONNECTION_BAD)
        error->exit = EXIT_NO_DATABASE;
    if (sqlstate != NULL && strlen(sqlstate) == 5) {
        memcpy(error->sqlstate, sqlstate, sizeof error->sqlstate);
        error->from_server = 1;
    }
    return -1;
}

/* ---- statements ---- */

static void add_with_schema(const struct db *db, const char *sql, struct buffer *out)
{
    for (const char *mark; (mark = strstr(sql, MARKER)) != NULL; sql = mark + strlen(MARKER)) {
        buffer_add(out, sql, (size_t)(mark - sql));
        buffer_text(out, db->quoted.data);
    }
    buffer_text(out, sql);
}

/* Whether the server of this connection says nothing to a new one either; one that refuses it
 * lives. */
static int is_silent(const struct db *db, const PGconn *conn)
{
    static const char *const keywords[] = {"dbname",          "host", "hostaddr", "port",
                                           "connect_timeout", NULL};
    const char *values[] = {db->conninfo, PQhost(conn), PQhostaddr(conn),
                            PQport(conn), LOOK_S,       NULL};
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    PGPing ping = PQpingParams(keywords, values, 1); /* the first is the whole string */
    clock_gettime(CLOCK_MONOTONIC, &ended);
    return ping == PQPING_NO_RESPONSE && ended.tv_sec - began.tv_sec >= 5;
}

/* Until a result is there, or the connection is broken. A server that hangs is given up, as the
 * library does it; a statement that is slow or waits for a lock is not. */
static void wait_for_result(struct db *db, PGconn *conn)
{
    int left, silent = 0;
    while ((left = PQflush(conn)) >= 0 && PQisBusy(conn)) {
        struct pollfd fd = {.fd = PQsocket(conn), .events = left ? POLLIN | POLLOUT : POLLIN};
        int ready = poll(&fd, 1, silent > 0 ? 0 : SILENCE_MS);
        if (ready > 0 && !PQconsumeInput(conn))
            return;
        if (ready >= 0)
            silent = ready == 0 && is_silent(db, conn) ? silent + 1 : 0;
        if (silent == LOOKS) {
            db->hung = 1;
            shutdown(PQsocket(conn), SHUT_RDWR); /* libpq then finds the connection closed */
        }
    }
}

/* As PQexecParams, but for the waiting. */
static PGresult *ask(struct db *db, const char *sql, const char *const *values, size_t count)
{
    PGconn *conn = pgqueue_connection(db->queue);
    PGresult *last = NULL, *next = NULL;
    PQsetnonblocking(conn, 1); /* who does not read must not hold up the send either */
    if (PQsendQueryParams(conn, sql, (int)count, NULL, values, NULL, NULL, 0)) {
        do {
            PQclear(last);
            last = next;
            wait_for_result(db, conn);
            next = PQgetResult(conn);
        } while (next != NULL);
    }
    return last;
}

static int execute(struct db *db, const char *sql, const char *const *values, size_t count,
                   struct rows **rows, struct db_error *error)
{
    PGresult *result = ask(db, sql, values, count);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        server_error(db, result, error);
        if (db->hung)
            refuse(error, EXIT_NO_DATABASE,
                   "no answer for 50.0 s, and the server takes no new connection either");
        PQclear(result);
        return -1;
    }
    if (rows == NULL) {
        PQclear(result);
        return 0;
    }
    *rows = zeroed(1, sizeof **rows);
    (*rows)->result = result;
    return 0;
}

int db_run(struct db *db, const char *sql, const char *const *values, size_t count,
           struct rows **rows, struct db_error *error)
{
    struct buffer statement = BUFFER_INIT;
    add_with_schema(db, sql, &statement);
    int r = execute(db, statement.data, values, count, rows, error);
    buffer_free(&statement);
    return r;
}

int db_run_json(struct db *db, const char *sql, const char *const *values, size_t count,
                struct rows **rows, struct db_error *error)
{
    struct buffer statement = BUFFER_INIT;
    buffer_text(&statement, "select pg_catalog.row_to_json(q) from (");
    add_with_schema(db, sql, &statement);
    buffer_text(&statement, ") q");
    int r = execute(db, statement.data, values, count, rows, error);
    buffer_free(&statement);
    return r;
}

int db_json_problem(struct db *db, const char *text, struct buffer *reason)
{
    PGresult *result = ask(db, "select $1::pg_catalog.jsonb is null", &text, 1);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    int r = PQresultStatus(result) == PGRES_TUPLES_OK ? 0 : -1;
    if (r != 0 && sqlstate != NULL &&
        (strncmp(sqlstate, "22", 2) == 0 || strncmp(sqlstate, "54", 2) == 0)) {
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
        buffer_text(reason, strcmp(sqlstate, "22P02") == 0 ? "not valid JSON: "
                                                           : "not to be stored as JSON: ");
        /* it repeats what it stumbled over, which may be long */
        buffer_format(reason, "%.200s",
                      detail != NULL    ? detail
                      : message != NULL ? message
                                        : "refused");
        if (reason->data[reason->len - 1] == '.')
            reason->data[--reason->len] = '\0';
        r = 1;
    }
    PQclear(result);
    return r;
}

/* ---- results ---- */

size_t rows_count(const struct rows *rows)
{
    return (size_t)PQntuples(rows->result);
}

size_t rows_columns(const struct rows *rows)
{
    return (size_t)PQnfields(rows->result);
}

const char *rows_title(const struct rows *rows, size_t column)
{
    return PQfname(rows->result, (int)column);
}

int rows_is_number(const struct rows *rows, size_t column)
{
    static const Oid numbers[] = {20, 21, 23, 700, 701, 1700}; /* pg_type: int8 int2 int4 ... */
    Oid type = PQftype(rows->result, (int)column);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i] == type)
            return 1;
    }
    return 0;
}

int rows_is_boolean(const struct rows *rows, size_t column)
{
    return PQftype(rows->result, (int)column) == 16; /* pg_type: bool */
}

const char *rows_text(const struct rows *rows, size_t row, size_t column)
{
    if (PQgetisnull(rows->result, (int)row, (int)column))
        return NULL;
    return PQgetvalue(rows->result, (int)row, (int)column);
}

size_t rows_length(const struct rows *rows, size_t row, size_t column)
{
    return (size_t)PQgetlength(rows->result, (int)row, (int)column);
}

int64_t rows_integer(const struct rows *rows, size_t row, size_t column)
{
    const char *text = rows_text(rows, row, column);
    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

void rows_free(struct rows *rows)
{
    if (rows != NULL)
        PQclear(rows->result);
    free(rows);
}

void array_add(struct buffer *array, const char *text, size_t len)
{
    buffer_text(array, array->len == 0 ? "{\"" : ",\"");
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            buffer_char(array, '\\');
        buffer_char(array, text[i]);
    }
    buffer_char(array, '"');
}

void array_end(struct buffer *array)
{
    buffer_text(array, array->len == 0 ? "{}" : "}");
}
