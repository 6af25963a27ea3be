/* SPDX-License-Identifier: MIT */
/* The test harness itself, from C: databases of one's own, waits, programs; knows nothing of
 * queues. */
#include "tap.h"
#include "testdb.h"
#include "testproc.h"

#include <signal.h>

int main(void)
{
    const char *one = testdb_create();
    const char *two = testdb_create_empty();
    PGconn *a = testdb_connect(one);
    PGconn *b = testdb_connect(two);

    is_int(testdb_int(a, "select count(*) from pg_namespace where nspname = '%s'", testdb_schema()),
           1, "a fresh database is migrated into the schema of the suite");
    is_int(testdb_int(b, "select count(*) from pg_namespace where nspname = '%s'", testdb_schema()),
           0, "an empty one has no object of ours");
    ok(!testdb_bool(a, "select rolsuper from pg_roles where rolname = current_user"),
       "the tests are no superuser");

    testdb_sql(a, "create table /*schema*/marked (n int); insert into /*schema*/marked values (%d)",
               7);
    char *text = testdb_text(a, "select '/*schema*/marked'::regclass::text");
    ok(text != NULL && strstr(text, "marked") != NULL,
       "the marker is replaced inside literals, too: %s", text);
    free(text);
    is_str(testdb_sqlstate(a, "select 1/0"), "22012", "an expected error gives its SQLSTATE");
    is_str(testdb_sqlstate(a, "select 1"), "", "no error gives an empty SQLSTATE");
    testdb_wait(a, 5000, "select n = 7 from /*schema*/marked");

    testdb_sql(a, "listen bell");
    PGconn *c = testdb_connect(one);
    testdb_sql(c, "notify bell");
    ok(testdb_notified(a, 5000), "a notification is seen");
    ok(!testdb_notified(a, 0), "and once only");

    struct testproc *p = testproc_start((const char *const[]){
        "sh", "-c", "echo ready >&2; read x < /dev/null; exec sleep 60", NULL});
    testproc_wait_line(p, "ready", 5000);
    is_int(testproc_lines(p, "ready"), 1, "lines of its standard error are counted");
    ok(testproc_running(p), "the program runs");
    testproc_kill(p, SIGTERM);
    is_int(testproc_wait(p, 5000), 128 + SIGTERM,
           "a program that a signal ends answers 128 + signal");
    struct testproc *q = testproc_start((const char *const[]){"sh", "-c", "exit 3", NULL});
    is_int(testproc_wait(q, 5000), 3, "a program that ends answers its exit code");

    PQfinish(a);
    PQfinish(b);
    PQfinish(c);
    return done();
}
