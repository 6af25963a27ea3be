/* SPDX-License-Identifier: MIT */
/* Applies a set of migrations in one transaction; knows nothing of what is in them. */
#ifndef PGQI_DB_MIGRATE_H
#define PGQI_DB_MIGRATE_H

#include "db/call.h"
#include "pgqueue.h"

/* The library's own set, generated from migrations/queue. */
extern const pgqueue_migration_set pgqi_queue_migrations;

/* As pgqueue_migrate and pgqueue_schema_version; set is not NULL. */
int pgqi_migrate(struct session *session, const pgqueue_migration_set *set, pgqueue_plan_fn *plan,
                 void *user, int32_t *from, int32_t *to, pgqueue_error *error);
int pgqi_schema_version(struct session *session, const pgqueue_migration_set *set,
                        int32_t *installed, int32_t *wanted, pgqueue_error *error);

#endif
