/* SPDX-License-Identifier: MIT */
/* The synchronous handle through the public header: every error with its code, what is sent
 * arrives, settles, the caller's transactions, and connections that break at each place where they
 * can. */
#include "tap.h"
#include "testdb.h"

#include <math.h>
#include <pgqueue.h>
#include <pthread.h>

static const char *dsn;
static PGconn *watch;
static pgqueue *q;
static pgqueue_error error;

static pgqueue *open_at(const char *where, const char *schema, int *rc)
{
    pgqueue_options o = PGQUEUE_OPTIONS_INIT;
    pgqueue *out = NULL;
    o.schema = schema ? schema : testdb_schema();
    o.connect_timeout_s = 5;
    memset(&error, 0x5a, sizeof error);
    int got = pgqueue_open(where, &o, &out, &error);
    if (rc != NULL)
        *rc = got;
    else if (got != PGQUEUE_OK)
        bail("open: %s", error.message);
    return out;
}

/* A refusal: its code, and the words that the message must hold. */
static void refused(int rc, int code, const char *words, const char *what)
{
    is_str(pgqueue_code_name(rc), pgqueue_code_name(code), "%s is refused", what);
    if (!ok(strstr(error.message, words) != NULL && strchr(error.message, '\n') == NULL,
            "and the message, one line, says: %s", words))
        diag("%s", error.message);
    is_int(error.code, code, "and carries the code");
}

static void opening(void)
{
    int rc;
    pgqueue *none;

    is_str(pgqueue_version(), PGQUEUE_VERSION, "the library has the version of its header");
    is_str(pgqueue_code_name(-99), "unknown", "a code that does not exist has no name");
    none = open_at("host=/nowhere/at/all dbname=x", NULL, &rc);
    refused(rc, PGQUEUE_ECONN, "/nowhere/at/all", "a server that is not there");
    is_int(error.retryable, 1, "it may be there later");
    ok(none == NULL, "no handle is given");
    open_at("host=x nonsense=1", NULL, &rc);
    refused(rc, PGQUEUE_EINVAL, "nonsense", "a connection string with an unknown word");
    is_int(error.retryable, 0, "that does not pass by itself");
    open_at(dsn, "no such schema", &rc);
    refused(rc, PGQUEUE_ESCHEMA, "pgqueue migrate", "a schema that is not there");
    for (const char *const *s =
             (const char *const[]){"", "a\"b", "a'b", "a\\b", "a\nb", "\xff", NULL};
         *s; s++) {
        open_at(dsn, *s, &rc);
        refused(rc, PGQUEUE_EINVAL, "schema name", "a schema name that is none");
    }
    pgqueue_options bad;
    memset(&bad, 0, sizeof bad);
    rc = pgqueue_open(dsn, &bad, &none, &error);
    refused(rc, PGQUEUE_EINVAL, "INIT", "an options struct that skipped INIT");
    is_int(pgqueue_open("host=/nowhere", NULL, &none, NULL), PGQUEUE_ECONN,
           "the error may be NULL");
    pgqueue_close(NULL);
    ok(1, "closing NULL is nothing");

    testdb_sql(watch, "insert into /*schema*/migration (set_name, version, name) values ('queue', "
                      "9999, 'later')");
    open_at(dsn, NULL, &rc);
    refused(rc, PGQUEUE_ESCHEMA, "newer", "a schema that is newer");
    int32_t installed, wanted;
    pgqueue_options any = PGQUEUE_OPTIONS_INIT;
    any.schema = testdb_schema();
    any.skip_schema_check = 1;
    is_int(pgqueue_open(dsn, &any, &none, &error), PGQUEUE_OK,
           "it opens all the same if asked not to look");
    is_int(pgqueue_schema_version(none, NULL, &installed, &wanted, &error), PGQUEUE_OK,
           "the version is told");
    ok(installed == 9999 && wanted > 0 && wanted < 9999, "installed and wanted");
    rc = pgqueue_migrate(none, NULL, NULL, NULL, NULL, NULL, &error);
    refused(rc, PGQUEUE_ESCHEMA, "newer", "a migration of a newer schema");
    pgqueue_close(none);
    testdb_sql(watch, "delete from /*schema*/migration where version = 9999");
}

