/* SPDX-License-Identifier: MIT */
/* version.c: the command version. It does not know what versions mean to each other. */
#include "commands.h"
#include "jsonout.h"
#include "migrations.h"
#include "output.h"

#include <pgqueue.h>

/* One set's version in the database. Returns 0, or -1 if it cannot be asked. */
static int ask(struct cli *cli, const pgqueue_migration_set *set, int32_t *installed,
               int32_t *wanted, struct db_error *error)
{
    pgqueue_error failure = {0};
    if (pgqueue_schema_version(cli->db.queue, set, installed, wanted, &failure) == PGQUEUE_OK)
        return 0;
    return db_error_of(&failure, error);
}

static void add_schema(struct buffer *json, const char *key, int32_t installed, int32_t wanted)
{
    jsonout_key(json, key);
    jsonout_begin(json, '{');
    jsonout_key(json, "installed");
    jsonout_integer(json, installed);
    jsonout_key(json, "wanted");
    jsonout_integer(json, wanted);
    jsonout_end(json, '}');
}

static void print_schema(const char *name, int32_t installed, int32_t wanted)
{
    const char *advice = installed < wanted   ? ": run pgqueue migrate"
                         : installed > wanted ? ": newer than this program, update it"
                                              : "";
    print_line("schema of %s %d, wanted %d%s", name, (int)installed, (int)wanted, advice);
}

int run_version(struct cli *cli)
{
    struct db_error error;
    int32_t queue[2] = {0, 0}, sync[2] = {0, 0};
    if (db_choose(&cli->db, cli->parsed.conninfo, cli->parsed.schema, &error) != 0)
        return fail_db(cli, &error, NULL);
    int has_database = db_open(&cli->db, 1, &error) == 0;
    if (!has_database && error.exit == EXIT_USAGE)
        return fail_db(cli, &error, NULL);
    has_database = has_database && ask(cli, NULL, &queue[0], &queue[1], &error) == 0 &&
                   ask(cli, &pgqueue_sync_migrations, &sync[0], &sync[1], &error) == 0;
    if (cli->parsed.json) {
        struct buffer json = BUFFER_INIT;
        jsonout_begin(&json, '{');
        jsonout_key(&json, "pgqueue");
        jsonout_text(&json, PGQUEUE_VERSION);
        jsonout_key(&json, "libpgqueue");
        jsonout_text(&json, pgqueue_version());
        if (has_database) {
            add_schema(&json, "queue", queue[0], queue[1]);
            add_schema(&json, "sync", sync[0], sync[1]);
        }
        jsonout_end(&json, '}');
        print_json(&json);
        buffer_free(&json);
        return EXIT_DONE;
    }
    print_line("pgqueue %s", PGQUEUE_VERSION);
    print_line("libpgqueue %s", pgqueue_version());
    if (has_database) {
        print_schema("queue", queue[0], queue[1]);
        print_schema("sync", sync[0], sync[1]);
    } else {
        print_line("no database: %s", error.message);
    }
    return EXIT_DONE;
}
