/* SPDX-License-Identifier: MIT */
/* fanout.c: the command fanout. It does not know the query: the database runs it with the rights of
 * whoever calls. */
#include "commands.h"
#include "jsonout.h"
#include "output.h"

#include <string.h>

const struct option fanout_options[] = {
    {"query", 0, VALUE_TEXT, "SQL", "one job per row; its first column names the job", 0, 0, 0},
    {"spacing", 0, VALUE_DURATION, "TIME", "between the starts (0)", 0, 0, 0},
    {"run-key", 0, VALUE_TEXT, "KEY", "names this run: again with it adds what is missing", 0, 0,
     0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

int run_fanout(struct cli *cli)
{
    static const char sql[] = "select f.created, f.skipped, f.last_start_after"
                              " from /*schema*/fan_out($1, $2, $3, $4::interval, $5::jsonb) f";
    const struct parsed *parsed = &cli->parsed;
    const char *query = option_text(parsed, "query");
    const char *key = option_text(parsed, "run-key");
    const char *spacing = option_text(parsed, "spacing");
    if (query == NULL || key == NULL)
        return fail(cli, EXIT_USAGE, "fanout needs --%s", query == NULL ? "query" : "run-key");
    struct buffer statement = BUFFER_INIT, options = BUFFER_INIT;
    /* It becomes a part of a larger statement, where the semicolon that everybody types is wrong.
     */
    buffer_text(&statement, query);
    while (statement.len > 0 && strchr("; \t\r\n", statement.data[statement.len - 1]) != NULL)
        statement.data[--statement.len] = '\0';
    jsonout_begin(&options, '{');
    options_json(parsed, &options);
    jsonout_end(&options, '}');
    const char *values[] = {key, argument(cli, 0), statement.data, spacing != NULL ? spacing : "0",
                            options.data};
    struct rows *rows = NULL;
    struct db_error error;
    int code = need_database(cli, 0);
    if (code == EXIT_DONE)
        code = check_type(cli, "spacing", "interval");
    if (code == EXIT_DONE &&
        (parsed->json ? db_run_json : db_run)(&cli->db, sql, values, 5, &rows, &error) != 0)
        /* a syntax error or an unknown table can only be the query's */
        code = fail_db(cli, &error, strncmp(error.sqlstate, "42", 2) == 0 ? "--query" : NULL);
    else if (code == EXIT_DONE)
        print_rows(cli, rows, 0);
    rows_free(rows);
    buffer_free(&statement);
    buffer_free(&options);
    return code;
}