static void *migrate_one(void *arg)
{
    pgqueue_options o = PGQUEUE_OPTIONS_INIT;
    pgqueue *mine = NULL;
    o.schema = testdb_schema();
    o.skip_schema_check = 1;
    int rc = pgqueue_open(arg, &o, &mine, NULL);
    if (rc == PGQUEUE_OK)
        rc = pgqueue_migrate(mine, NULL, NULL, NULL, NULL, NULL, NULL);
    pgqueue_close(mine);
    return rc == PGQUEUE_OK ? NULL : arg;
}

static void count_plan(void *user, const char *name, const char *text)
{
    (void)name;
    *(int *)user += text[0] != '\0';
}

static void migrating(const char *empty)
{
    int rc, texts = 0;
    int32_t from = -1, to = -1;
    PGconn *c = testdb_connect(empty);
    open_at(empty, NULL, &rc);
    refused(rc, PGQUEUE_ESCHEMA, "pgqueue migrate", "a database without the schema");
    pgqueue_options o = PGQUEUE_OPTIONS_INIT;
    o.schema = testdb_schema();
    o.skip_schema_check = 1;
    pgqueue *m;
    is_int(pgqueue_open(empty, &o, &m, &error), PGQUEUE_OK, "it opens to be migrated");
    refused(pgqueue_send(m, "x", "1", 1, NULL, NULL, &error), PGQUEUE_ESCHEMA, "pgqueue migrate",
            "a send into it");
    is_int(pgqueue_migrate(m, NULL, count_plan, &texts, &from, &to, &error), PGQUEUE_OK,
           "the plan is told");
    ok(texts > 10 && from == 0 && to > 0, "with its texts and versions");
    is_int(testdb_int(c, "select count(*) from pg_namespace where nspname = '%s'", testdb_schema()),
           0, "and nothing is changed");
    pthread_t t[4];
    int failed = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, migrate_one, (void *)empty);
    for (int i = 0; i < 4; i++) {
        void *answer;
        pthread_join(t[i], &answer);
        failed += answer != NULL;
    }
    is_int(failed, 0, "four at once migrate it");
    is_int(
        testdb_int(
            c, "select count(*) from /*schema*/migration where set_name = 'queue' and version = 1"),
        1, "once");
    is_int(pgqueue_migrate(m, NULL, NULL, NULL, &from, &to, &error), PGQUEUE_OK,
           "again it has nothing to do");
    is_int(from, to, "and says so");
    pgqueue_close(m);
    PQfinish(c);
}

