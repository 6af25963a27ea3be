/* SPDX-License-Identifier: MIT */
/* output.c: prints the rows of queries as tables or as lines of JSON, and sees whether they could
 * be written. It does not know what the rows mean. */
#include "output.h"

#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Why standard output could not be written; 0: it could. Streams forget the first reason. */
static int write_errno;

static void put(const char *bytes, size_t len)
{
    errno = 0;
    if (len > 0 && fwrite(bytes, 1, len, stdout) != len && write_errno == 0)
        write_errno = errno != 0 ? errno : EIO;
}

void print_text(const char *text)
{
    put(text, strlen(text));
}

void print_json(struct buffer *json)
{
    buffer_char(json, '\n');
    put(json->data, json->len);
    buffer_clear(json);
}

void print_line(const char *format, ...)
{
    struct buffer safe = BUFFER_INIT;
    va_list args;
    char line[2048];
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    text_for_terminal(&safe, line, strlen(line), 0);
    buffer_char(&safe, '\n');
    put(safe.data, safe.len);
    buffer_free(&safe);
}

static void print_rows_json(const struct rows *rows)
{
    struct buffer line = BUFFER_INIT;
    for (size_t i = 0; i < rows_count(rows); i++) {
        text_for_json(&line, rows_text(rows, i, 0), rows_length(rows, i, 0));
        print_json(&line);
    }
    buffer_free(&line);
}

static const char *cell(const struct rows *rows, size_t row, size_t column)
{
    const char *text = rows_text(rows, row, column);
    if (text != NULL && rows_is_boolean(rows, column))
        return text[0] == 't' ? "yes" : "no";
    return text;
}

/* Blocks of lines printed so far: an empty line stands between them. */
static size_t tall_printed;

static void print_rows_text(const struct rows *rows, int tall)
{
    struct table table;
    struct buffer out = BUFFER_INIT;
    size_t columns = rows_columns(rows);
    table_init(&table, columns);
    for (size_t i = 0; i < columns; i++)
        table_title(&table, i, rows_title(rows, i), rows_is_number(rows, i));
    for (size_t row = 0; row < rows_count(rows); row++) {
        table_row(&table);
        for (size_t i = 0; i < columns; i++)
            table_set(&table, i, cell(rows, row, i));
    }
    if (tall) {
        for (size_t row = 1; row <= table.rows; row++) {
            if (tall_printed++ > 0)
                buffer_char(&out, '\n');
            table_print_tall(&table, row, &out);
        }
    } else {
        table_print(&table, &out);
    }
    put(out.data, out.len);
    buffer_free(&out);
    table_free(&table);
}

void print_rows(const struct cli *cli, const struct rows *rows, int tall)
{
    if (cli->parsed.json)
        print_rows_json(rows);
    else
        print_rows_text(rows, tall);
}

static int query(struct cli *cli, const char *json, const char *text, const char *const *values,
                 size_t value_count, int tall, size_t *count)
{
    struct rows *rows = NULL;
    struct db_error error;
    int code = need_database(cli, 0);
    if (code != EXIT_DONE)
        return code;
    int r = cli->parsed.json ? db_run_json(&cli->db, json, values, value_count, &rows, &error)
                             : db_run(&cli->db, text, values, value_count, &rows, &error);
    if (r != 0)
        return fail_db(cli, &error, NULL);
    print_rows(cli, rows, tall);
    if (count != NULL)
        *count = rows_count(rows);
    rows_free(rows);
    return EXIT_DONE;
}

int print_query(struct cli *cli, const char *json, const char *text, const char *const *values,
                size_t value_count, size_t *count)
{
    return query(cli, json, text, values, value_count, 0, count);
}

int print_query_tall(struct cli *cli, const char *json, const char *text, const char *const *values,
                     size_t value_count, size_t *count)
{
    return query(cli, json, text, values, value_count, 1, count);
}

void flush_output(void)
{
    errno = 0;
    if (fflush(stdout) != 0 && write_errno == 0)
        write_errno = errno != 0 ? errno : EIO;
}

int output_finish(const struct cli *cli, int code)
{
    flush_output();
    if (write_errno == 0)
        return code;
    code = worse(code, EXIT_FAILED);
    if (write_errno == EPIPE) /* the reader has seen enough and knows it */
        return code;
    return fail(cli, code, "cannot write to standard output: %s", strerror(write_errno));
}
