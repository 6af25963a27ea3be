/* SPDX-License-Identifier: MIT */
/* commands.h: the functions behind the commands and the tables of their options. It does not know
 * their order or names: commands.c does. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli.h"

/* Every command, ended by one without a name. */
extern const struct command commands[];

/* Those of the queue alone and of a job; several commands share them. */
extern const struct option queue_settings[];
extern const struct option send_settings[];
extern const struct option fanout_settings[];

extern const struct option migrate_options[];
int run_migrate(struct cli *cli);
int run_version(struct cli *cli);

extern const struct option pause_options[];
int run_queue_create(struct cli *cli);
int run_queue_update(struct cli *cli);
int run_queue_ls(struct cli *cli);
int run_queue_show(struct cli *cli);
int run_queue_pause(struct cli *cli);
int run_queue_resume(struct cli *cli);
int run_queue_rm(struct cli *cli);

extern const struct option send_options[];
int run_send(struct cli *cli);
/* send --file; the database is open. */
int send_file(struct cli *cli, const char *queue, const char *path);

extern const struct option ls_options[];
int run_ls(struct cli *cli);
int run_show(struct cli *cli);
int run_cancel(struct cli *cli);
int run_retry(struct cli *cli);
int run_run_now(struct cli *cli);
int run_rm(struct cli *cli);

extern const struct option schedule_options[];
extern const struct option preview_options[];
int run_schedule_set(struct cli *cli);
int run_schedule_ls(struct cli *cli);
int run_schedule_rm(struct cli *cli);
int run_schedule_preview(struct cli *cli);
int run_schedule_run_now(struct cli *cli);

extern const struct option fanout_options[];
int run_fanout(struct cli *cli);

int run_stats(struct cli *cli);

extern const struct option work_options[];
int run_work(struct cli *cli);

extern const struct option user_options[];
int run_sync_user_add(struct cli *cli);
int run_sync_user_ls(struct cli *cli);
int run_sync_user_touch(struct cli *cli);
extern const struct option connect_options[];
int run_sync_connect(struct cli *cli);
int run_sync_disconnect(struct cli *cli);
extern const struct option wait_options[];
int run_sync_now(struct cli *cli);
int run_sync_run(struct cli *cli);
int run_sync_status(struct cli *cli);
extern const struct option imports_options[];
int run_sync_imports(struct cli *cli);

#endif
