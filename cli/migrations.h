/* SPDX-License-Identifier: MIT */
/* migrations.h: the migrations of the sync schema, which the build puts into the program. It does
 * not know what is in them. */
#ifndef CLI_MIGRATIONS_H
#define CLI_MIGRATIONS_H

#include <pgqueue.h>

extern const pgqueue_migration_set pgqueue_sync_migrations;

#endif
