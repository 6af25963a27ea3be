/* SPDX-License-Identifier: MIT */
/* import.c: handles an import job: walks through a user's check-ins page by page, newest first.
 * What a page changes, and where the walk stands, is decided by sync.foursquare_page in one
 * transaction. */
#include "http.h"
#include "json.h"
#include "module.h"
#include "page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TRIES = 6,            /* of one page in one run; then the job's own retries */
    FIRST_PAUSE_MS = 250, /* before the second try, then twice as long each time: 8 s of pauses */
    PAGES_MAX = 10000     /* in one run: 2.5 million check-ins */
};

/* One attempt at one job. */
struct import {
    struct module *module;
    pgqueue_job *job;
    struct http *http;
    char job_id[24], lease[24], connection[24];
    char *token; /* in plain; wiped at the end */
    size_t token_len;
    int64_t before; /* the walk's place, < 0: at the newest */
    bool resumed;   /* the walk began in another attempt, before what is newest now */
    bool warned;    /* of what the provider gives notice of: once is enough */
    int64_t pages, requests, records;
};

/* ------------------------------------------------------------------------------------------------
 * How an attempt ends
 */

/* Sets the message and class of an attempt that did not succeed, and logs it; class OK: the job was
 * taken away, so its outcome will not count. Answers outcome. */
__attribute__((format(printf, 4, 5))) static int give_up(struct import *im, int outcome,
                                                         enum answer_class class,
                                                         const char *format, ...)
{
    char text[400], quoted[840], output[960];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_quote(text, quoted, sizeof quoted);
    int n = snprintf(output, sizeof output, "{\"message\":%s,\"class\":\"%s\"}", quoted,
                     answer_class_name(class));
    pgqueue_job_set_output(im->job, output, (size_t)n);
    module_log(im->module, class == ANSWER_OK ? PGQUEUE_INFO : PGQUEUE_WARNING, im->job, "%s",
               text);
    return outcome;
}

static int database_trouble(struct import *im, int rc, const struct db_error *error)
{
    if (rc == DB_ESTOPPED)
        return give_up(im, PGQUEUE_RETRY, ANSWER_OK, "stopped");
    /* Data exceptions and refused pages will not get better. */
    bool final = rc == DB_EREFUSED &&
                 (strncmp(error->sqlstate, "22", 2) == 0 || strcmp(error->sqlstate, "SY002") == 0);
    return give_up(im, final ? PGQUEUE_FAIL : PGQUEUE_RETRY, final ? ANSWER_FATAL : ANSWER_RETRY,
                   "%s", error->message[0] != '\0' ? error->message : "no database");
}

static int end_by_verdict(struct import *im, const struct page *page)
{
    const struct verdict *v = &page->verdict;
    switch (v->class) {
    case ANSWER_RATE_LIMITED:
        pgqueue_job_set_delay(im->job, v->delay_s);
        return give_up(im, PGQUEUE_SNOOZE, v->class,
                       "the provider's limit is reached (%s), again in %.0f s", page->message,
                       v->delay_s);
    case ANSWER_REAUTH:
        return give_up(im, PGQUEUE_FAIL, v->class,
                       "the provider refuses the token: %s; connect again", page->message);
    case ANSWER_FATAL:
        return give_up(im, PGQUEUE_FAIL, v->class, "cannot import: %s", page->message);
    default:
        if (v->delay_s >= 0)
            pgqueue_job_set_delay(im->job, v->delay_s);
        return give_up(im, PGQUEUE_RETRY, ANSWER_RETRY, "the provider fails: %s", page->message);
    }
}

/* The connection was disconnected, or got other tokens, while this import was under way. Those are
 * for the next start, at once: no attempt failed. */
static int interrupted(struct import *im, bool reconnected)
{
    if (!reconnected)
        return give_up(im, PGQUEUE_FAIL, ANSWER_FATAL, "connection %s is disconnected",
                       im->connection);
    pgqueue_job_set_delay(im->job, 0.0);
    return give_up(im, PGQUEUE_SNOOZE, ANSWER_RETRY,
                   "connection %s was connected anew, the import begins again with the new token",
                   im->connection);
}

/* The provider refuses the token; that ends the connection only if the token is still its own. */
static int end_by_refusal(struct import *im, const struct page *page)
{
    const char *const values[] = {im->connection};
    struct db_row *row = NULL;
    struct db_error error = {"", ""};
    int rc = db_call(im->module->db, "select sync.interruption($1) as why", 1, values,
                     module_job_stopped, im->job, &row, &error);
    if (rc != DB_OK || row == NULL)
        return database_trouble(im, rc, &error);
    const char *why = db_text(row, "why");
    int outcome =
        why != NULL ? interrupted(im, strcmp(why, "reconnected") == 0) : end_by_verdict(im, page);
    db_row_free(row);
    return outcome;
}

