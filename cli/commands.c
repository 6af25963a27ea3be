/* SPDX-License-Identifier: MIT */
/* commands.c: the table of the commands. It does not know how they work. */
#include "commands.h"

const struct command commands[] = {
    {"migrate", "", 0, 0, migrate_options, NULL, "bring the database to this version", run_migrate},
    {"version", "", 0, 0, NULL, NULL, "print the versions of program, library and database",
     run_version},

    {"queue create", "NAME", 1, 1, NULL, queue_settings, "create a queue", run_queue_create},
    {"queue update", "NAME", 1, 1, NULL, queue_settings,
     "change options of a queue, for jobs sent from now on", run_queue_update},
    {"queue ls", "", 0, 0, NULL, NULL, "list the queues", run_queue_ls},
    {"queue show", "NAME...", 1, -1, NULL, NULL, "show all about a queue", run_queue_show},
    {"queue pause", "NAME...", 1, -1, pause_options, NULL, "stop claims from a queue; sends go on",
     run_queue_pause},
    {"queue resume", "NAME...", 1, -1, NULL, NULL, "end a pause", run_queue_resume},
    {"queue rm", "NAME...", 1, -1, NULL, NULL, "delete a queue with all its jobs", run_queue_rm},

    {"send", "QUEUE [JSON|-]", 1, 2, send_options, send_settings,
     "send a job, or those of a file; print the ids", run_send},

    {"ls", "", 0, 0, ls_options, NULL, "list jobs, newest first", run_ls},
    {"show", "ID...", 1, -1, NULL, NULL, "show all about a job", run_show},
    {"cancel", "ID...", 1, -1, NULL, NULL, "cancel a job that is queued or running", run_cancel},
    {"retry", "ID...", 1, -1, NULL, NULL,
     "queue a failed or cancelled job again; a waiting retry starts now", run_retry},
    {"run-now", "ID...", 1, -1, NULL, NULL, "make a queued job due now", run_run_now},
    {"rm", "ID...", 1, -1, NULL, NULL, "delete a job that is not running", run_rm},

    {"schedule set", "KEY QUEUE CRON", 3, 3, schedule_options, send_settings,
     "create or replace a schedule", run_schedule_set},
    {"schedule ls", "", 0, 0, NULL, NULL, "list the schedules", run_schedule_ls},
    {"schedule rm", "KEY...", 1, -1, NULL, NULL, "remove a schedule for good", run_schedule_rm},
    {"schedule preview", "CRON", 1, 1, preview_options, NULL,
     "print the next times of an expression", run_schedule_preview},
    {"schedule run-now", "KEY...", 1, -1, NULL, NULL, "send a schedule's job now, out of turn",
     run_schedule_run_now},

    {"fanout", "QUEUE", 1, 1, fanout_options, fanout_settings,
     "send one job per row of a query, spaced in time", run_fanout},
    {"stats", "[QUEUE...]", 0, -1, NULL, NULL, "count jobs by queue and state", run_stats},
    {"work", "QUEUE", 1, 1, work_options, NULL, "run a command for each job of a queue", run_work},

    {"sync user add", "NAME", 1, 1, user_options, NULL, "add a user; print the id",
     run_sync_user_add},
    {"sync user ls", "", 0, 0, NULL, NULL, "list the users", run_sync_user_ls},
    {"sync user touch", "ID...", 1, -1, NULL, NULL, "record a login", run_sync_user_touch},
    {"sync connect", "USER PROVIDER", 2, 2, connect_options, NULL,
     "connect a user to a provider; tokens as JSON on standard input", run_sync_connect},
    {"sync disconnect", "ID...", 1, -1, NULL, NULL, "end a connection and forget its tokens",
     run_sync_disconnect},
    {"sync now", "[USER...]", 0, -1, wait_options, NULL,
     "import these users now, or all active ones", run_sync_now},
    {"sync run", "", 0, 0, wait_options, NULL, "run the daily orchestrator now", run_sync_run},
    {"sync status", "", 0, 0, NULL, NULL, "show the connections and their last imports",
     run_sync_status},
    {"sync imports", "", 0, 0, imports_options, NULL, "list the imports, newest first",
     run_sync_imports},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
