/* SPDX-License-Identifier: MIT */
/* plan.c: handles a job of the orchestrator: one call of sync.plan_daily, which does all the
 * planning. */
#include "json.h"
#include "module.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_KEY_MAX = 256 };

/* A run is named by its schedule and due time, so that a retry, a second daemon or the same time
 * fired twice plan it only once; one that was sent by hand, by its job. */
static void make_run_key(const pgqueue_job *job, char key[RUN_KEY_MAX])
{
    snprintf(key, RUN_KEY_MAX, "job:%" PRId64, pgqueue_job_id(job));
    const char *origin = pgqueue_job_origin(job);
    struct json *json = origin != NULL ? json_parse(origin, strlen(origin), NULL, 0) : NULL;
    if (json == NULL)
        return;
    const char *schedule = json_string(json_at(json_root(json), "schedule"));
    const char *due = json_string(json_at(json_root(json), "due"));
    if (schedule != NULL && due != NULL)
        snprintf(key, RUN_KEY_MAX, "%s@%s", schedule, due);
    json_free(json);
}

static void report(const struct module *module, pgqueue_job *job, const char *run_key,
                   const struct db_row *row)
{
    const char *output = db_text(row, "output");
    const char *lanes = db_text(row, "lanes");
    const char *last = db_text(row, "last_start_after");
    pgqueue_job_set_output(job, output, strlen(output));
    module_log(module, PGQUEUE_INFO, job, "run %s: %s imports planned, %s skipped, last start %s",
               run_key, db_text(row, "created"), db_text(row, "skipped"),
               last != NULL ? last : "none");
    if (strcmp(lanes, "1") != 0)
        module_log(
            module, PGQUEUE_WARNING, job,
            "run %s: the imports do not fit into the window one after another: %s start at the "
            "same time",
            run_key, lanes);
}

int plan_daily_sync(pgqueue_job *job, void *user)
{
    static const char statement[] =
        "select p.*, json_build_object('run_key', $1::text, 'created', p.created, 'skipped', "
        "p.skipped,"
        " 'lanes', p.lanes, 'last_start_after', p.last_start_after) as output"
        " from sync.plan_daily($1, $2, $3::float8 * interval '1 second', $4::float8 * interval '1 "
        "second',"
        " $5) p";
    struct module *module = user;
    char run_key[RUN_KEY_MAX], spacing[32], window[32], id[32];
    make_run_key(job, run_key);
    snprintf(spacing, sizeof spacing, "%.6f", module->settings.spacing_s);
    snprintf(window, sizeof window, "%.6f", module->settings.window_s);
    snprintf(id, sizeof id, "%" PRId64, pgqueue_job_id(job));
    const char *const values[] = {run_key, module->settings.active_users_query, spacing, window,
                                  id};
    struct db_row *row = NULL;
    struct db_error error = {"", ""};
    int rc = db_call(module->db, statement, 5, values, module_job_stopped, job, &row, &error);
    if (rc == DB_OK && row != NULL) {
        report(module, job, run_key, row);
        db_row_free(row);
        return PGQUEUE_DONE;
    }
    char text[512];
    snprintf(text, sizeof text, "the run cannot be planned: %s",
             error.message[0] != '\0' ? error.message : "stopped");
    pgqueue_job_set_message(job, text);
    module_log(module, PGQUEUE_WARNING, job, "%s", text);
    return PGQUEUE_RETRY;
}