/* ------------------------------------------------------------------------------------------------
 * Beginning
 */

/* The connection named in the payload, for a job that was sent by hand; "" if there is none. */
static void read_payload(struct import *im)
{
    size_t len = 0;
    const char *data = pgqueue_job_data(im->job, &len);
    struct json *json = json_parse(data, len, NULL, 0);
    int64_t id = 0;
    if (json != NULL && json_integer(json_at(json_root(json), "connection_id"), &id))
        snprintf(im->connection, sizeof im->connection, "%" PRId64, id);
    json_free(json);
}

/* A token at rest: its column, its value, and what is in it. */
struct stored_token {
    const char *column, *stored; /* stored NULL: there is none */
    char *plain, *fresh;         /* fresh: as the newest key writes it; NULL: it stays as it is */
    size_t len;
    bool stale; /* an older key wrote it */
};

/* Opens a token, if there is one. Answers a vault_code. */
static int decrypt(struct import *im, struct stored_token *token, struct vault_error *why)
{
    return token->stored == NULL
               ? VAULT_OK
               : vault_decrypt(im->module->vault, token->stored, strtoll(im->connection, NULL, 10),
                               token->column, &token->plain, &token->len, &token->stale, why);
}

/* Answers the value to store. */
static const char *encrypt_anew(struct import *im, struct stored_token *token)
{
    struct vault_error why;
    if (!token->stale || vault_encrypt(im->module->vault, token->plain, token->len,
                                       strtoll(im->connection, NULL, 10), token->column,
                                       &token->fresh, &why) != VAULT_OK)
        return token->stored;
    return token->fresh;
}

/* Stores the tokens as the newest key writes them; if that fails, the next import does it. */
static void rotate_tokens(struct import *im, struct stored_token *access,
                          struct stored_token *refresh)
{
    const char *const values[] = {im->connection, access->stored, refresh->stored,
                                  encrypt_anew(im, access), encrypt_anew(im, refresh)};
    struct db_row *row = NULL;
    struct db_error error;
    if ((access->fresh != NULL || refresh->fresh != NULL) &&
        db_call(im->module->db, "select sync.replace_tokens($1, $2, $3, $4, $5) as replaced", 5,
                values, module_job_stopped, im->job, &row, &error) == DB_OK &&
        db_true(row, "replaced"))
        module_log(im->module, PGQUEUE_INFO, im->job,
                   "the token is encrypted with the newer key now");
    db_row_free(row);
    free(access->fresh);
    free(refresh->fresh);
}

/* Decrypts the stored token; the refresh token only to rotate it. Answers 0, or an outcome. */
static int open_token(struct import *im, const struct db_row *row)
{
    struct stored_token access = {.column = "access_token_encrypted"};
    struct stored_token refresh = {.column = "refresh_token_encrypted"};
    struct vault_error why = {""};
    access.stored = db_text(row, access.column);
    refresh.stored = db_text(row, refresh.column);
    if (decrypt(im, &access, &why) != VAULT_OK)
        return give_up(im, PGQUEUE_FAIL, ANSWER_FATAL, "%s", why.message);
    im->token = access.plain;
    im->token_len = access.len;
    if (decrypt(im, &refresh, &why) != VAULT_OK)
        module_log(im->module, PGQUEUE_WARNING, im->job, "the refresh token keeps its key: %s",
                   why.message);
    rotate_tokens(im, &access, &refresh);
    vault_wipe(refresh.plain, refresh.len);
    return 0;
}

/* Reads what sync.import_begin answered. Answers 0 if the walk may go on, else an outcome. */
static int read_begin(struct import *im, const struct db_row *row)
{
    const char *outcome = db_text(row, "outcome");
    const char *connection = db_text(row, "connection_id");
    const char *before = db_text(row, "walk_before");
    snprintf(im->connection, sizeof im->connection, "%s", connection != NULL ? connection : "");
    if (strcmp(outcome, "lost") == 0)
        return give_up(im, PGQUEUE_RETRY, ANSWER_OK, "the job belongs to another worker now");
    if (strcmp(outcome, "busy") == 0)
        return give_up(im, PGQUEUE_CANCEL, ANSWER_FATAL,
                       "another import of connection %s is queued or running", im->connection);
    if (strcmp(outcome, "gone") == 0)
        return give_up(im, PGQUEUE_FAIL, ANSWER_FATAL, "there is no connection %s to import from",
                       im->connection[0] != '\0' ? im->connection
                                                 : "in the payload (connection_id)");
    if (strcmp(outcome, "ok") != 0)
        return give_up(im, PGQUEUE_FAIL, ANSWER_FATAL, "connection %s is disconnected",
                       im->connection);
    if (db_true(row, "is_expired"))
        return give_up(im, PGQUEUE_FAIL, ANSWER_REAUTH, "the token has expired; connect again");
    im->resumed = db_true(row, "resumed");
    im->before = before != NULL ? strtoll(before, NULL, 10) : -1;
    return open_token(im, row);
}

