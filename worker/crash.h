/* SPDX-License-Identifier: MIT */
/*
 * crash.h: finds out which job took the worker process down: fatal signals and exit() mark the slot
 * of the thread that they happened on.
 */
#ifndef PGQUEUED_CRASH_H
#define PGQUEUED_CRASH_H

#include "shared.h"

/* Once per worker process, on the main thread, after the modules are loaded (what they registered
 * with atexit runs later then). page: borrows, to the end of the process. */
void crash_install(struct shared_page *page);

/* From here on, until crash_leave, what this thread does is done for the slot's job. slot may be
 * NULL. The first call of a thread gives it a stack for signals. */
void crash_enter(struct shared_slot *slot);
void crash_leave(void);

#endif
