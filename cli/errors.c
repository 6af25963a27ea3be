/* SPDX-License-Identifier: MIT */
/* errors.c: the one line on stderr, without secrets, and the exit code. It does not know what went
 * wrong. */
#include "cli.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text with each occurrence of the secret replaced: libpq repeats parts of a connection string. */
static void add_without(struct buffer *out, const char *text, const char *secret)
{
    size_t len = secret != NULL ? strlen(secret) : 0;
    if (len < 4) /* such a one would only be pointed out by its gaps */
        len = 0;
    for (const char *hit; len > 0 && (hit = strstr(text, secret)) != NULL; text = hit + len) {
        buffer_add(out, text, (size_t)(hit - text));
        buffer_text(out, "***");
    }
    buffer_text(out, text);
}

int fail(const struct cli *cli, int code, const char *format, ...)
{
    struct buffer text = BUFFER_INIT, safe = BUFFER_INIT, line = BUFFER_INIT;
    va_list args;
    char message[4096];
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    add_without(&text, message, cli->db.password.data);
    while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL)
        text.data[--text.len] = '\0';
    for (char *c = text.data; c != NULL && *c != '\0'; c++)
        *c = *c == '\n' || *c == '\t' ? ' ' : *c;
    text_for_terminal(&safe, text.data, text.len, 0);
    buffer_format(&line, "pgqueue: %s\n", safe.data != NULL ? safe.data : "failed");
    fflush(stdout);
    fputs(line.data, stderr);
    buffer_free(&text);
    buffer_free(&safe);
    buffer_free(&line);
    return code;
}

int fail_db(const struct cli *cli, const struct db_error *error, const char *what)
{
    const char *advice = "";
    if (what == NULL && strstr(error->message, "pgqueue migrate") == NULL &&
        (strcmp(error->sqlstate, "42P01") == 0 || strcmp(error->sqlstate, "42883") == 0 ||
         strcmp(error->sqlstate, "3F000") == 0))
        advice = "; is the schema migrated? run pgqueue migrate";
    if (what != NULL)
        return fail(cli, error->exit, "%s: %s%s", what, error->message, advice);
    return fail(cli, error->exit, "%s%s", error->message, advice);
}

int need_database(struct cli *cli, int any_schema)
{
    struct db_error error;
    const struct parsed *parsed = &cli->parsed;
    if (cli->db.queue != NULL)
        return EXIT_DONE;
    if (db_choose(&cli->db, parsed->conninfo, parsed->schema, &error) != 0)
        return fail_db(cli, &error, NULL);
    if (db_open(&cli->db, any_schema, &error) == 0)
        return EXIT_DONE;
    if (error.exit == EXIT_NO_DATABASE)
        return fail(cli, error.exit, "no database, asked for by %s: %s", cli->db.source,
                    error.message);
    return fail_db(cli, &error, NULL);
}

int check_type(struct cli *cli, const char *option, const char *type)
{
    const char *text = option_text(&cli->parsed, option);
    struct buffer sql = BUFFER_INIT, what = BUFFER_INIT;
    struct rows *rows = NULL;
    struct db_error error;
    int code = text != NULL ? need_database(cli, 1) : EXIT_DONE;
    buffer_format(&sql, "select $1::text::%s", type);
    buffer_format(&what, "--%s", option);
    if (text != NULL && code == EXIT_DONE &&
        db_run(&cli->db, sql.data, &text, 1, &rows, &error) != 0)
        code = fail_db(cli, &error, what.data);
    rows_free(rows);
    buffer_free(&sql);
    buffer_free(&what);
    return code;
}

const char *argument(const struct cli *cli, size_t index)
{
    return index < cli->parsed.argument_count ? cli->parsed.arguments[index] : NULL;
}

int id_argument(const struct cli *cli, const char *text)
{
    int64_t id;
    if (value_integer(text, &id) == 0 && id > 0)
        return EXIT_DONE;
    return fail(cli, EXIT_USAGE, "\"%s\" is not an id: ids are whole numbers from 1", text);
}

int worse(int a, int b)
{
    return a > b ? a : b;
}
