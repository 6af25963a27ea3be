/* SPDX-License-Identifier: MIT */
/* Large payloads: what a claim takes, how often a payload is copied, and how much memory a worker
 * needs at most. Each worker is a process of its own, so that its peak is its own. */
#include "db/row.h"
#include "tap.h"
#include "testdb.h"

#include <libpq-fe.h>
#include <pgqueue.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *dsn;
static PGconn *watch;

/* What a worker process tells of itself. */
struct told {
    long peak_kb;
    int runs, wrong, claims;
    int rc;
};
static struct {
    atomic_int runs, wrong, claims;
} seen;
static size_t expected_len;

static void on_event(void *user, const pgqueue_event *event)
{
    (void)user;
    if (event->kind == PGQUEUE_EVENT_CLAIMED)
        atomic_fetch_add(&seen.claims, 1);
}

/* The payload is whole, and it is the memory that libpq has read it into. */
static int look(pgqueue_job *job, void *user)
{
    size_t len;
    const char *data = pgqueue_job_data(job, &len);
    (void)user;
    if (len != expected_len || data[0] != '"' || data[len - 1] != '"' || data[len] != '\0' ||
        data != PQgetvalue(job->batch->result, (int)(job - job->batch->jobs), 2))
        atomic_fetch_add(&seen.wrong, 1);
    atomic_fetch_add(&seen.runs, 1);
    return PGQUEUE_DONE;
}

static int answer_much(pgqueue_job *job, void *user)
{
    char *big = malloc(1 << 20);
    (void)user;
    memset(big, 'x', 1 << 20);
    pgqueue_job_set_output(job, big, 1 << 20);
    free(big);
    atomic_fetch_add(&seen.runs, 1);
    return PGQUEUE_DONE;
}