static void sending(void)
{
    int64_t id = -7, ids[3];
    pgqueue_send_options o = PGQUEUE_SEND_OPTIONS_INIT;

    is_int(pgqueue_queue_create(q, "mail", "{\"retry_limit\": 1}", &error), PGQUEUE_OK,
           "a queue is created");
    refused(pgqueue_queue_create(q, "mail", NULL, &error), PGQUEUE_EDUPLICATE, "exists",
            "the same queue again");
    refused(pgqueue_queue_create(q, "other", "{\"retries\": 1}", &error), PGQUEUE_EINVAL, "retries",
            "an unknown option");
    refused(pgqueue_queue_create(q, "other", "{", &error), PGQUEUE_EINVAL, "json",
            "options that are no JSON");
    refused(pgqueue_queue_create(q, "other", "{\"policy\": \"short\"}", &error), PGQUEUE_EINVAL,
            "not built yet", "an option to come");
    refused(pgqueue_queue_update(q, "nowhere", "{}", &error), PGQUEUE_ENOTFOUND, "nowhere",
            "an update of no queue");
    is_str(error.sqlstate, "PQ404", "and the SQLSTATE is there");
    refused(pgqueue_send(q, "nowhere", "1", 1, NULL, &id, &error), PGQUEUE_ENOTFOUND, "create",
            "a send to no queue");
    refused(pgqueue_send(q, "mail", "{\"a\":", 5, NULL, &id, &error), PGQUEUE_EINVAL, "json",
            "invalid JSON");
    refused(pgqueue_send(q, "mail", "", 0, NULL, &id, &error), PGQUEUE_EINVAL, "json",
            "an empty payload");
    refused(pgqueue_send(q, "mail", "\"a\0b\"", 5, NULL, &id, &error), PGQUEUE_EINVAL, "offset 2",
            "a NUL byte");
    refused(pgqueue_send(q, "mail", "\"\\u0000\"", 8, NULL, &id, &error), PGQUEUE_EINVAL, "Unicode",
            "an escaped NUL");
    refused(pgqueue_send(q, "mail", "\"\xff\"", 3, NULL, &id, &error), PGQUEUE_EINVAL, "UTF8",
            "invalid UTF-8");
    refused(pgqueue_send(q, "ma\xffil", "1", 1, NULL, &id, &error), PGQUEUE_EINVAL, "UTF8",
            "an invalid queue name");
    refused(pgqueue_send(q, NULL, "1", 1, NULL, &id, &error), PGQUEUE_ENOTFOUND, "does not exist",
            "no queue name");
    size_t much = 17u << 20;
    char *big = malloc(much);
    memset(big, 'x', much);
    big[0] = big[much - 1] = '"';
    refused(pgqueue_send(q, "mail", big, much, NULL, &id, &error), PGQUEUE_EINVAL, "limit",
            "a payload over the limit");
    is_int(id, -7, "the id is set on success only");
    big[(2u << 20) - 1] = '"';
    is_int(pgqueue_send(q, "mail", big, 2u << 20, NULL, &id, &error), PGQUEUE_OK, "2 MiB are sent");
    is_int(testdb_int(watch, "select length(data #>> '{}') from /*schema*/job where id = %lld",
                      (long long)id),
           (2 << 20) - 2, "and kept");
    free(big);

    o.delay_s = -1;
    refused(pgqueue_send(q, "mail", "1", 1, &o, &id, &error), PGQUEUE_EINVAL, "delay_s",
            "a negative delay");
    o.delay_s = NAN;
    refused(pgqueue_send(q, "mail", "1", 1, &o, &id, &error), PGQUEUE_EINVAL, "delay_s",
            "a delay that is no number");
    o.delay_s = 0;
    o.start_after = "someday";
    refused(pgqueue_send(q, "mail", "1", 1, &o, &id, &error), PGQUEUE_EINVAL, "start_after",
            "a start that is no time");
    o.start_after = NULL;
    o.retry_limit = -5;
    refused(pgqueue_send(q, "mail", "1", 1, &o, &id, &error), PGQUEUE_EINVAL, "retry_limit",
            "a negative retry limit");
    o.retry_limit = PGQUEUE_UNSET;
    o.group_id = "\xc3(";
    refused(pgqueue_send(q, "mail", "1", 1, &o, &id, &error), PGQUEUE_EINVAL, "group_id",
            "an option that is no UTF-8");
    char *endless = malloc(100001);
    memset(endless, 'k', 100000);
    endless[100000] = '\0';
    o.group_id = endless;
    refused(pgqueue_send(q, "mail", "1", 1, &o, &id, &error), PGQUEUE_EINVAL, "65536",
            "an option without end");
    free(endless);
    o.group_id = NULL;
    o.dead_letter = "nowhere";
    refused(pgqueue_send(q, "mail", "1", 1, &o, &id, &error), PGQUEUE_ENOTFOUND, "nowhere",
            "an unknown dead letter queue");
    o.dead_letter = NULL;
    pgqueue_send_options zero;
    memset(&zero, 0, sizeof zero);
    refused(pgqueue_send(q, "mail", "1", 1, &zero, &id, &error), PGQUEUE_EINVAL, "INIT",
            "send options that skipped INIT");

    o.priority = -3;
    o.retry_limit = 0;
    o.retry_delay_s = 5;
    o.retry_backoff = 0;
    o.retry_delay_max_s = 50;
    o.expire_in_s = 7;
    o.keep_queued_s = 70;
    o.singleton_key = "k\"\\\n\xc3\xbc";
    o.group_id = "g";
    o.delay_s = 1000.5;
    is_int(pgqueue_send(q, "mail", "{\"to\": \"\xc3\xbc\"}", 12, &o, &id, &error), PGQUEUE_OK,
           "every option is sent");
    char *row = testdb_text(watch,
                            "select concat_ws(',', priority, retry_limit, retry_delay, "
                            "retry_backoff, expire_in, group_id,"
                            " extract(epoch from start_after - created_on)::numeric, singleton_key "
                            "= E'k\"\\\\\\nü', data->>'to')"
                            " from /*schema*/job where id = %lld",
                            (long long)id);
    is_str(row, "-3,0,00:00:05,f,00:00:07,g,1000.500000,t,\xc3\xbc", "and stored");
    free(row);
    refused(pgqueue_send(q, "mail", "1", 1, &o, &id, &error), PGQUEUE_EDUPLICATE, "singleton key",
            "a second job with the key");
    is_int(pgqueue_send(q, "mail", NULL, 0, NULL, NULL, NULL), PGQUEUE_OK,
           "payload, options, id and error may be NULL");

    pgqueue_payload many[3] = {{"1", 1}, {NULL, 0}, {"{\"n\":3}", 7}};
    is_int(pgqueue_send_many(q, "mail", many, 3, NULL, ids, &error), PGQUEUE_OK, "many are sent");
    ok(ids[0] > 0 && ids[1] == ids[0] + 1 && ids[2] == ids[1] + 1,
       "and their ids answered in order");
    long long before = testdb_int(watch, "select count(*) from /*schema*/job");
    many[2] = (pgqueue_payload){"{", 1};
    refused(pgqueue_send_many(q, "mail", many, 3, NULL, ids, &error), PGQUEUE_EINVAL, "json",
            "many of which one is no JSON");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job"), before, "all or none");
    is_int(pgqueue_send_many(q, "mail", NULL, 0, NULL, NULL, &error), PGQUEUE_OK,
           "none are many, too");
    o.singleton_key = "two";
    many[2] = many[0];
    is_int(pgqueue_send_many(q, "mail", many, 3, &o, ids, &error), PGQUEUE_OK,
           "many with one key are sent");
    ok(ids[0] > 0 && ids[1] == 0 && ids[2] == 0, "the first has it, the others are refused with 0");
}

