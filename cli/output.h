/* SPDX-License-Identifier: MIT */
/* output.h: results on standard output: tables for a person, one JSON object per line for programs.
 * It does not know what they mean. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli.h"

/* A table under construction. Texts borrow until table_print. */
struct table {
    size_t columns;
    size_t rows;
    size_t room;
    const char **cells; /* row by row; row 0 holds the titles; NULL is shown as - */
    char *right;        /* per column: 1 aligns to the right */
};

void table_init(struct table *table, size_t columns);
void table_title(struct table *table, size_t column, const char *title, int right);
/* Starts a row of empty cells; table_set fills them. */
void table_row(struct table *table);
void table_set(struct table *table, size_t column, const char *text);
/* Adds the table to out, with widths by display columns. */
void table_print(const struct table *table, struct buffer *out);
/* Adds the one row as lines "title  value". */
void table_print_tall(const struct table *table, size_t row, struct buffer *out);
void table_free(struct table *table);

/* Runs a query and prints its rows: one JSON object per line with --json (query json), a table
 * otherwise (query text). count: how many rows, may be NULL. Returns the exit code. */
int print_query(struct cli *cli, const char *json, const char *text, const char *const *values,
                size_t value_count, size_t *count);
/* The same with each row as a block of lines. */
int print_query_tall(struct cli *cli, const char *json, const char *text, const char *const *values,
                     size_t value_count, size_t *count);

/* Prints rows, of db_run_json with --json and of db_run without; tall: each as a block of lines. */
void print_rows(const struct cli *cli, const struct rows *rows, int tall);

/* Prints a line: text, or a JSON object from what was built. */
void print_text(const char *text);
void print_json(struct buffer *json);
__attribute__((format(printf, 1, 2))) void print_line(const char *format, ...);

/* Sends out what was printed so far, for commands that go on for long. */
void flush_output(void);

/* Flushes standard output. The exit code: EXIT_FAILED if it could not be written, after a message
 * unless the reader went away. */
int output_finish(const struct cli *cli, int code);

#endif
