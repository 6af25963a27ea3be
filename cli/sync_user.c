/* SPDX-License-Identifier: MIT */
/* sync_user.c: the commands of the users whose accounts are synced. It does not know what a login
 * means: the database does. */
#include "commands.h"
#include "each.h"
#include "output.h"

const struct option user_options[] = {
    {"id", 0, VALUE_INTEGER, "N", "the user's id; else the next one", 1, INT64_MAX, 0},
    {"last-login", 0, VALUE_TEXT, "TIME", "the last login (now)", 0, 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

int run_sync_user_add(struct cli *cli)
{
    const struct parsed *parsed = &cli->parsed;
    const char *values[] = {argument(cli, 0), option_text(parsed, "id"),
                            option_text(parsed, "last-login")};
    struct rows *rows = NULL;
    struct db_error error;
    if (values[0][0] == '\0')
        return fail(cli, EXIT_USAGE, "a user needs a name");
    int code = need_database(cli, 0);
    if (code == EXIT_DONE)
        code = check_type(cli, "last-login", "timestamptz");
    if (code != EXIT_DONE)
        return code;
    if (db_run(&cli->db, "select sync.add_user($1, $2::bigint, $3::timestamptz)", values, 3, &rows,
               &error) != 0)
        return fail_db(cli, &error, NULL);
    print_id(cli, rows_text(rows, 0, 0));
    rows_free(rows);
    return EXIT_DONE;
}

int run_sync_user_ls(struct cli *cli)
{
    static const char sql[] =
        "select u.id, u.display_name, u.last_login_at,"
        " (select count(*) from sync.connection c where c.user_id = u.id and c.is_active)"
        " as connections from sync.app_user u order by u.id";
    return print_query(cli, sql, sql, NULL, 0, NULL);
}

static int touch_one(struct cli *cli, const char *id, const void *context)
{
    struct db_error error;
    (void)context;
    int found = call_boolean(cli, "select sync.touch_user($1::bigint)", id, &error);
    if (found < 0)
        return fail_db(cli, &error, NULL);
    if (!found)
        return fail(cli, EXIT_NOT_FOUND, "user %s does not exist", id);
    print_done(cli, "user", "id", id, "touched");
    return EXIT_DONE;
}

int run_sync_user_touch(struct cli *cli)
{
    return each_id(cli, touch_one, NULL);
}
