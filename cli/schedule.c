/* SPDX-License-Identifier: MIT */
/* schedule.c: the commands of schedules. It does not know cron: the database does. */
#include "commands.h"
#include "each.h"
#include "jsonout.h"
#include "output.h"

const struct option schedule_options[] = {
    {"tz", 0, VALUE_TEXT, "ZONE", "time zone, as Europe/Vienna (UTC)", 0, 0, 0},
    {"data", 0, VALUE_TEXT, "JSON", "payload of each job", 0, 0, 0},
    {"missed", 0, VALUE_TEXT, "POLICY", "times missed: skip, latest or all (latest)", 0, 0, 0},
    {"missed-limit", 0, VALUE_INTEGER, "N", "most of them with --missed all (100)", 1, 10000, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};
const struct option preview_options[] = {
    {"tz", 0, VALUE_TEXT, "ZONE", "time zone, as Europe/Vienna (UTC)", 0, 0, 0},
    {"count", 'n', VALUE_INTEGER, "N", "how many times (5)", 1, 1000, 0},
    {"from", 0, VALUE_TEXT, "TIME", "the times after this one (now)", 0, 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

/* {"key": key, name: value}; value is text, or JSON of its own. */
static void print_key(const char *key, const char *name, const char *value, int is_json)
{
    struct buffer json = BUFFER_INIT;
    jsonout_begin(&json, '{');
    jsonout_key(&json, "key");
    jsonout_text(&json, key);
    jsonout_key(&json, name);
    if (is_json)
        jsonout_raw(&json, value);
    else
        jsonout_text(&json, value);
    jsonout_end(&json, '}');
    print_json(&json);
    buffer_free(&json);
}

/* The jobs' options, and the schedule's own. */
static void add_options(const struct parsed *parsed, struct buffer *options)
{
    jsonout_begin(options, '{');
    options_json(parsed, options);
    if (option_given(parsed, "missed")) {
        jsonout_key(options, "missed");
        jsonout_text(options, option_text(parsed, "missed"));
    }
    if (option_given(parsed, "missed-limit")) {
        jsonout_key(options, "missed_limit");
        jsonout_integer(options, option_integer(parsed, "missed-limit", 0));
    }
    jsonout_end(options, '}');
}

int run_schedule_set(struct cli *cli)
{
    const struct parsed *parsed = &cli->parsed;
    const char *tz = option_text(parsed, "tz");
    const char *data = option_text(parsed, "data");
    struct buffer options = BUFFER_INIT, reason = BUFFER_INIT;
    struct rows *rows = NULL;
    struct db_error error;
    int code = need_database(cli, 0);
    if (code != EXIT_DONE)
        return code;
    add_options(parsed, &options);
    const char *values[] = {
        argument(cli, 0), argument(cli, 1), argument(cli, 2), tz != NULL ? tz : "UTC", data,
        options.data};
    if (db_run(&cli->db, "select /*schema*/schedule($1, $2, $3, $4, $5::jsonb, $6::jsonb)", values,
               6, &rows, &error) == 0) {
        const char *next = rows_text(rows, 0, 0);
        if (cli->parsed.json)
            print_key(values[0], "next_on", next, 0);
        else
            print_line("schedule %s set, next at %s", values[0], next != NULL ? next : "no time");
    } else if (error.from_server && data != NULL && db_json_problem(&cli->db, data, &reason) == 1) {
        code = fail(cli, EXIT_USAGE, "--data is %s", reason.data);
    } else {
        code = fail_db(cli, &error, NULL);
    }
    rows_free(rows);
    buffer_free(&options);
    buffer_free(&reason);
    return code;
}

int run_schedule_ls(struct cli *cli)
{
    return print_query(cli,
                       "select s.key, s.queue, s.cron, s.timezone as tz, s.data, s.options,"
                       " s.missed, s.missed_limit, s.next_on, s.last_on, s.last_error,"
                       " s.created_on, s.updated_on from /*schema*/schedule s"
                       " where s.removed_on is null order by s.key",
                       "select s.key, s.queue, s.cron, s.timezone as tz, s.missed, s.next_on,"
                       " s.last_on, s.last_error from /*schema*/schedule s"
                       " where s.removed_on is null order by s.key",
                       NULL, 0, NULL);
}

static int remove_one(struct cli *cli, const char *key, const void *context)
{
    struct db_error error;
    (void)context;
    int done = call_boolean(cli, "select /*schema*/unschedule($1)", key, &error);
    if (done < 0)
        return fail_db(cli, &error, NULL);
    if (!done)
        return fail(cli, EXIT_NOT_FOUND, "schedule \"%s\" does not exist", key);
    print_done(cli, "schedule", "key", key, "removed");
    return EXIT_DONE;
}

static int run_one(struct cli *cli, const char *key, const void *context)
{
    struct rows *rows = NULL;
    struct db_error error;
    int code = EXIT_DONE;
    (void)context;
    if (db_run(&cli->db,
               "select /*schema*/schedule_run_now(s.key), s.queue from /*schema*/schedule s"
               " where s.key = $1 and s.removed_on is null",
               &key, 1, &rows, &error) != 0)
        return fail_db(cli, &error, NULL);
    if (rows_count(rows) == 0)
        code = fail(cli, EXIT_NOT_FOUND, "schedule \"%s\" does not exist", key);
    else if (rows_text(rows, 0, 0) == NULL)
        code = fail(cli, EXIT_REFUSED,
                    "not sent: queue \"%s\" refused the job of schedule \"%s\" as a duplicate",
                    rows_text(rows, 0, 1), key);
    else if (cli->parsed.json)
        print_key(key, "id", rows_text(rows, 0, 0), 1);
    else
        print_line("%s", rows_text(rows, 0, 0));
    rows_free(rows);
    return code;
}

int run_schedule_rm(struct cli *cli)
{
    return each_argument(cli, remove_one, NULL);
}

int run_schedule_run_now(struct cli *cli)
{
    return each_argument(cli, run_one, NULL);
}

int run_schedule_preview(struct cli *cli)
{
    static const char sql[] =
        "select p as due, to_char(p at time zone $2, 'Dy YYYY-MM-DD HH24:MI:SS') as local"
        " from /*schema*/schedule_preview($1, $2, $3::timestamptz, $4::int) p";
    const char *tz = option_text(&cli->parsed, "tz");
    const char *count = option_text(&cli->parsed, "count");
    const char *values[] = {argument(cli, 0), tz != NULL ? tz : "UTC",
                            option_text(&cli->parsed, "from"), count != NULL ? count : "5"};
    int code = need_database(cli, 0);
    if (code == EXIT_DONE)
        code = check_type(cli, "from", "timestamptz");
    return code == EXIT_DONE ? print_query(cli, sql, sql, values, 4, NULL) : code;
}