static long peak_kb(void)
{
    char line[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    if (f != NULL)
        fclose(f);
    return kb;
}

static void work(const char *queue, int threads, pgqueue_handler *handler, struct told *told)
{
    pgqueue_worker_options o = PGQUEUE_WORKER_OPTIONS_INIT;
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    pgqueue_error error = {0};
    pgqueue_worker *w;
    o.schema = testdb_schema();
    o.threads = threads;
    o.once = 1;
    o.event = on_event;
    wo.on_loop = threads == 0;
    wo.concurrency = threads == 0 ? 1000 : PGQUEUE_UNSET;
    told->rc = pgqueue_worker_new(dsn, &o, &w, &error);
    if (told->rc == PGQUEUE_OK)
        told->rc = pgqueue_work(w, queue, &wo, handler, NULL, &error);
    if (told->rc == PGQUEUE_OK)
        told->rc = pgqueue_worker_run(w, &error);
    told->peak_kb = peak_kb();
    told->runs = seen.runs;
    told->wrong = seen.wrong;
    told->claims = seen.claims;
}

/* Empties a queue in a process of its own. threads 0: on the loop, 1,000 at once. */
static struct told drain(const char *queue, int threads, pgqueue_handler *handler)
{
    struct told told = {0};
    int ends[2], status;
    if (pipe(ends) != 0)
        bail("pipe");
    pid_t child = fork();
    if (child == 0) {
        work(queue, threads, handler, &told);
        _exit(write(ends[1], &told, sizeof told) == (ssize_t)sizeof told ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &told, sizeof told) != (ssize_t)sizeof told)
        bail("the worker process has told nothing");
    close(ends[0]);
    waitpid(child, &status, 0);
    is_int(told.rc, PGQUEUE_OK, "a worker empties %s", queue);
    is_int(testdb_int(watch, "select count(*) from /*schema*/job_ready"), 0, "all were claimed");
    diag("%s, %d threads: peak of %ld kB, %d jobs in %d claims", queue, threads, told.peak_kb,
         told.runs, told.claims);
    return told;
}

static void fill(const char *queue, int jobs, size_t len)
{
    expected_len = len + 2;
    testdb_sql(watch,
               "select /*schema*/send('%s', to_jsonb(repeat('x', %zu))) from generate_series(1, "
               "%d)",
               queue, len, jobs);
}

/* Memory checkers keep memory of their own. */
static int measurable(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0;
#else
    const char *preload = getenv("LD_PRELOAD");
    return preload == NULL || strstr(preload, "vgpreload") == NULL;
#endif
}

static void peak(const struct told *told, long most_mb, const char *what)
{
    ok(!measurable() || told->peak_kb < most_mb * 1000, "%s takes less than %ld MB (%ld kB)", what,
       most_mb, told->peak_kb);
}

static int fetch(int n)
{
    return (int)testdb_int(watch, "select count(*) from /*schema*/fetch('cut', %d)", n);
}

static void claims(void)
{
    testdb_sql(watch, "select /*schema*/create_queue('cut', '{\"keep_finished\": 0}')");
    testdb_sql(watch, "select /*schema*/send('cut', '1') from generate_series(1, 1000)");
    is_int(fetch(1000), 1000, "small jobs are claimed by the thousand");
    is_int(testdb_int(watch, "select payload_most from /*schema*/queue where name = 'cut'"), 0,
           "and nothing is noted of them");
    /* Compressed in storage: 2 MB and 1.2 kB of it. */
    fill("cut", 10, 2000000);
    fill("cut", 100, 100000);
    is_int(fetch(1000), 3, "a claim ends with the job that brings it to 4 MiB");
    is_int(fetch(1000), 3, "the next one goes on there");
    is_int(fetch(1000), 3, "and so on");
    is_int(fetch(1000), 1 + 22, "a claim of mixed sizes counts their bytes");
    is_int(fetch(5), 5, "a claim of less is not cut");
    testdb_sql(watch, "select /*schema*/send_many('cut', array_fill(jsonb_build_object('data', "
                      "repeat(md5('x'), 300000)), array[2]))");
    for (int i = 0; i < 2; i++)
        is_int(fetch(1000), i == 0 ? 42 : 31 + 1, "what was not taken is there for the next one");
    is_int(fetch(1000), 1, "a job that is larger alone is given alone");
    is_int(testdb_int(watch, "select count(*) from /*schema*/job_ready"), 0, "nothing is left");
    is_int(testdb_int(watch, "select payload_most from /*schema*/queue where name = 'cut'"),
           16 << 20, "the queue knows the size of its largest, as a power of two");
    testdb_sql(watch, "select /*schema*/delete_queue('cut')");
}

int main(void)
{
    dsn = testdb_create();
    watch = testdb_connect(dsn);
    testdb_sqlstate(watch, "set default_toast_compression = 'lz4'"); /* faster, where it is there */
    claims();
    for (const char *const *q = (const char *const[]){"hundred", "ten", "outputs", NULL}; *q; q++)
        testdb_sql(watch, "select /*schema*/create_queue('%s', '{\"keep_finished\": 0}')", *q);

    fill("hundred", 10000, 100000);
    struct told told = drain("hundred", 10, look);
    is_int(told.runs, 10000, "10,000 jobs of 100 kB were run");
    is_int(told.wrong, 0, "each payload was whole, and copied once");
    ok(told.claims <= 10000 / 8, "in batches (%d claims)", told.claims);
    peak(&told, 64, "that");

    fill("ten", 20, 10000000);
    told = drain("ten", 2, look);
    is_int(told.runs, 20, "20 jobs of 10 MB were run by two threads");
    is_int(told.wrong, 0, "each payload was whole, and copied once");
    peak(&told, 100, "that");

    fill("ten", 20, 10000000);
    told = drain("ten", 0, look);
    is_int(told.runs, 20, "and by a loop with room for a thousand");
    is_int(told.wrong, 0, "whole, and copied once");
    peak(&told, 100, "that");

    testdb_sql(watch, "select /*schema*/send('outputs') from generate_series(1, 300)");
    told = drain("outputs", 4, answer_much);
    is_int(told.runs, 300, "300 jobs with an output of 1 MiB each were run");
    peak(&told, 100, "that");
    return done();
}