static void settling(void)
{
    pgqueue_jobs *jobs = NULL;
    int64_t id;
    size_t len;
    pgqueue_queue_create(q, "work", "{\"retry_limit\": 1, \"retry_delay\": 100}", NULL);
    refused(pgqueue_fetch(q, "nowhere", 1, &jobs, &error), PGQUEUE_ENOTFOUND, "nowhere",
            "a fetch from no queue");
    refused(pgqueue_fetch(q, "work", 0, &jobs, &error), PGQUEUE_EINVAL, "10000", "a fetch of none");
    is_int(pgqueue_fetch(q, "work", 5, &jobs, &error), PGQUEUE_OK,
           "a fetch from an empty queue is no error");
    is_int(pgqueue_jobs_count(jobs), 0, "it holds none");
    ok(pgqueue_jobs_get(jobs, 0) == NULL, "and answers NULL beyond the end");
    pgqueue_jobs_free(jobs);
    pgqueue_jobs_free(NULL);
    for (int i = 0; i < 7; i++) {
        char json[32];
        pgqueue_send(q, "work", json, (size_t)snprintf(json, sizeof json, "{\"n\": %d}", i), NULL,
                     &id, NULL);
    }
    is_int(pgqueue_fetch(q, "work", 100, &jobs, &error), PGQUEUE_OK, "jobs are fetched");
    is_int(pgqueue_jobs_count(jobs), 7, "all of them");
    pgqueue_job *j = pgqueue_jobs_get(jobs, 0);
    is_str(pgqueue_job_data(j, &len), "{\"n\": 0}", "the payload is there");
    is_int(len, 8, "with its length");
    is_str(pgqueue_job_queue(j), "work", "the queue");
    is_int(pgqueue_job_id(j), id - 6, "the id");
    is_int(pgqueue_job_attempt(j), 1, "the attempt");
    is_int(pgqueue_job_retry_limit(j), 1, "the retry limit");
    is_int(pgqueue_job_priority(j), 0, "the priority");
    is_int((long long)pgqueue_job_expire_in_s(j), 900, "the limit of the attempt");
    ok(pgqueue_job_origin(j) == NULL && !pgqueue_job_cancelled(j) && pgqueue_job_lease(j) > 0,
       "no origin, not cancelled, a lease");

    is_int(pgqueue_progress(q, j, "{\"p\": 1}", 8, &error), PGQUEUE_OK, "progress is stored");
    refused(pgqueue_progress(q, j, "{", 1, &error), PGQUEUE_EINVAL, "json",
            "progress that is no JSON");
    is_int(pgqueue_touch(q, j, &error), PGQUEUE_OK, "the lease is touched");
    is_int(pgqueue_complete(q, j, "[1]", 3, &error), PGQUEUE_OK, "it is completed");
    refused(pgqueue_complete(q, j, NULL, 0, &error), PGQUEUE_ELOST, "no longer held",
            "completing it again");
    is_int(error.retryable, 0, "lost stays lost");
    refused(pgqueue_touch(q, j, &error), PGQUEUE_ELOST, "no longer held", "touching it");
    refused(pgqueue_progress(q, j, NULL, 0, &error), PGQUEUE_ELOST, "no longer held",
            "its progress");
    j = pgqueue_jobs_get(jobs, 1);
    is_int(pgqueue_fail(q, j, "{\"why\": 1}", 10, -1, 0, &error), PGQUEUE_OK, "a job fails");
    j = pgqueue_jobs_get(jobs, 2);
    is_int(pgqueue_fail(q, j, "no json", 7, 5, 0, &error), PGQUEUE_OK,
           "with a text and a time for the retry");
    j = pgqueue_jobs_get(jobs, 3);
    is_int(pgqueue_fail(q, j, NULL, 0, -1, 1, &error), PGQUEUE_OK, "for good");
    j = pgqueue_jobs_get(jobs, 4);
    refused(pgqueue_snooze(q, j, -1, &error), PGQUEUE_EINVAL, "negative", "a negative snooze");
    refused(pgqueue_snooze(q, j, INFINITY, &error), PGQUEUE_EINVAL, "negative",
            "an endless snooze");
    is_int(pgqueue_snooze(q, j, 30, &error), PGQUEUE_OK, "it is snoozed");
    is_int(pgqueue_release(q, pgqueue_jobs_get(jobs, 5), &error), PGQUEUE_OK, "it is released");
    is_int(pgqueue_cancel(q, pgqueue_job_id(pgqueue_jobs_get(jobs, 6)), &error), PGQUEUE_OK,
           "it is cancelled");
    refused(pgqueue_complete(q, pgqueue_jobs_get(jobs, 6), "1", 1, &error), PGQUEUE_ELOST,
            "cancelled", "completing a cancelled job");
    char *states = testdb_text(
        watch, "select string_agg(concat_ws(':', state, attempt, output::text), ' ' order by id)"
               " from /*schema*/job where queue = 'work'");
    is_str(states,
           "completed:1:[1] retry:1:{\"why\": 1} retry:1:\"no json\" failed:1 created:0 created:0 "
           "cancelled:1",
           "each job is where its settle says");
    free(states);
    int64_t failed = pgqueue_job_id(pgqueue_jobs_get(jobs, 3)),
            snoozed = pgqueue_job_id(pgqueue_jobs_get(jobs, 4));
    is_int(pgqueue_retry(q, failed, &error), PGQUEUE_OK, "a failed job is queued again");
    refused(pgqueue_retry(q, failed, &error), PGQUEUE_ENOTFOUND, "neither failed",
            "retrying a queued one");
    is_int(pgqueue_run_now(q, snoozed, &error), PGQUEUE_OK, "a snoozed job is due now");
    is_int(pgqueue_job_delete(q, snoozed, &error), PGQUEUE_OK, "and deleted");
    for (int i = 0; i < 4; i++) {
        int (*const calls[])(pgqueue *, int64_t, pgqueue_error *) = {
            pgqueue_cancel, pgqueue_retry, pgqueue_run_now, pgqueue_job_delete};
        refused(calls[i](q, snoozed, &error), PGQUEUE_ENOTFOUND, "no such job",
                "a job that is not there");
    }
    pgqueue_jobs_free(jobs);

    /* Any bytes as an output: a settle never fails for its content. */
    static const struct {
        const char *bytes;
        size_t len;
        const char *stored;
    } outputs[] = {{"\xff\xfe", 2, "\"??\""},
                   {"a\0b", 3, "\"a?b\""},
                   {"{\"a\": 1", 7, "\"{\\\"a\\\": 1\""},
                   {"\"\\u0000\"", 8, "\"\\\"\\\\u0000\\\"\""},
                   {"", 0, "\"\""},
                   {"{\"a\":1}", 7, "{\"a\": 1}"}};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        pgqueue_send(q, "mail", "1", 1, NULL, &id, NULL);
        testdb_sql(watch, "delete from /*schema*/job_ready where queue = 'mail' and id <> %lld",
                   (long long)id);
        pgqueue_fetch(q, "mail", 1, &jobs, NULL);
        is_int(pgqueue_complete(q, pgqueue_jobs_get(jobs, 0), outputs[i].bytes, outputs[i].len,
                                &error),
               PGQUEUE_OK, "any bytes complete a job");
        char *text = testdb_text(watch, "select output::text from /*schema*/job where id = %lld",
                                 (long long)id);
        is_str(text, outputs[i].stored, "and are stored as valid JSON");
        free(text);
        pgqueue_jobs_free(jobs);
    }
}