static int begin(struct import *im)
{
    char attempt[16];
    if (strcmp(pgqueue_job_queue(im->job), IMPORT_QUEUE) != 0)
        return give_up(im, PGQUEUE_FAIL, ANSWER_FATAL,
                       "imports run on the queue " IMPORT_QUEUE " only, this is %.128s",
                       pgqueue_job_queue(im->job));
    snprintf(im->job_id, sizeof im->job_id, "%" PRId64, pgqueue_job_id(im->job));
    snprintf(im->lease, sizeof im->lease, "%" PRId64, pgqueue_job_lease(im->job));
    snprintf(attempt, sizeof attempt, "%" PRId32, pgqueue_job_attempt(im->job));
    read_payload(im);
    const char *const values[] = {im->job_id, im->lease,
                                  im->connection[0] != '\0' ? im->connection : NULL, attempt};
    struct db_row *row = NULL;
    struct db_error error = {"", ""};
    int rc = db_call(im->module->db,
                     "select b.*, (select c.refresh_token_encrypted from sync.connection c"
                     " where c.id = b.connection_id) from sync.import_begin($1, $2, $3, $4) b",
                     4, values, module_job_stopped, im->job, &row, &error);
    if (rc != DB_OK || row == NULL)
        return database_trouble(im, rc, &error);
    int outcome = read_begin(im, row);
    db_row_free(row);
    if (outcome != 0)
        return outcome;
    const struct settings *s = &im->module->settings;
    const struct http_options options = {.base_url = s->base_url,
                                         .ca_file = s->ca_file,
                                         .connect_timeout_s = s->connect_timeout_s,
                                         .timeout_s = s->timeout_s,
                                         .max_body = s->max_response,
                                         .stop = module_job_stopped,
                                         .stop_user = im->job};
    im->http = http_new(&options);
    return im->http != NULL ? 0 : give_up(im, PGQUEUE_RETRY, ANSWER_RETRY, "out of memory");
}

/* ------------------------------------------------------------------------------------------------
 * Walking
 */

/* Waits before the next try; false: the job was taken away. */
static bool pause_before(struct import *im, int try_number)
{
    for (long left = (long)FIRST_PAUSE_MS << (try_number - 1); left > 0; left -= 50) {
        if (pgqueue_job_cancelled(im->job))
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000L}, NULL);
    }
    return true;
}

enum stored {
    STORED_MORE,
    STORED_END,
    STORED_LOST,
    STORED_INACTIVE,
    STORED_RECONNECTED,
    STORED_WRONG,
    STORED_FAILED
};

/* What sync.foursquare_page answered. */
static enum stored read_stored(const char *outcome, const char *next)
{
    if (strcmp(outcome, "lost") == 0)
        return STORED_LOST;
    if (strcmp(outcome, "inactive") == 0)
        return STORED_INACTIVE;
    if (strcmp(outcome, "reconnected") == 0)
        return STORED_RECONNECTED;
    /* An end also when a commit whose answer was lost had ended the walk. */
    return next == NULL ? STORED_END : STORED_MORE;
}

