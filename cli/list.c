/* SPDX-License-Identifier: MIT */
/* list.c: the commands ls, show and stats, which look at jobs. It does not know how the database
 * keeps them: it asks the promised views. */
#include "commands.h"
#include "each.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

const struct option ls_options[] = {
    {"queue", 0, VALUE_TEXT, "QUEUE", "only jobs of this queue", 0, 0, 0},
    {"state", 0, VALUE_TEXT, "STATE", "only this state; also queued or finished", 0, 0, 0},
    {"limit", 'n', VALUE_INTEGER, "N", "at most so many (50)", 1, 1000000, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

/* The states that a word stands for, as an array literal; NULL if it is none. */
static const char *states_of(const char *word)
{
    static const char *const states[][2] = {
        {"created", "{created}"},
        {"retry", "{retry}"},
        {"active", "{active}"},
        {"blocked", "{blocked}"},
        {"completed", "{completed}"},
        {"failed", "{failed}"},
        {"cancelled", "{cancelled}"},
        {"queued", "{created,retry}"},
        {"finished", "{completed,failed,cancelled}"},
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i][0], word) == 0)
            return states[i][1];
    }
    return NULL;
}

#define LS_WHERE                                                                                   \
    " from /*schema*/job j where ($1::text is null or j.queue = $1)"                               \
    " and ($2::text is null or j.state = any ($2::/*schema*/job_state[]))"                         \
    " order by j.id desc limit $3::bigint"

/* Each queue named must be there: a typo must not look like an empty queue. */
static int queues_exist(struct cli *cli, const char *names)
{
    struct rows *rows = NULL;
    struct db_error error;
    int code = need_database(cli, 0);
    if (code != EXIT_DONE)
        return code;
    if (db_run(&cli->db,
               "select n from unnest($1::text[]) n"
               " where not exists (select from /*schema*/queue q where q.name = n)",
               &names, 1, &rows, &error) != 0)
        return fail_db(cli, &error, NULL);
    for (size_t i = 0; i < rows_count(rows); i++)
        code = fail(cli, EXIT_NOT_FOUND, "queue \"%s\" does not exist", rows_text(rows, i, 0));
    rows_free(rows);
    return code;
}

int run_ls(struct cli *cli)
{
    const struct parsed *parsed = &cli->parsed;
    const char *state = option_text(parsed, "state");
    const char *states = state != NULL ? states_of(state) : NULL;
    const char *limit = option_text(parsed, "limit");
    if (state != NULL && states == NULL)
        return fail(cli, EXIT_USAGE,
                    "--state: \"%s\" is none of created, retry, active, blocked, completed, "
                    "failed, cancelled, queued, finished",
                    state);
    const char *queue = option_text(parsed, "queue");
    struct buffer names = BUFFER_INIT;
    int code = EXIT_DONE;
    if (queue != NULL) {
        array_add(&names, queue, strlen(queue));
        array_end(&names);
        code = queues_exist(cli, names.data);
        buffer_free(&names);
    }
    if (code != EXIT_DONE)
        return code;
    const char *values[] = {queue, states, limit != NULL ? limit : "50"};
    return print_query(cli, "select j.*" LS_WHERE,
                       "select j.id, j.queue, j.state, j.priority as prio, j.attempt as try,"
                       " date_trunc('second', j.start_after) as start_after,"
                       " date_trunc('second', j.started_on) as started_on,"
                       " date_trunc('second', j.completed_on) as completed_on,"
                       " case when length(left(j.data::text, 41)) > 40"
                       " then left(j.data::text, 39) || '…' else j.data::text end as data" LS_WHERE,
                       values, 3, NULL);
}

static int show_one(struct cli *cli, const char *id, const void *context)
{
    size_t found = 0;
    (void)context;
    int code = print_query_tall(
        cli, "select j.* from /*schema*/job j where j.id = $1::bigint",
        "select j.id, j.queue, j.state, j.priority, j.attempt, j.retry_limit, j.retry_delay,"
        " j.retry_backoff, j.created_on, j.start_after, j.started_on, j.completed_on, j.expire_in,"
        " j.worker, j.singleton_key, j.group_id, j.dead_letter, j.origin, j.data, j.output,"
        " j.attempts from /*schema*/job j where j.id = $1::bigint",
        &id, 1, &found);
    if (code == EXIT_DONE && found == 0)
        code = fail(cli, EXIT_NOT_FOUND, "job %s does not exist", id);
    return code;
}

int run_show(struct cli *cli)
{
    return each_id(cli, show_one, NULL);
}

#define STATS_WHERE                                                                                \
    " from /*schema*/queue_stats s where $1::text is null or s.queue = any ($1::text[])"           \
    " order by s.queue"

int run_stats(struct cli *cli)
{
    struct buffer names = BUFFER_INIT;
    int code = EXIT_DONE;
    for (size_t i = 0; argument(cli, i) != NULL; i++)
        array_add(&names, argument(cli, i), strlen(argument(cli, i)));
    if (names.len > 0) {
        array_end(&names);
        code = queues_exist(cli, names.data);
    }
    const char *values[] = {names.data};
    if (code == EXIT_DONE || code == EXIT_NOT_FOUND) /* those that are there are shown */
        code = worse(
            code,
            print_query(cli, "select s.*" STATS_WHERE,
                        "select s.queue, s.created, s.retry, s.active, s.blocked, s.completed,"
                        " s.failed, s.cancelled,"
                        " date_trunc('second', s.oldest_ready_age) as oldest_ready,"
                        " case when s.paused_on is not null then"
                        " coalesce(nullif(s.paused_reason, ''), 'yes') end as paused" STATS_WHERE,
                        values, 1, NULL));
    buffer_free(&names);
    return code;
}