static void transactions(void)
{
    PGconn *mine = testdb_connect(dsn);
    int64_t a = 0, b = 0;
    pgqueue_queue_create(q, "tx", NULL, NULL);
    const char *schema = testdb_schema();
    testdb_sql(mine, "begin");
    is_int(pgqueue_send_on(mine, schema, "tx", "1", 1, NULL, &a, &error), PGQUEUE_OK,
           "a job is sent in the caller's transaction");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where id = %lld", (long long)a), 0,
           "nobody sees it before the commit");
    testdb_sql(mine, "rollback");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where id = %lld", (long long)a), 0,
           "nor after a rollback");
    testdb_sql(mine, "begin");
    pgqueue_send_on(mine, schema, "tx", "1", 1, NULL, &a, &error);
    testdb_sql(mine, "commit");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where id = %lld", (long long)a), 1,
           "after the commit it is there");
    is_int(pgqueue_send_on(mine, schema, "tx", "1", 1, NULL, &b, &error), PGQUEUE_OK,
           "without a transaction it commits by itself");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where id = %lld", (long long)b), 1,
           "and is there");
    refused(pgqueue_send_on(mine, "a\"b", "tx", "1", 1, NULL, &b, &error), PGQUEUE_EINVAL,
            "schema name", "a schema name that is none");
    refused(pgqueue_send_on(mine, "elsewhere", "tx", "1", 1, NULL, &b, &error), PGQUEUE_ESCHEMA,
            "migrate", "a schema that is not there");
    if (PQsendQuery(mine, "select 1") != 1)
        bail("send");
    refused(pgqueue_send_on(mine, schema, "tx", "1", 1, NULL, &b, &error), PGQUEUE_ESTATE,
            "under way", "a connection that is busy");
    for (PGresult *res; (res = PQgetResult(mine)) != NULL;)
        PQclear(res);
    PGconn *own = pgqueue_connection(q);
    testdb_sql(own, "begin");
    pgqueue_send(q, "tx", "1", 1, NULL, &a, &error);
    testdb_sql(own, "rollback");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where id = %lld", (long long)a), 0,
           "the handle's calls join a transaction on its connection");

    PQenterPipelineMode(own);
    refused(pgqueue_send(q, "tx", "1", 1, NULL, &a, &error), PGQUEUE_ESTATE, "",
            "a connection that its caller has put into pipeline mode");
    PQexitPipelineMode(own);

    /* Within a transaction there is no doubt what a lost connection means. */
    testdb_sql(mine, "begin");
    PGconn *super = testdb_connect(getenv("PGQUEUE_TEST_SUPER_DSN"));
    testdb_int(super, "select pg_terminate_backend(%d, 60000)::int", PQbackendPID(mine));
    refused(pgqueue_send_on(mine, schema, "tx", "1", 1, NULL, &b, &error), PGQUEUE_ECONN, "",
            "a connection that broke in a transaction");
    testdb_sql(own, "begin");
    pgqueue_send(q, "tx", "1", 1, NULL, &a, NULL);
    testdb_int(super, "select pg_terminate_backend(%d, 60000)::int", PQbackendPID(own));
    refused(pgqueue_send(q, "tx", "1", 1, NULL, &a, &error), PGQUEUE_ECONN, "transaction",
            "the handle's own, in a transaction");
    is_int(error.retryable, 1, "it may be tried again");
    is_int(pgqueue_send(q, "tx", "1", 1, NULL, &a, &error), PGQUEUE_OK,
           "the next call has a connection again");
    PQfinish(mine);
    PQfinish(super);
}

