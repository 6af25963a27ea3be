/* SPDX-License-Identifier: MIT */
/* jobs.c: the commands that change jobs by id. It does not know the states' rules: the database
 * does. */
#include "commands.h"
#include "each.h"

/* A change of one job: its function, its name while it fails and when it is done. */
struct change {
    const char *sql;
    const char *verb;
    const char *done;
};

/* The database said no: because there is no such job, or because of its state. */
static int explain(struct cli *cli, const char *id, const struct change *change)
{
    struct rows *rows = NULL;
    struct db_error error;
    if (db_run(&cli->db, "select state::text from /*schema*/job where id = $1::bigint", &id, 1,
               &rows, &error) != 0)
        return fail_db(cli, &error, NULL);
    int code;
    if (rows_count(rows) == 0)
        code = fail(cli, EXIT_NOT_FOUND, "job %s does not exist", id);
    else
        code = fail(cli, EXIT_REFUSED, "job %s cannot be %s: it is %s", id, change->verb,
                    rows_text(rows, 0, 0));
    rows_free(rows);
    return code;
}

static int change_one(struct cli *cli, const char *id, const void *context)
{
    const struct change *change = context;
    struct db_error error;
    int done = call_boolean(cli, change->sql, id, &error);
    if (done < 0)
        return fail_db(cli, &error, NULL);
    if (!done)
        return explain(cli, id, change);
    print_done(cli, "", "id", id, change->done);
    return EXIT_DONE;
}

int run_cancel(struct cli *cli)
{
    static const struct change cancel = {"select /*schema*/cancel($1::bigint)", "cancelled",
                                         "cancelled"};
    return each_id(cli, change_one, &cancel);
}

int run_retry(struct cli *cli)
{
    static const struct change retry = {"select /*schema*/retry($1::bigint)", "retried", "queued"};
    return each_id(cli, change_one, &retry);
}

int run_run_now(struct cli *cli)
{
    static const struct change now = {"select /*schema*/run_now($1::bigint)", "run now", "due"};
    return each_id(cli, change_one, &now);
}

int run_rm(struct cli *cli)
{
    static const struct change rm = {"select /*schema*/delete_job($1::bigint)", "deleted",
                                     "deleted"};
    return each_id(cli, change_one, &rm);
}
