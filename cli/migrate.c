/* SPDX-License-Identifier: MIT */
/* migrate.c: the command migrate. It does not know what is in the migrations. */
#include "commands.h"
#include "jsonout.h"
#include "migrations.h"
#include "output.h"

#include <pgqueue.h>

#include <string.h>

const struct option migrate_options[] = {
    {"plan", 0, VALUE_FLAG, NULL, "print the SQL that would run, and change nothing", 0, 0, 0},
    {"only", 0, VALUE_TEXT, "SET", "only this set: queue or sync", 0, 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

static void print_plan(void *user, const char *name, const char *text)
{
    const struct cli *cli = user;
    if (cli->parsed.json) {
        struct buffer json = BUFFER_INIT;
        jsonout_begin(&json, '{');
        jsonout_key(&json, "name");
        jsonout_text(&json, name);
        jsonout_key(&json, "sql");
        jsonout_text(&json, text);
        jsonout_end(&json, '}');
        print_json(&json);
        buffer_free(&json);
        return;
    }
    size_t len = strlen(text);
    print_text("-- ");
    print_text(name);
    print_text("\n");
    print_text(text);
    print_text(len > 0 && text[len - 1] == '\n' ? "" : "\n");
}

static void print_result(const struct cli *cli, const char *name, int32_t from, int32_t to)
{
    struct buffer json = BUFFER_INIT;
    if (!cli->parsed.json) {
        if (from == to)
            print_line("%s: at version %d, functions and views are up to date", name, (int)to);
        else
            print_line("%s: from version %d to %d", name, (int)from, (int)to);
        return;
    }
    jsonout_begin(&json, '{');
    jsonout_key(&json, "set");
    jsonout_text(&json, name);
    jsonout_key(&json, "from");
    jsonout_integer(&json, from);
    jsonout_key(&json, "to");
    jsonout_integer(&json, to);
    jsonout_end(&json, '}');
    print_json(&json);
    buffer_free(&json);
}

static int migrate_set(struct cli *cli, const pgqueue_migration_set *set, const char *name)
{
    pgqueue_error failure = {0};
    struct db_error error;
    int32_t from = 0, to = 0;
    int plan = option_given(&cli->parsed, "plan");
    if (pgqueue_migrate(cli->db.queue, set, plan ? print_plan : NULL, cli, &from, &to, &failure) !=
        PGQUEUE_OK) {
        db_error_of(&failure, &error);
        struct buffer what = BUFFER_INIT;
        buffer_format(&what, "migrate %s", name);
        int code = fail_db(cli, &error, what.data);
        buffer_free(&what);
        return code;
    }
    if (!plan)
        print_result(cli, name, from, to);
    return EXIT_DONE;
}

int run_migrate(struct cli *cli)
{
    const char *only = option_text(&cli->parsed, "only");
    if (only != NULL && strcmp(only, "queue") != 0 && strcmp(only, "sync") != 0)
        return fail(cli, EXIT_USAGE, "--only: \"%s\" is neither queue nor sync", only);
    int code = need_database(cli, 1);
    if (code == EXIT_DONE && (only == NULL || strcmp(only, "queue") == 0))
        code = migrate_set(cli, NULL, "queue");
    if (code == EXIT_DONE && (only == NULL || strcmp(only, "sync") == 0))
        code = migrate_set(cli, &pgqueue_sync_migrations, "sync");
    return code;
}
