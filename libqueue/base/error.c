/* SPDX-License-Identifier: MIT */
/* Error codes and texts; the one place that knows what a SQLSTATE means. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *pgqueue_code_name(int code)
{
    switch (code) {
    case PGQUEUE_OK:
        return "PGQUEUE_OK";
    case PGQUEUE_EINVAL:
        return "PGQUEUE_EINVAL";
    case PGQUEUE_ENOMEM:
        return "PGQUEUE_ENOMEM";
    case PGQUEUE_ECONN:
        return "PGQUEUE_ECONN";
    case PGQUEUE_EUNKNOWN:
        return "PGQUEUE_EUNKNOWN";
    case PGQUEUE_EDB:
        return "PGQUEUE_EDB";
    case PGQUEUE_ENOTFOUND:
        return "PGQUEUE_ENOTFOUND";
    case PGQUEUE_EDUPLICATE:
        return "PGQUEUE_EDUPLICATE";
    case PGQUEUE_ELOST:
        return "PGQUEUE_ELOST";
    case PGQUEUE_ESCHEMA:
        return "PGQUEUE_ESCHEMA";
    case PGQUEUE_ESTATE:
        return "PGQUEUE_ESTATE";
    default:
        return "unknown";
    }
}

/* Cuts a trailing newline and folds inner ones: a message is one line. */
static void one_line(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        text[--len] = '\0';
    for (char *p = text; *p; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
}

int pgqi_error_set(pgqueue_error *error, int code, const char *format, ...)
{
    if (error == NULL)
        return code;
    memset(error, 0, sizeof *error);
    error->code = code;
    error->retryable = code == PGQUEUE_ECONN || code == PGQUEUE_ENOMEM;
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    one_line(error->message);
    return code;
}

int pgqi_no_memory(pgqueue_error *error)
{
    return pgqi_error_set(error, PGQUEUE_ENOMEM, "out of memory");
}

int pgqi_code_of_sqlstate(const char *sqlstate)
{
    static const struct {
        const char *prefix;
        int code;
    } table[] = {
        {"PQ404", PGQUEUE_ENOTFOUND}, /* raised by our functions */
        {"PQ409", PGQUEUE_EDUPLICATE},
        {"22", PGQUEUE_EINVAL},     /* data exceptions: options, JSON, encoding */
        {"54000", PGQUEUE_EINVAL},  /* our limits */
        {"0A000", PGQUEUE_EINVAL},  /* not built yet */
        {"3F000", PGQUEUE_ESCHEMA}, /* no such schema */
        {"42P01", PGQUEUE_ESCHEMA}, /* no such table */
        {"42883", PGQUEUE_ESCHEMA}, /* no such function */
        {"08", PGQUEUE_ECONN},
        {"57P", PGQUEUE_ECONN},   /* shut down, crashed, starting up, dropped */
        {"53300", PGQUEUE_ECONN}, /* too many connections */
    };
    if (sqlstate == NULL || sqlstate[0] == '\0')
        return PGQUEUE_ECONN;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strncmp(sqlstate, table[i].prefix, strlen(table[i].prefix)) == 0)
            return table[i].code;
    return PGQUEUE_EDB;
}

int pgqi_sqlstate_retryable(const char *sqlstate)
{
    static const char *const classes[] = {
        "08",  "40", "53",    "55P03",
        "57P", "58", "25006", /* connection, deadlock, resources, lock, standby */
    };
    if (sqlstate == NULL || sqlstate[0] == '\0')
        return 1;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strncmp(sqlstate, classes[i], strlen(classes[i])) == 0)
            return 1;
    return 0;
}

int pgqi_error_sql(pgqueue_error *error, const char *sqlstate, const char *message,
                   const char *hint)
{
    int code = pgqi_code_of_sqlstate(sqlstate);
    if (message == NULL || message[0] == '\0')
        message = "the connection to the database was lost";
    if (code == PGQUEUE_ESCHEMA)
        hint = "Run \"pgqueue migrate\" on this database";
    pgqi_error_set(error, code, "%s%s%s", message, hint ? ". " : "", hint ? hint : "");
    if (error != NULL) {
        error->retryable = pgqi_sqlstate_retryable(sqlstate);
        snprintf(error->sqlstate, sizeof error->sqlstate, "%s", sqlstate ? sqlstate : "");
    }
    return code;
}
