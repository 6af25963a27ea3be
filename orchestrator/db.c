/* SPDX-License-Identifier: MIT */
/* db.c: calls functions of the sync schema; the only file that knows libpq. */
#include "db.h"

#include <libpq-fe.h>

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    GIVE_UP_MS = 15000,  /* how long a call tries to get through */
    FIRST_WAIT_MS = 100, /* then twice as long each time, up to */
    LONGEST_WAIT_MS = 2000,
    LOOK_MS = 100 /* how often a waiting call asks whether to stop */
};

struct slot {
    PGconn *conn; /* NULL: not open */
    bool ready;   /* set_session was called */
    bool lent;
};

/* lock guards the lent flags; a slot's connection belongs to whoever has it lent. */
struct db {
    char *conninfo;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    size_t count;
    struct slot slots[];
};

/* A libpq result with at least one row, under another name. */
static const PGresult *result_of(const struct db_row *row)
{
    return (const PGresult *)(const void *)row;
}

struct db *db_new(const char *conninfo, int connections)
{
    struct db *db = calloc(1, sizeof *db + (size_t)connections * sizeof db->slots[0]);
    if (db == NULL)
        return NULL;
    db->conninfo = strdup(conninfo != NULL ? conninfo : "");
    if (db->conninfo == NULL) {
        free(db);
        return NULL;
    }
    db->count = (size_t)connections;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&db->lock, NULL);
    pthread_cond_init(&db->given_back, &attr);
    pthread_condattr_destroy(&attr);
    return db;
}

void db_free(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < db->count; i++)
        PQfinish(db->slots[i].conn);
    pthread_mutex_destroy(&db->lock);
    pthread_cond_destroy(&db->given_back);
    explicit_bzero(db->conninfo, strlen(db->conninfo)); /* may hold a password */
    free(db->conninfo);
    free(db);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* An open connection is preferred to one that would have to be made. lock is held. */
static struct slot *free_slot(struct db *db)
{
    struct slot *found = NULL;
    for (size_t i = 0; i < db->count; i++) {
        struct slot *slot = &db->slots[i];
        if (!slot->lent && (found == NULL || (found->conn == NULL && slot->conn != NULL)))
            found = slot;
    }
    return found;
}

/* Waits for a free connection. NULL: stopped. */
static struct slot *lend(struct db *db, db_stop_fn *stop, void *user)
{
    struct slot *slot = NULL;
    bool stopped = false;
    pthread_mutex_lock(&db->lock);
    while ((slot = free_slot(db)) == NULL && !stopped) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&db->given_back, &db->lock, &until);
        if (stop != NULL) {
            pthread_mutex_unlock(&db->lock);
            stopped = stop(user);
            pthread_mutex_lock(&db->lock);
        }
    }
    if (slot != NULL)
        slot->lent = true;
    pthread_mutex_unlock(&db->lock);
    return slot;
}

static void give_back(struct db *db, struct slot *slot)
{
    pthread_mutex_lock(&db->lock);
    slot->lent = false;
    pthread_cond_signal(&db->given_back);
    pthread_mutex_unlock(&db->lock);
}

/* Defaults come first: what conninfo says holds. A cut cable is noticed within seconds. */
static PGconn *connect_to(const char *conninfo)
{
    const char *const keys[] = {"fallback_application_name",
                                "client_encoding",
                                "connect_timeout",
                                "keepalives_idle",
                                "keepalives_interval",
                                "keepalives_count",
                                "tcp_user_timeout",
                                "target_session_attrs",
                                conninfo[0] != '\0' ? "dbname" : NULL,
                                NULL};
    const char *const values[] = {"pgqueue sync", "UTF8",       "10",     "5", "2", "3",
                                  "15000",        "read-write", conninfo, NULL};
    return PQconnectdbParams(keys, values, 1);
}

/* libpq would print it on standard error, where each line is one of the log's. What matters comes
 * back as an error. */
