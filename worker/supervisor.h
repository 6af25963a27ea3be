/* SPDX-License-Identifier: MIT */
/*
 * supervisor.h: the process that is always there: it forks the workers, serves HTTP from what they
 * report, and heeds the signals. No threads, no database.
 */
#ifndef PGQUEUED_SUPERVISOR_H
#define PGQUEUED_SUPERVISOR_H

#include "config.h"

/* config: takes. Returns the exit status of the daemon. */
int supervisor_run(struct config *config);

#endif
