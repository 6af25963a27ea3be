/* SPDX-License-Identifier: MIT */
/* sync_import.c: the commands that start imports, wait for them and list them. It does not know
 * what is imported. */
#include "commands.h"
#include "each.h"
#include "jsonout.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Between two looks at what is waited for. */
#define LOOK_NS     250000000L
/* After so many looks somebody should be at work. */
#define LOOKS_ALONE 12

const struct option wait_options[] = {
    {"wait", 0, VALUE_FLAG, NULL, "wait for the imports; exit 1 if one failed", 0, 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};
const struct option imports_options[] = {
    {"user", 0, VALUE_INTEGER, "ID", "only imports of this user", 1, INT64_MAX, 0},
    {"limit", 'n', VALUE_INTEGER, "N", "at most so many (50)", 1, 1000000, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

/* Before the next look. Whoever waits for a daemon that was never started is told so, once. */
static void pause_a_moment(struct cli *cli, int *looks)
{
    struct timespec moment = {0, LOOK_NS};
    struct rows *rows = NULL;
    struct db_error error;
    nanosleep(&moment, NULL);
    if (++*looks == LOOKS_ALONE &&
        db_run(&cli->db, "select from /*schema*/job_worker limit 1", NULL, 0, &rows, &error) == 0 &&
        rows_count(rows) == 0)
        fail(
            cli, EXIT_FAILED,
            "no worker is connected: the imports wait until a pgqueued with a section [sync] runs");
    rows_free(rows);
}

/* ---- waiting ---- */

static void print_ended(const struct cli *cli, const struct rows *rows, size_t row)
{
    const char *error = rows_text(rows, row, 4);
    struct buffer json = BUFFER_INIT;
    if (!cli->parsed.json) {
        print_line("import %s of user %s %s: %s records%s%s", rows_text(rows, row, 0),
                   rows_text(rows, row, 1), rows_text(rows, row, 2), rows_text(rows, row, 3),
                   error != NULL ? ", " : "", error != NULL ? error : "");
        return;
    }
    jsonout_begin(&json, '{');
    jsonout_key(&json, "import_id");
    jsonout_raw(&json, rows_text(rows, row, 0));
    jsonout_key(&json, "user_id");
    jsonout_raw(&json, rows_text(rows, row, 1));
    jsonout_key(&json, "status");
    jsonout_text(&json, rows_text(rows, row, 2));
    jsonout_key(&json, "records");
    jsonout_raw(&json, rows_text(rows, row, 3));
    jsonout_key(&json, "error");
    jsonout_text(&json, error);
    jsonout_end(&json, '}');
    print_json(&json);
    buffer_free(&json);
}

/* Prints each of the imports (an array literal) when it has ended; EXIT_FAILED if one failed. */
static int wait_for_imports(struct cli *cli, const char *imports)
{
    struct buffer printed = BUFFER_INIT;
    struct db_error error;
    int code = EXIT_DONE, open = 1, looks = 0;
    while (open) {
        struct rows *rows = NULL;
        const char *values[] = {imports, printed.len > 0 ? printed.data : "{"};
        struct buffer seen = BUFFER_INIT;
        buffer_format(&seen, "%s}", values[1]);
        values[1] = seen.data;
        int r = db_run(&cli->db,
                       "select i.import_id, i.user_id, i.status, i.records, i.error,"
                       " i.status in ('pending', 'running') as open from sync.import_list i"
                       " where i.import_id = any ($1::bigint[])"
                       " and i.import_id <> all ($2::bigint[]) order by i.import_id",
                       values, 2, &rows, &error);
        buffer_free(&seen);
        if (r != 0) {
            code = fail_db(cli, &error, NULL);
            break;
        }
        open = 0;
        for (size_t i = 0; i < rows_count(rows); i++) {
            if (rows_text(rows, i, 5)[0] == 't') {
                open = 1;
                continue;
            }
            if (strcmp(rows_text(rows, i, 2), "completed") != 0)
                code = EXIT_FAILED;
            buffer_format(&printed, "%s%s", printed.len > 0 ? "," : "{", rows_text(rows, i, 0));
            print_ended(cli, rows, i);
        }
        rows_free(rows);
        flush_output();
        if (open)
            pause_a_moment(cli, &looks);
    }
    buffer_free(&printed);
    return code;
}

/* ---- sync now ---- */

/* Users that have nothing to import are told of. */
static int check_answered(const struct cli *cli, const struct rows *rows)
{
    int code = EXIT_DONE;
    for (size_t a = 0; argument(cli, a) != NULL; a++) {
        int64_t user = strtoll(argument(cli, a), NULL, 10);
        int found = 0;
        for (size_t i = 0; i < rows_count(rows) && !found; i++)
            found = rows_integer(rows, i, 0) == user;
        if (!found)
            code = fail(cli, EXIT_NOT_FOUND,
                        "user %s has no active connection with a token; see pgqueue sync status",
                        argument(cli, a));
    }
    return code;
}

/* user_id, connection_id, import_id, job_id, fresh. */
static int print_started(const struct cli *cli, const struct rows *rows, size_t row)
{
    static const char *const keys[] = {"user_id", "connection_id", "import_id", "job_id"};
    int fresh = rows_text(rows, row, 4)[0] == 't';
    struct buffer json = BUFFER_INIT;
    if (!cli->parsed.json) {
        print_line("%s", rows_text(rows, row, 2));
    } else {
        jsonout_begin(&json, '{');
        for (size_t i = 0; i < 4; i++) {
            jsonout_key(&json, keys[i]);
            jsonout_raw(&json, rows_text(rows, row, i) != NULL ? rows_text(rows, row, i) : "null");
        }
        jsonout_key(&json, "fresh");
        jsonout_boolean(&json, fresh);
        jsonout_end(&json, '}');
        print_json(&json);
    }
    buffer_free(&json);
    if (fresh)
        return EXIT_DONE;
    return fail(cli, EXIT_REFUSED, "import %s of user %s is pending or running already",
                rows_text(rows, row, 2), rows_text(rows, row, 0));
}

int run_sync_now(struct cli *cli)
{
    struct buffer users = BUFFER_INIT, imports = BUFFER_INIT;
    struct rows *rows = NULL;
    struct db_error error;
    int code = EXIT_DONE;
    for (size_t i = 0; argument(cli, i) != NULL; i++) {
        code = worse(code, id_argument(cli, argument(cli, i)));
        array_add(&users, argument(cli, i), strlen(argument(cli, i)));
    }
    if (users.len > 0)
        array_end(&users);
    if (code == EXIT_DONE)
        code = need_database(cli, 0);
    const char *values[] = {users.data};
    if (code == EXIT_DONE && db_run(&cli->db, "select * from sync.import_now($1::bigint[])", values,
                                    1, &rows, &error) != 0)
        code = fail_db(cli, &error, NULL);
    if (rows != NULL) {
        code = check_answered(cli, rows);
        for (size_t i = 0; i < rows_count(rows); i++) {
            code = worse(code, print_started(cli, rows, i));
            array_add(&imports, rows_text(rows, i, 2), strlen(rows_text(rows, i, 2)));
        }
        array_end(&imports);
        flush_output();
        if (option_given(&cli->parsed, "wait"))
            code = worse(code, wait_for_imports(cli, imports.data));
    }
    rows_free(rows);
    buffer_free(&users);
    buffer_free(&imports);
    return code;
}

/* ---- sync run ---- */

/* Waits until the orchestrator's job has ended. One that is gone and has planned its run has
 * completed, in a queue that keeps no finished jobs. */
static int wait_for_job(struct cli *cli, const char *id)
{
    for (int looks = 0;;) {
        struct rows *rows = NULL;
        struct db_error error;
        if (db_run(&cli->db,
                   "select j.state in ('completed', 'failed', 'cancelled'), j.state::text,"
                   " coalesce(j.output ->> 'message', j.output #>> '{}') from /*schema*/job j"
                   " where j.id = $1::bigint"
                   " union all select true, 'completed', null from sync.run r"
                   " where r.job_id = $1::bigint"
                   " and not exists (select from /*schema*/job j where j.id = $1::bigint)",
                   &id, 1, &rows, &error) != 0)
            return fail_db(cli, &error, NULL);
        if (rows_count(rows) == 0) {
            rows_free(rows);
            return fail(cli, EXIT_NOT_FOUND, "job %s is gone: somebody deleted it", id);
        }
        int ended = rows_text(rows, 0, 0)[0] == 't';
        int code = EXIT_DONE;
        if (ended && strcmp(rows_text(rows, 0, 1), "completed") != 0)
            code = fail(cli, EXIT_FAILED, "the orchestrator's job %s %s%s%s", id,
                        rows_text(rows, 0, 1), rows_text(rows, 0, 2) != NULL ? ": " : "",
                        rows_text(rows, 0, 2) != NULL ? rows_text(rows, 0, 2) : "");
        rows_free(rows);
        if (ended)
            return code;
        pause_a_moment(cli, &looks);
    }
}

/* Waits until the imports that the orchestrator's job made have ended. */
static int wait_for_run(struct cli *cli, const char *id)
{
    struct rows *rows = NULL;
    struct db_error error;
    int code = wait_for_job(cli, id);
    if (code != EXIT_DONE)
        return code;
    if (db_run(&cli->db,
               "select coalesce(array_agg(i.id), '{}') from sync.run r"
               " join sync.import_job i on i.run_key = r.run_key where r.job_id = $1::bigint",
               &id, 1, &rows, &error) != 0)
        return fail_db(cli, &error, NULL);
    code = wait_for_imports(cli, rows_text(rows, 0, 0));
    rows_free(rows);
    return code;
}

int run_sync_run(struct cli *cli)
{
    struct rows *rows = NULL;
    struct db_error error;
    int code = need_database(cli, 0);
    if (code != EXIT_DONE)
        return code;
    if (db_run(&cli->db,
               "with q as materialized (select sync.ensure_queues())"
               " select /*schema*/send('daily-sync-orchestrator') from q",
               NULL, 0, &rows, &error) != 0)
        return fail_db(cli, &error, NULL);
    const char *id = rows_text(rows, 0, 0);
    print_id(cli, id);
    flush_output();
    if (option_given(&cli->parsed, "wait"))
        code = wait_for_run(cli, id);
    rows_free(rows);
    return code;
}

/* ---- lists ---- */

int run_sync_status(struct cli *cli)
{
    return print_query(cli, "select s.* from sync.connection_status s order by s.connection_id",
                       "select s.connection_id as id, s.user_id as user, s.display_name as name,"
                       " s.provider, nullif(s.account_id, '') as account, case when not s.is_active"
                       " then 'inactive' else s.sync_status end as status,"
                       " date_trunc('second', s.last_synced_at) as last_synced,"
                       " s.import_id as import, s.import_status, s.import_records as records,"
                       " s.sync_error as error from sync.connection_status s"
                       " order by s.connection_id",
                       NULL, 0, NULL);
}

#define IMPORTS_WHERE                                                                              \
    " from sync.import_list i where ($1::bigint is null or i.user_id = $1)"                        \
    " order by i.import_id desc limit $2::bigint"

int run_sync_imports(struct cli *cli)
{
    const char *limit = option_text(&cli->parsed, "limit");
    const char *values[] = {option_text(&cli->parsed, "user"), limit != NULL ? limit : "50"};
    return print_query(cli, "select i.*" IMPORTS_WHERE,
                       "select i.import_id as id, i.user_id as user, i.display_name as name,"
                       " i.provider, i.trigger, i.status, i.records, i.attempts as tries,"
                       " date_trunc('second', i.started_at) as started,"
                       " date_trunc('second', i.completed_at) as completed,"
                       " i.error" IMPORTS_WHERE,
                       values, 2, NULL);
}