/* Stores a page. STORED_WRONG: page says what is wrong with it; STORED_FAILED: error does. */
static enum stored store(struct import *im, struct page *page, int *rc, struct db_error *error)
{
    char before[24], limit[16], overlap[32];
    snprintf(before, sizeof before, "%" PRId64, im->before);
    snprintf(limit, sizeof limit, "%d", im->module->settings.page_size);
    snprintf(overlap, sizeof overlap, "%.6f", im->module->settings.overlap_s);
    const char *const values[] = {
        im->job_id, im->lease, im->connection, im->before < 0 ? NULL : before,
        limit,      overlap,   page->body};
    struct db_row *row = NULL;
    *rc = db_call(im->module->db,
                  "select * from sync.foursquare_page($1, $2, $3, $4, $5,"
                  " $6::float8 * interval '1 second', $7)",
                  7, values, module_job_stopped, im->job, &row, error);
    if (*rc != DB_OK || row == NULL) {
        bool wrong = strcmp(error->sqlstate, "SY001") == 0 || strcmp(error->sqlstate, "SY003") == 0;
        if (wrong) {
            page->verdict = (struct verdict){.class = ANSWER_RETRY, .delay_s = -1.0};
            snprintf(page->message, sizeof page->message, "%.300s", error->message);
        }
        return wrong ? STORED_WRONG : STORED_FAILED;
    }
    const char *outcome = db_text(row, "outcome"), *next = db_text(row, "next_before");
    const char *records = db_text(row, "records");
    enum stored stored = read_stored(outcome, next);
    im->before = next != NULL ? strtoll(next, NULL, 10) : -1;
    im->records = records != NULL ? strtoll(records, NULL, 10) : im->records;
    im->pages++;
    db_row_free(row);
    return stored;
}

static void note_oddities(struct import *im, const struct page *page)
{
    if (page->removed > 0)
        module_log(im->module, PGQUEUE_WARNING, im->job,
                   "%zu characters U+0000 removed from a page", page->removed);
    if (page->verdict.warn && !im->warned)
        module_log(im->module, PGQUEUE_WARNING, im->job, "the provider warns: %s", page->message);
}

/* Fetches and stores the page at the walk's place, with its retries. Answers 0 with *ended, or an
 * outcome. */
static int step(struct import *im, bool *ended)
{
    for (int tries = 1;; tries++) {
        struct page page;
        struct db_error error = {"", ""};
        int rc = DB_OK;
        im->requests++;
        page_fetch(im->http, &im->module->settings, im->token, im->before, &page);
        if (page.stopped)
            return give_up(im, PGQUEUE_RETRY, ANSWER_OK, "stopped");
        if (page.verdict.class == ANSWER_OK) {
            note_oddities(im, &page);
            enum stored stored = store(im, &page, &rc, &error);
            *ended = stored == STORED_END;
            if (stored == STORED_MORE || stored == STORED_END)
                return 0;
            if (stored == STORED_LOST)
                return give_up(im, PGQUEUE_RETRY, ANSWER_OK,
                               "the job belongs to another worker now");
            if (stored == STORED_INACTIVE || stored == STORED_RECONNECTED)
                return interrupted(im, stored == STORED_RECONNECTED);
            if (stored == STORED_FAILED)
                return database_trouble(im, rc, &error);
        }
        if (page.verdict.class == ANSWER_REAUTH)
            return end_by_refusal(im, &page);
        /* A server that names its own time is not asked again before it. */
        if (page.verdict.class != ANSWER_RETRY || page.verdict.delay_s >= 0 || page.lasting ||
            tries == TRIES)
            return end_by_verdict(im, &page);
        module_log(im->module, PGQUEUE_INFO, im->job, "try %d of %d: %s", tries, (int)TRIES,
                   page.message);
        if (!pause_before(im, tries))
            return give_up(im, PGQUEUE_RETRY, ANSWER_OK, "stopped");
    }
}

/* Walks to the end. A walk that an earlier attempt had begun knows nothing newer than its start:
 * behind it comes a second one, from the newest back to where the first began. */
static int walk(struct import *im)
{
    for (;;) {
        bool ended = false;
        int outcome = step(im, &ended);
        if (outcome != 0)
            return outcome;
        if (ended && !im->resumed)
            return PGQUEUE_DONE;
        if (ended) {
            im->resumed = false;
            im->before = -1;
        }
        if (im->pages >= PAGES_MAX)
            return give_up(im, PGQUEUE_FAIL, ANSWER_FATAL,
                           "the history does not end after %d pages", (int)PAGES_MAX);
    }
}

int import_checkins(pgqueue_job *job, void *user)
{
    struct import im = {.module = user, .job = job, .before = -1};
    int outcome = begin(&im);
    if (outcome == 0)
        outcome = walk(&im);
    if (outcome == PGQUEUE_DONE) {
        char output[128];
        int n = snprintf(output, sizeof output,
                         "{\"records\":%" PRId64 ",\"pages\":%" PRId64 ",\"requests\":%" PRId64 "}",
                         im.records, im.pages, im.requests);
        pgqueue_job_set_output(job, output, (size_t)n);
        module_log(im.module, PGQUEUE_INFO, job,
                   "connection %s: %" PRId64 " check-ins new or changed, %" PRId64 " requests",
                   im.connection, im.records, im.requests);
    }
    http_free(im.http);
    vault_wipe(im.token, im.token_len);
    return outcome;
}
