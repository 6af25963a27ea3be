/* SPDX-License-Identifier: MIT */
/* queue.c: the commands of queues. It does not know how the database keeps them. */
#include "commands.h"
#include "each.h"
#include "jsonout.h"
#include "output.h"

const struct option pause_options[] = {
    {"reason", 0, VALUE_TEXT, "TEXT", "why, for whoever looks at the queue", 0, 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

/* One statement about one queue. */
static int change(struct cli *cli, const char *sql, const char *const *values, size_t count,
                  const char *done)
{
    struct db_error error;
    if (db_run(&cli->db, sql, values, count, NULL, &error) != 0)
        return fail_db(cli, &error, NULL);
    print_done(cli, "queue", "queue", values[0], done);
    return EXIT_DONE;
}

static int change_options(struct cli *cli, const char *sql, const char *done)
{
    int code = need_database(cli, 0);
    if (code != EXIT_DONE)
        return code;
    struct buffer options = BUFFER_INIT;
    jsonout_begin(&options, '{');
    options_json(&cli->parsed, &options);
    jsonout_end(&options, '}');
    const char *values[] = {argument(cli, 0), options.data};
    code = change(cli, sql, values, 2, done);
    buffer_free(&options);
    return code;
}

int run_queue_create(struct cli *cli)
{
    return change_options(cli, "select /*schema*/create_queue($1, $2::jsonb)", "created");
}

int run_queue_update(struct cli *cli)
{
    if (cli->parsed.given_count == 0)
        return fail(cli, EXIT_USAGE,
                    "nothing to change: give an option; see pgqueue queue update "
                    "--help");
    return change_options(cli, "select /*schema*/update_queue($1, $2::jsonb)", "updated");
}

static int pause_one(struct cli *cli, const char *name, const void *context)
{
    const char *values[] = {name, option_text(&cli->parsed, "reason")};
    (void)context;
    return change(cli, "select /*schema*/pause_queue($1, $2)", values, 2, "paused");
}

int run_queue_pause(struct cli *cli)
{
    return each_argument(cli, pause_one, NULL);
}

static int resume_one(struct cli *cli, const char *name, const void *context)
{
    (void)context;
    return change(cli, "select /*schema*/resume_queue($1)", &name, 1, "resumed");
}

int run_queue_resume(struct cli *cli)
{
    return each_argument(cli, resume_one, NULL);
}

static int rm_one(struct cli *cli, const char *name, const void *context)
{
    (void)context;
    return change(cli, "select /*schema*/delete_queue($1)", &name, 1, "deleted");
}

int run_queue_rm(struct cli *cli)
{
    return each_argument(cli, rm_one, NULL);
}

#define QUEUE_COLUMNS                                                                              \
    "select q.name, q.policy, q.retry_limit,"                                                      \
    " make_interval(secs => q.retry_ms / 1000.0) as retry_delay, q.backoff as retry_backoff,"      \
    " make_interval(secs => q.retry_max_ms / 1000.0) as retry_delay_max,"                          \
    " make_interval(secs => q.expire_ms / 1000.0) as expire_in,"                                   \
    " make_interval(secs => q.keep_queued_s) as keep_queued, q.keep_finished, q.dead_letter,"      \
    " q.paused_on, q.paused_reason, q.created_on, q.updated_on"                                    \
    " from /*schema*/queue q"

int run_queue_ls(struct cli *cli)
{
    return print_query(cli, QUEUE_COLUMNS " order by q.name",
                       "select q.name, q.policy, q.retry_limit,"
                       " make_interval(secs => q.retry_ms / 1000.0) as retry_delay,"
                       " make_interval(secs => q.expire_ms / 1000.0) as expire_in,"
                       " q.keep_finished, q.dead_letter,"
                       " case when q.paused_on is not null then"
                       " coalesce(nullif(q.paused_reason, ''), 'yes') end as paused"
                       " from /*schema*/queue q order by q.name",
                       NULL, 0, NULL);
}

static int show_one(struct cli *cli, const char *name, const void *context)
{
    static const char sql[] = QUEUE_COLUMNS " where q.name = $1";
    size_t found = 0;
    (void)context;
    int code = print_query_tall(cli, sql, sql, &name, 1, &found);
    if (code == EXIT_DONE && found == 0)
        code = fail(cli, EXIT_NOT_FOUND, "queue \"%s\" does not exist", name);
    return code;
}

int run_queue_show(struct cli *cli)
{
    return each_argument(cli, show_one, NULL);
}
