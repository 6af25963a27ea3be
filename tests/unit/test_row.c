/* SPDX-License-Identifier: MIT */
/* Answers of the server as C values: claims, polls, arrays with quotes in them. */
#include "db/row.h"
#include "tap.h"

#include <libpq-fe.h>

/* A result of one row; NULL: null. */
static PGresult *row(int columns, const char *const *values)
{
    PGresult *r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc *names = calloc((size_t)columns, sizeof *names);
    for (int i = 0; i < columns; i++)
        names[i].name = (char *)"column";
    PQsetResultAttrs(r, columns, names);
    for (int i = 0; i < columns; i++)
        PQsetvalue(r, 0, i, (char *)values[i], values[i] ? (int)strlen(values[i]) : -1);
    free(names);
    return r;
}

static void poll_of(const char *due, const char *gone, struct poll_answer *a)
{
    PGresult *r = row(4, (const char *const[]){"t", due, "1500", gone});
    is_int(pgqi_poll_answer(r, a), PGQUEUE_OK, "an answer is read: %s %s", due, gone);
    PQclear(r);
}

int main(void)
{
    struct poll_answer a;
    poll_of("{}", "{}", &a);
    ok(a.known && a.wait_ms == 1500 && a.due_count == 0 && a.gone_count == 0, "empty arrays");
    pgqi_poll_answer_free(&a);
    poll_of("{mail,a.b-c}", "{9007199254740993,-1}", &a);
    ok(a.due_count == 2 && strcmp(a.due[0], "mail") == 0 && strcmp(a.due[1], "a.b-c") == 0,
       "plain elements");
    ok(a.gone_count == 2 && a.gone[0] == 9007199254740993 && a.gone[1] == -1,
       "numbers beyond a double's");
    pgqi_poll_answer_free(&a);
    poll_of("{\"a,b\",\"q\\\"uo\\\\te}\",\"\",\"with space\",\xc3\xbc,\"NULL\"}", "{}", &a);
    static const char *const want[] = {"a,b", "q\"uo\\te}", "", "with space", "\xc3\xbc", "NULL"};
    is_int(a.due_count, 6, "elements with quotes, commas and backslashes");
    for (size_t i = 0; i < 6 && i < a.due_count; i++)
        is_str(a.due[i], want[i], "element %zu", i);
    pgqi_poll_answer_free(&a);
    for (const char *const *bad = (const char *const[]){"", "{", "{\"", "{\"a", "{a", "{\"a\\",
                                                        "{a,", "x", "{\"a\"b,c}", NULL};
         *bad; bad++) {
        poll_of(*bad, *bad, &a);
        ok(a.due_count <= 3, "an array that is none is read without harm");
        pgqi_poll_answer_free(&a);
    }
    PGresult *none = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    ok(pgqi_poll_answer(none, &a) != PGQUEUE_OK, "an answer without a row is an error");
    PQclear(none);

    for (const char *const *bad = (const char *const[]){"", "{", "{}", "}", "x,", NULL}; *bad;
         bad++) {
        int64_t ids[2] = {-7, -7};
        PGresult *r = row(1, bad);
        pgqi_row_ids(r, 0, 0, ids, 2);
        ok(ids[0] == 0 && ids[1] == 0, "no id is read where there is none: \"%s\"", *bad);
        PQclear(r);
    }
    int64_t ids[5] = {-7, -7, -7, -7, -7};
    PGresult *sent = row(1, (const char *const[]){"{9007199254740993,NULL,12}"});
    pgqi_row_ids(sent, 0, 0, ids, 4);
    ok(ids[0] == 9007199254740993 && ids[1] == 0 && ids[2] == 12 && ids[3] == 0 && ids[4] == -7,
       "ids in their order, 0 for a null and for what is not there, no more than asked for");
    ids[0] = -7;
    pgqi_row_ids(sent, 1, 0, ids, 1);
    ok(ids[0] == 0, "nor of a row that is not there");
    PQclear(sent);

    const char *const job[] = {"12", "345",        "{\"a\": 1}",
                               "2",  "-7",         "2026-01-01 00:00:00+00",
                               "3",  "900.500000", "{\"id\": 1}"};
    pgqueue_jobs *jobs = pgqi_jobs_of_result(row(9, job), "mail");
    pgqueue_job *j = pgqueue_jobs_get(jobs, 0);
    size_t len;
    is_int(pgqueue_jobs_count(jobs), 1, "a claim is read");
    ok(pgqueue_job_id(j) == 12 && pgqueue_job_lease(j) == 345 && pgqueue_job_attempt(j) == 2 &&
           pgqueue_job_priority(j) == -7 && pgqueue_job_retry_limit(j) == 3 &&
           pgqueue_job_expire_in_s(j) > 900.4 && pgqueue_job_expire_in_s(j) < 900.6,
       "with its numbers");
    is_str(pgqueue_job_data(j, &len), "{\"a\": 1}", "its payload");
    is_int(len, 8, "and the length of that");
    is_str(pgqueue_job_origin(j), "{\"id\": 1}", "its origin");
    is_str(pgqueue_job_queue(j), "mail", "its queue");
    pgqueue_job_set_message(j, "twice");
    pgqueue_job_set_message(j, "\x01\"");
    is_str(j->output, "{\"message\":\"\\u0001\\u0022\"}", "what a handler says becomes JSON");
    pgqueue_job_set_delay(j, 5);
    ok(j->delay_s == 5, "a delay is kept");
    pgqueue_job_set_delay(j, -1);
    ok(j->delay_s < 0, "a negative one is none");
    pgqueue_jobs_free(jobs);
    const char *const bare[] = {"1", "2", NULL, "1", "0", "2026-01-01", "0", "1", NULL};
    jobs = pgqi_jobs_of_result(row(9, bare), "q");
    j = pgqueue_jobs_get(jobs, 0);
    is_str(pgqueue_job_data(j, &len), "null", "a job without a payload has null");
    ok(len == 4 && pgqueue_job_origin(j) == NULL, "of four bytes, and no origin");
    pgqi_job_release(j); /* the last job frees its batch */

    static const char *const limits[] = {"60", "60", "7.5", "60"};
    static const char *const numbers[] = {"9223372036854775807", "-9223372036854775808", "0", "-1"};
    PGresult *many = row(9, job);
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 9; k++)
            PQsetvalue(many, i, k, (char *)job[k], (int)strlen(job[k]));
        PQsetvalue(many, i, 0, (char *)numbers[i], (int)strlen(numbers[i]));
        PQsetvalue(many, i, 7, (char *)limits[i], (int)strlen(limits[i]));
    }
    jobs = pgqi_jobs_of_result(many, "q");
    for (size_t i = 0; i < 4; i++) {
        j = pgqueue_jobs_get(jobs, i);
        ok(pgqueue_job_id(j) == strtoll(numbers[i], NULL, 10), "the number %s", numbers[i]);
        ok(pgqueue_job_expire_in_s(j) == strtod(limits[i], NULL), "%s s, each its own", limits[i]);
    }
    pgqueue_jobs_free(jobs);
    return done();
}