static void ignore_notice(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

/* What a role or database may set to other ends: a statement here may take as long as it needs. A
 * pooler may refuse; then the defaults of the server hold. */
static void set_session(PGconn *conn)
{
    PQclear(PQexec(conn, "select pg_catalog.set_config(n, v, false) from (values"
                         " ('default_transaction_isolation', 'read committed'),"
                         " ('statement_timeout', '0'), ('lock_timeout', '0'),"
                         " ('idle_session_timeout', '0')) s(n, v)"));
}

/* libpq's messages end in newlines and may have several lines: one line is enough. */
static void set_error(struct db_error *error, const char *sqlstate, const char *text)
{
    snprintf(error->sqlstate, sizeof error->sqlstate, "%s", sqlstate != NULL ? sqlstate : "");
    snprintf(error->message, sizeof error->message, "%.*s", (int)strcspn(text, "\n"), text);
}

/* The server may accept the same statement a moment later: a conflict with another transaction, a
 * shutdown, a lack of something. */
static bool passing(const char *sqlstate)
{
    static const char *const states[] = {"40001", "40P01", "55P03", "25006", NULL};
    for (size_t i = 0; states[i] != NULL; i++) {
        if (strcmp(states[i], sqlstate) == 0)
            return true;
    }
    return strncmp(sqlstate, "57P", 3) == 0 || strncmp(sqlstate, "53", 2) == 0 ||
           strncmp(sqlstate, "08", 2) == 0;
}

/* One try on a lent connection. DB_EAWAY: worth another. */
static int try_call(struct db *db, struct slot *slot, const char *statement, int count,
                    const char *const *values, struct db_row **row, struct db_error *error)
{
    if (slot->conn == NULL) {
        slot->conn = connect_to(db->conninfo);
        slot->ready = false;
    }
    if (slot->conn == NULL)
        return DB_EMEMORY;
    if (PQstatus(slot->conn) != CONNECTION_OK) {
        set_error(error, "", PQerrorMessage(slot->conn));
        PQfinish(slot->conn);
        slot->conn = NULL;
        return DB_EAWAY;
    }
    PQsetNoticeReceiver(slot->conn, ignore_notice, NULL);
    if (!slot->ready) {
        set_session(slot->conn);
        slot->ready = true;
    }
    PGresult *result = PQexecParams(slot->conn, statement, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK) {
        if (PQntuples(result) == 0) {
            PQclear(result);
            result = NULL;
        }
        *row = (struct db_row *)(void *)result;
        return DB_OK;
    }
    const char *sqlstate = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    set_error(error, sqlstate, text != NULL ? text : PQerrorMessage(slot->conn));
    PQclear(result);
    bool broken = PQstatus(slot->conn) != CONNECTION_OK;
    /* After a promotion the old server may be read-only: ask for another one. */
    if (broken || strcmp(error->sqlstate, "25006") == 0) {
        PQfinish(slot->conn);
        slot->conn = NULL;
    }
    return broken || passing(error->sqlstate) ? DB_EAWAY : DB_EREFUSED;
}

/* Sleeps, looking now and then whether to stop. */
static bool rest(int64_t ms, db_stop_fn *stop, void *user)
{
    for (int64_t end = now_ms() + ms, left = ms; left > 0; left = end - now_ms()) {
        if (stop != NULL && stop(user))
            return false;
        long part = left < LOOK_MS ? (long)left : LOOK_MS;
        nanosleep(&(struct timespec){.tv_nsec = part * 1000000L}, NULL);
    }
    return true;
}

int db_call(struct db *db, const char *statement, int count, const char *const *values,
            db_stop_fn *stop, void *stop_user, struct db_row **row, struct db_error *error)
{
    int64_t give_up = now_ms() + GIVE_UP_MS, wait = FIRST_WAIT_MS;
    for (;;) {
        struct slot *slot = lend(db, stop, stop_user);
        if (slot == NULL)
            return DB_ESTOPPED;
        int rc = try_call(db, slot, statement, count, values, row, error);
        give_back(db, slot);
        if (rc != DB_EAWAY || now_ms() + wait > give_up)
            return rc;
        if (!rest(wait, stop, stop_user))
            return DB_ESTOPPED;
        wait = wait * 2 < LONGEST_WAIT_MS ? wait * 2 : LONGEST_WAIT_MS;
    }
}

const char *db_text(const struct db_row *row, const char *column)
{
    int number = row != NULL ? PQfnumber(result_of(row), column) : -1;
    return number < 0 || PQgetisnull(result_of(row), 0, number)
               ? NULL
               : PQgetvalue(result_of(row), 0, number);
}

bool db_true(const struct db_row *row, const char *column)
{
    const char *text = db_text(row, column);
    return text != NULL && text[0] == 't';
}

void db_row_free(struct db_row *row)
{
    PQclear((PGresult *)(void *)row);
}
