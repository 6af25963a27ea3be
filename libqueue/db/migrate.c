/* SPDX-License-Identifier: MIT */
/* Applies a set of migrations in one transaction; knows nothing of what is in them. */
#include "db/migrate.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Taken first, in the transaction (a session lock would not work through a pooler), and waited for
 * however long the other needs. After it no statement waits long behind a reader, because everybody
 * else would wait behind it. */
#define PREAMBLE                                                                                   \
    "set local lock_timeout = 0;\n"                                                                \
    "select pg_catalog.pg_advisory_xact_lock(8242951702113);\n"                                    \
    "set local lock_timeout = '5s';\n"                                                             \
    "set local client_min_messages = warning;\n"                                                   \
    "set local check_function_bodies = off;\n"

#define TABLE                                                                                      \
    "create table if not exists /*schema*/migration (\n"                                           \
    "  set_name text not null, version int not null, name text not null, digest text,\n"           \
    "  applied_on timestamptz not null default pg_catalog.now(), primary key (set_name, "          \
    "version));\n"

struct run {
    struct session *session;
    const pgqueue_migration_set *set;
    pgqueue_plan_fn *plan;
    void *user;
    int32_t installed;
    char digest[20];
    int replace; /* functions and views differ from those installed */
    pgqueue_error *error;
};

/* FNV-1a over what is re-applied at each migrate, to leave it alone when nothing changed. */
static void digest_set(const pgqueue_migration_set *set, char out[20])
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].version <= 0)
            for (const char *p = set->items[i].sql; *p; p++)
                h = (h ^ (unsigned char)*p) * 1099511628211u;
    snprintf(out, 20, "%016llx", (unsigned long long)h);
}

static int32_t wanted_version(const pgqueue_migration_set *set)
{
    int32_t most = 0;
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].version > most)
            most = set->items[i].version;
    return most;
}

/* Runs a text with its markers replaced, or hands it to the plan. */
static int apply(struct run *run, const char *name, const char *sql)
{
    char *text = pgqi_stmt_expand(sql, run->session->schema);
    int rc = PGQUEUE_OK;
    if (text == NULL)
        return pgqi_no_memory(run->error);
    if (run->plan != NULL)
        run->plan(run->user, name, text);
    else
        rc = pgqi_exec(run->session, text, run->error);
    if (rc != PGQUEUE_OK && run->error != NULL) {
        char message[sizeof run->error->message];
        snprintf(message, sizeof message, "%s: %.400s", name, run->error->message);
        memcpy(run->error->message, message, sizeof message);
    }
    free(text);
    return rc;
}

/* Remembers a step (version > 0), or the digest of functions and views (version 0). */
static int record(struct run *run, int32_t version, const char *name)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "insert into /*schema*/migration (set_name, version, name, digest) values ('%s', %d, "
             "'%s', '%s')"
             " on conflict (set_name, version) do update set digest = excluded.digest,"
             " applied_on = excluded.applied_on;\n",
             run->set->name, (int)version, name, version == 0 ? run->digest : "");
    return apply(run, "version", sql);
}

/* Reads the version and the digest that are installed; a schema that is not there has version 0. */
static int read_installed(struct run *run)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "select max(version), max(digest) filter (where version = 0) from /*schema*/migration"
             " where set_name = '%s'",
             run->set->name);
    char *text = pgqi_stmt_expand(sql, run->session->schema);
    if (text == NULL)
        return pgqi_no_memory(run->error);
    PGresult *r = NULL;
    int rc = pgqi_query(run->session, text, &r, run->error);
    free(text);
    if (rc != PGQUEUE_OK)
        return rc;
    if (PQresultStatus(r) == PGRES_TUPLES_OK) {
        run->installed = (int32_t)strtol(PQgetvalue(r, 0, 0), NULL, 10);
        run->replace = strcmp(PQgetvalue(r, 0, 1), run->digest) != 0;
    } else {
        rc = pgqi_query_error(run->session, r, 0, run->error);
        r = NULL;
        if (rc == PGQUEUE_ESCHEMA) {
            run->installed = 0;
            run->replace = 1;
            rc = PGQUEUE_OK;
        }
    }
    PQclear(r);
    return rc;
}

static int refuse_newer(struct run *run)
{
    int32_t wanted = wanted_version(run->set);
    if (run->installed <= wanted)
        return PGQUEUE_OK;
    return pgqi_error_set(run->error, PGQUEUE_ESCHEMA,
                          "the %s schema in the database has version %d, newer than this program's"
                          " %d: install a newer libpgqueue",
                          run->set->name, (int)run->installed, (int)wanted);
}

static int apply_missing(struct run *run)
{
    int rc = PGQUEUE_OK;
    for (size_t i = 0; rc == PGQUEUE_OK && i < run->set->count; i++) {
        const pgqueue_migration *m = &run->set->items[i];
        if (m->version > 0 ? m->version <= run->installed : !run->replace)
            continue;
        rc = apply(run, m->name, m->sql);
        if (rc == PGQUEUE_OK && m->version > 0)
            rc = record(run, m->version, m->name);
    }
    if (rc == PGQUEUE_OK && run->replace)
        rc = record(run, 0, "functions");
    return rc;
}

/* Everything within the transaction. */
static int migrate_locked(struct run *run)
{
    char schema[128];
    snprintf(schema, sizeof schema, "create schema if not exists \"%s\";\n", run->session->schema);
    int rc = apply(run, "preamble", PREAMBLE);
    if (rc == PGQUEUE_OK)
        rc = apply(run, "schema", schema);
    if (rc == PGQUEUE_OK)
        rc = apply(run, "migration", TABLE);
    if (rc == PGQUEUE_OK && run->plan == NULL) /* only now nobody else migrates */
        rc = read_installed(run);
    if (rc == PGQUEUE_OK)
        rc = refuse_newer(run);
    if (rc == PGQUEUE_OK)
        rc = apply_missing(run);
    return rc;
}

int pgqi_migrate(struct session *session, const pgqueue_migration_set *set, pgqueue_plan_fn *plan,
                 void *user, int32_t *from, int32_t *to, pgqueue_error *error)
{
    struct run run = {.session = session, .set = set, .plan = plan, .user = user, .error = error};
    digest_set(set, run.digest);
    int rc = read_installed(&run);
    if (rc == PGQUEUE_OK)
        rc = refuse_newer(&run);
    if (rc != PGQUEUE_OK)
        return rc;
    if (run.installed < wanted_version(set) || run.replace) {
        rc = apply(&run, "begin", "begin;\n");
        if (rc == PGQUEUE_OK)
            rc = migrate_locked(&run);
        if (rc == PGQUEUE_OK)
            rc = apply(&run, "commit", "commit;\n");
        else if (plan == NULL)
            pgqi_exec(session, "rollback", NULL); /* the first error is the one to tell */
    }
    if (rc == PGQUEUE_OK && from != NULL)
        *from = run.installed;
    if (rc == PGQUEUE_OK && to != NULL)
        *to = wanted_version(set);
    return rc;
}

int pgqi_schema_version(struct session *session, const pgqueue_migration_set *set,
                        int32_t *installed, int32_t *wanted, pgqueue_error *error)
{
    struct run run = {.session = session, .set = set, .error = error};
    int rc = read_installed(&run);
    if (rc == PGQUEUE_OK) {
        *installed = run.installed;
        *wanted = wanted_version(set);
    }
    return rc;
}
