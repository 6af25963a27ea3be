/* SPDX-License-Identifier: MIT */
/* each.c: commands that take several names or ids: one line each, the highest exit code. It does
 * not know what is done with them. */
#include "each.h"

#include "jsonout.h"
#include "output.h"

#include <stdlib.h>

int each_argument(struct cli *cli, each_fn *act, const void *context)
{
    int code = need_database(cli, 0);
    if (code != EXIT_DONE)
        return code;
    for (size_t i = 0; argument(cli, i) != NULL && code != EXIT_NO_DATABASE; i++)
        code = worse(code, act(cli, argument(cli, i), context));
    return code;
}

/* All ids are looked at before anything is changed. */
int each_id(struct cli *cli, each_fn *act, const void *context)
{
    int code = EXIT_DONE;
    for (size_t i = 0; argument(cli, i) != NULL; i++)
        code = worse(code, id_argument(cli, argument(cli, i)));
    return code == EXIT_DONE ? each_argument(cli, act, context) : code;
}

int call_boolean(struct cli *cli, const char *sql, const char *id, struct db_error *error)
{
    struct rows *rows = NULL;
    if (db_run(&cli->db, sql, &id, 1, &rows, error) != 0)
        return -1;
    const char *answer = rows_count(rows) > 0 ? rows_text(rows, 0, 0) : NULL;
    int yes = answer != NULL && answer[0] == 't';
    rows_free(rows);
    return yes;
}

void print_done(const struct cli *cli, const char *kind, const char *key, const char *name,
                const char *done)
{
    struct buffer json = BUFFER_INIT;
    int64_t id;
    if (!cli->parsed.json) {
        print_line("%s%s%s %s", kind, kind[0] != '\0' ? " " : "", name, done);
        return;
    }
    jsonout_begin(&json, '{');
    jsonout_key(&json, key);
    if (key[0] == 'i' && value_integer(name, &id) == 0)
        jsonout_integer(&json, id);
    else
        jsonout_text(&json, name);
    jsonout_key(&json, "done");
    jsonout_text(&json, done);
    jsonout_end(&json, '}');
    print_json(&json);
    buffer_free(&json);
}

void print_id(const struct cli *cli, const char *id)
{
    print_text(cli->parsed.json ? "{\"id\":" : "");
    print_text(id);
    print_text(cli->parsed.json ? "}\n" : "\n");
}