static void *send_blocked(void *arg)
{
    static int rc;
    pgqueue_send_options o = PGQUEUE_SEND_OPTIONS_INIT;
    (void)arg;
    o.singleton_key = "blocked";
    rc = pgqueue_send(q, "tx", "1", 1, &o, NULL, &error);
    return &rc;
}

static void broken(void)
{
    PGconn *super = testdb_connect(getenv("PGQUEUE_TEST_SUPER_DSN"));
    int reopened = 0;
    for (int i = 0; i < 20; i++) {
        testdb_int(super, "select pg_terminate_backend(%d, 60000)::int",
                   PQbackendPID(pgqueue_connection(q)));
        int rc = pgqueue_send(q, "tx", "1", 1, NULL, NULL, &error);
        reopened += rc == PGQUEUE_OK;
        if (rc != PGQUEUE_OK)
            diag("%s: %s", pgqueue_code_name(rc), error.message);
    }
    is_int(reopened, 20,
           "a connection that was killed between two calls is opened again, without an error");

    /* A send that waits for another's key is killed: its outcome is not known. */
    PGconn *other = testdb_connect(dsn);
    testdb_sql(other,
               "begin; select /*schema*/send('tx', '1', '{\"singleton_key\": \"blocked\"}')");
    int pid = PQbackendPID(pgqueue_connection(q));
    pthread_t thread;
    pthread_create(&thread, NULL, send_blocked, NULL);
    testdb_wait(super, 10000, "select %d = any(pg_blocking_pids(%d))", PQbackendPID(other), pid);
    testdb_int(super, "select pg_terminate_backend(%d, 60000)::int", pid);
    void *rc;
    pthread_join(thread, &rc);
    refused(*(int *)rc, PGQUEUE_EUNKNOWN, "terminating connection",
            "a send that was killed on its way");
    is_int(error.retryable, 1, "with a key it may be sent again");
    testdb_sql(other, "rollback");
    pgqueue_send_options o = PGQUEUE_SEND_OPTIONS_INIT;
    o.singleton_key = "blocked";
    is_int(pgqueue_send(q, "tx", "1", 1, &o, NULL, &error), PGQUEUE_OK, "sent again it is there");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job where singleton_key = 'blocked'"),
           1, "once");
    PQfinish(other);
    PQfinish(super);
}

int main(void)
{
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    opening();
    q = open_at(dsn, NULL, NULL);
    sending();
    settling();
    transactions();
    broken();
    pgqueue_close(q);
    migrating(testdb_create_empty());
    return done();
}
