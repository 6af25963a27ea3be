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

/* The schema sync is there once in a database: its functions name the queue that they work on.
 * Refuses if that is another one than this. */
static int check_sync_owner(struct cli *cli)
{
    struct rows *rows = NULL;
    struct db_error error;
    if (db_run(&cli->db,
               "select n.nspname from pg_catalog.pg_namespace n, pg_catalog.pg_proc p"
               " where p.pronamespace = pg_catalog.to_regnamespace('sync')"
               " and p.proname = 'ensure_queues'"
               " and pg_catalog.strpos(p.prosrc, '\"' || $1::text || '\".') = 0"
               " and pg_catalog.strpos(p.prosrc, '\"' || n.nspname || '\".') > 0",
               &cli->db.schema, 1, &rows, &error) != 0)
        return fail_db(cli, &error, "migrate sync");
    int code = EXIT_DONE;
    if (rows_count(rows) > 0)
        code = fail(cli, EXIT_FAILED,
                    "migrate sync: the schema \"sync\" of this database belongs to the queue in "
                    "schema \"%s\"; for this one, --only queue is right",
                    rows_text(rows, 0, 0));
    rows_free(rows);
    return code;
}

int run_migrate(struct cli *cli)
{
    const char *only = option_text(&cli->parsed, "only");
    if (only != NULL && strcmp(only, "queue") != 0 && strcmp(only, "sync") != 0)
        return fail(cli, EXIT_USAGE, "--only: \"%s\" is neither queue nor sync", only);
    int code = need_database(cli, 1);
    if (code == EXIT_DONE && (only == NULL || strcmp(only, "queue") == 0))
        code = migrate_set(cli, NULL, "queue");
    if (code != EXIT_DONE || (only != NULL && strcmp(only, "sync") != 0))
        return code;
    code = check_sync_owner(cli);
    return code == EXIT_DONE ? migrate_set(cli, &pgqueue_sync_migrations, "sync") : code;
}
