/* SPDX-License-Identifier: MIT */
/* The daemon's log lines, and the page that a worker shares with its supervisor. */
#include "../../worker/log.h"
#include "../../worker/shared.h"
#include "tap.h"

#include <unistd.h>

static char line[8192];

/* Logs with standard error turned into a pipe; the line is in `line`. */
static void logged(int json, const char *message, const char *key, const char *text)
{
    int ends[2], old = dup(STDERR_FILENO);
    if (pipe(ends) != 0)
        bail("no pipe");
    dup2(ends[1], STDERR_FILENO);
    log_setup(json, PGQUEUE_INFO);
    LOG(PGQUEUE_DEBUG, "not to be seen");
    LOG(PGQUEUE_INFO, message, log_text(key, text), log_number("job", 42));
    dup2(old, STDERR_FILENO);
    close(old);
    close(ends[1]);
    ssize_t n = read(ends[0], line, sizeof line - 1);
    close(ends[0]);
    line[n > 0 ? n : 0] = '\0';
}

static void has(const char *part, const char *sentence)
{
    if (!ok(strstr(line, part) != NULL, "%s", sentence))
        diag("line: %s", line);
}

static void lines(void)
{
    char many[6000];
    logged(0, "all is well", "queue", "mail");
    has(" level=info pid=", "a line has its level");
    has(" msg=\"all is well\" queue=mail job=42\n", "words are quoted where they must be");
    ok(strstr(line, "not to be seen") == NULL, "what is below the level is dropped");
    logged(0, "x", "queue",
           "a\nb\x1b[31m\"\\\x7f\xC2\x9B\xff"
           "\xC3\xA9");
    has("queue=\"a\\nb\\u001b[31m\\\"\\\\\\u007f\\ufffd\\ufffd\\ufffd\xC3\xA9\"",
        "nothing that a terminal obeys gets through");
    is_int(strcspn(line, "\n") + 1, strlen(line), "it stays one line");
    logged(1, "a \"b\"", "why", "connecting to postgres://u:hunter2@h failed");
    has("{\"ts\":\"", "JSON begins with the time");
    has(",\"msg\":\"a \\\"b\\\"\",\"why\":\"connecting to postgres://u:***@h "
        "failed\",\"job\":42}\n",
        "as JSON, without a password");
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    logged(1, "long", "why", many);
    ok(line[strlen(line) - 2] == '}' && line[strlen(line) - 1] == '\n',
       "a line that is too long is cut and still ends well");
}

static void gate(void)
{
    struct log_gate gate = {0};
    int64_t told = 0;
    int passed = 0;
    /* A tenth of a second may pass between any two of them: one more goes out then and tells of the
     * others. */
    for (int i = 0; i < 100; i++) {
        int64_t held = 0;
        if (log_gate_pass(&gate, &held)) {
            passed++;
            told += held;
        }
    }
    ok(passed >= 20 && passed < 30, "of a hundred lines at once some twenty pass");
    is_int(passed + told + atomic_load(&gate.held), 100, "the others are counted");
}

static void slots(void)
{
    static int64_t started[SHARED_SLOTS], culprits[SHARED_SLOTS];
    size_t guilty = 9;
    struct shared_page *page = shared_new();
    shared_start(page, 0, 10);
    struct shared_slot *crashed = shared_start(page, 3, 11);
    shared_start(page, -1, 12);
    shared_start(page, -1, 12 + SHARED_LOOP);
    shared_start(page, -1, 13);
    shared_finish(page, -1, 12);
    is_int(shared_jobs(page, started, culprits, &guilty), 4, "the jobs that run are found");
    is_int(guilty, 0, "nobody is to blame without a mark");
    atomic_store(&crashed->culprit, 1);
    shared_jobs(page, started, culprits, &guilty);
    is_int(guilty, 1, "a marked slot");
    is_int(culprits[0], 11, "names its job");
    shared_finish(page, -1, 12 + SHARED_LOOP);
    shared_finish(page, -1, 13);
    shared_finish(page, 0, 10);
    shared_finish(page, 3, 11);
    is_int(shared_jobs(page, started, culprits, &guilty), 0, "finished jobs are gone");
    ok(shared_start(page, SHARED_THREADS, 1) == NULL, "a thread beyond the page has no slot");
    shared_free(page);
}

static void counters(void)
{
    struct shared_page *page = shared_new(), *sum = shared_new();
    char name[32];
    atomic_fetch_add(&shared_queue(page, "a")->started, 3);
    atomic_fetch_add(&shared_queue(page, "b")->started, 1);
    atomic_fetch_add(&shared_queue(page, "a")->started, 2);
    shared_add(sum, page);
    shared_add(sum, page);
    is_int(atomic_load(&shared_queue(sum, "a")->started), 10, "pages add up by queue");
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "q%d", i);
        atomic_fetch_add(&shared_queue(page, name)->started, 1);
    }
    is_str(shared_queue(page, "another")->name, "(other)", "queues without a place count together");
    is_str(shared_queue(page, "a")->name, "a", "the first ones keep theirs");
    shared_set_text(page, "why");
    char text[sizeof page->text];
    shared_get_text(page, text);
    is_str(text, "why", "a text is read as it was written");
    shared_free(page);
    shared_free(sum);
}

int main(void)
{
    lines();
    gate();
    slots();
    counters();
    return done();
}
