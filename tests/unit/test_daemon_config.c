/* SPDX-License-Identifier: MIT */
/* The daemon's configuration: mistakes are told with file, line and what would be right; values
 * come in one form. */
#include "../../worker/config_load.h"
#include "../../worker/redact.h"
#include "../../worker/value.h"
#include "tap.h"

#include <unistd.h>

static char said[8192];

static void keep(void *user, const char *text)
{
    (void)user;
    strncat(said, text, sizeof said - strlen(said) - 2);
    strncat(said, "\n", 2);
}

/* Reads text as a file; the mistakes are in said. */
static struct config *load(const char *text, int *mistakes)
{
    char path[] = "/var/tmp/pgqueued.XXXXXX";
    int fd = mkstemp(path);
    struct config *config = NULL;
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        bail("no scratch file");
    close(fd);
    said[0] = '\0';
    *mistakes = config_load(path, keep, NULL, &config);
    unlink(path);
    return config;
}

/* A wrong line somewhere: is it said, with its number? */
static void refused(const char *text, int line, const char *what)
{
    char number[32];
    int mistakes;
    config_free(load(text, &mistakes));
    snprintf(number, sizeof number, ":%d: ", line);
    if (!ok(mistakes > 0 && strstr(said, number) != NULL && strstr(said, what) != NULL,
            "line %d is refused: %s", line, what))
        diag("said: %s", said);
}

#define QUEUE     "[queue mail]\nhandler = exec:true\n"
#define TEN_X     "xxxxxxxxxx"
#define HUNDRED_X TEN_X TEN_X TEN_X TEN_X TEN_X TEN_X TEN_X TEN_X TEN_X TEN_X
#define SCHEDULE  QUEUE "[schedule s]\nqueue = mail\n"

static void wrong_ones(void)
{
    refused(SCHEDULE "cron = 61 * * * *\n", 5, "minute \"61\" (0 to 59)");
    refused(SCHEDULE "cron = 0 0 30 feb *\n", 5, "never comes");
    refused(SCHEDULE "cron = @dayly\n", 5, "@daily");
    refused(SCHEDULE "cron = * * * *\n", 5, "4 fields");
    refused(SCHEDULE "cron = @daily\ntz = UTC+3\n", 6, "Europe/Berlin");
    refused(SCHEDULE "cron = @daily\ndata = {\"a\": 1,}\n", 6, "data = ...: must be JSON");
    refused(QUEUE "[sync]\nschedule = 0 2\n", 4, "2 fields");
    refused(QUEUE "[sync]\ntz = +02:00\n", 4, "IANA");
    refused(QUEUE "retry_limits = 3\n", 3, "did you mean \"retry_limit\"?");
    refused(QUEUE "colour = red\n", 3, "there are handler, concurrency");
    refused(QUEUE HUNDRED_X " = red\n", 3, "there are handler, concurrency");
    refused(QUEUE "[worekr]\n", 3, "did you mean [worker]?");
    refused(QUEUE "[kitchen]\n", 3,
            "there are database, worker, queue NAME, schedule KEY, http, sync, provider NAME");
    refused(QUEUE "retry_limit = -1\n", 3, "from 0 to 32000");
    refused(QUEUE "retry_limit = 3 # more\n", 3, "must be a whole number");
    refused(QUEUE "retry_delay = fast\n", 3, "a duration like 30s");
    refused(QUEUE "retry_delay = -5\n", 3, "a duration like 30s");
    refused(QUEUE "retry_backoff = maybe\n", 3, "true or false");
    refused(QUEUE "retry_limit = 3\nretry_limit = 4\n", 4, "already given in line 3");
    refused(QUEUE QUEUE, 3, "is already there, in line 1");
    refused("handler = x\n" QUEUE, 1, "before the first [section]");
    refused(QUEUE "retry_limit\n", 3, "neither");
    refused(QUEUE "= 3\n", 3, "no key");
    refused(QUEUE "retry_limit =\n", 3, "no value");
    refused(QUEUE "[worker\n", 3, "closing ]");
    refused("[queue]\nhandler = exec:true\n", 1, "[queue NAME]");
    refused(QUEUE "[worker main]\n", 3, "has no name");
    refused("[queue a]\n", 1, "needs \"handler\"");
    refused("[queue a]\nhandler = true\n", 2, "exec:COMMAND or module:FILE.so:NAME");
    refused("[queue a]\nhandler = exec:\n", 2, "needs a command");
    refused("[queue a]\nhandler = module:a.so\n", 2, "module:FILE.so:NAME");
    refused("[queue a]\nhandler = http://a/b\n", 2, "not built yet");
    refused("[queue a]\nhandler = module:a.so:b\nenv = A\n", 3, "env is for exec");
    refused("[worker]\n", 1, "nothing to work on");
    refused(QUEUE "[schedule s]\nqueue = mail\n", 3, "needs \"cron\"");
    refused(QUEUE "[http]\nlisten = 0.0.0.0:80\n", 4, "needs a key_file");
    refused(QUEUE "[http]\nlisten = localhost:80\n", 4, "127.0.0.1:PORT");
    refused(QUEUE "[http]\nlisten = 127.0.0.1:65536\n", 4, "127.0.0.1:PORT");
    refused(QUEUE "[http]\nlisten = unix:run/x\n", 4, "absolute path");
    refused(QUEUE "[http]\n", 3, "needs \"listen\"");
    refused(QUEUE "[database]\ndsn = x\nhost = y\n", 5, "no place beside \"dsn\"");
    refused(QUEUE "[worker]\nlog_format = xml\n", 4, "one of logfmt|json");
    refused(QUEUE "[database]\nconnect_timeout = soon\npassword = hunter2\n", 4, "whole number");
    ok(strstr(said, "hunter2") == NULL, "a mistake elsewhere shows no password");
}

static void right_one(void)
{
    int mistakes;
    struct config *config = load("\xEF\xBB\xBF# comment\r\n; another\r\n[database]\r\n"
                                 "host = /run/x\npassword = it's \\ secret\n"
                                 "[worker]\nprocesses = 3\ndrain_timeout = 1m30s\n"
                                 "[queue two words]\nhandler = exec:cat | \\\n   wc -c\n"
                                 "retry_delay = 2m\nretry_backoff = off\n"
                                 "dead_letter = a\"b\\c\npolicy = standard\nkeep_finished = 2\n"
                                 "[sync]\nkey_file = vault.key\nspacing = 250ms\n",
                                 &mistakes);
    if (!is_int(mistakes, 0, "a right configuration is read")) {
        diag("%s", said);
        return;
    }
    const struct config_section *queue = config_section(config, "queue", 0);
    is_str(queue->name, "two words", "a section's name may hold blanks");
    is_str(config_value(queue, "queue", "handler"), "exec:cat | wc -c",
           "a backslash joins two lines by a blank");
    is_int(config_number(config, "worker", "drain_timeout"), 90, "durations are seconds");
    is_int(config_number(config, "worker", "concurrency"), 10, "what is not given has its default");
    is_str(config_value(config_section(config, "sync", 0), "sync", "spacing"), "0.25",
           "durations may be parts of a second");
    is_str(config_value(NULL, "sync", "window"), "72000", "a section that is missing has defaults");
    is_int(config_line(queue, "retry_delay"), 12, "a key knows its line, joined ones before it");
    is_str(config->conninfo, "host='/run/x' password='it\\'s \\\\ secret' ",
           "keywords are quoted for libpq");
    char *options = config_options(queue);
    is_str(options,
           "{\"retry_delay\":120,\"retry_backoff\":false,\"dead_letter\":\"a\\\"b\\\\c\","
           "\"policy\":\"standard\",\"keep_finished\":2}",
           "a queue's options become JSON");
    free(options);
    char expected[256];
    snprintf(expected, sizeof expected, "%s/vault.key", config->folder);
    is_str(config_value(config_section(config, "sync", 0), "sync", "key_file"), expected,
           "a file is looked up beside the configuration");

    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    config_print(config, stream);
    fclose(stream);
    ok(strstr(text, "secret") == NULL && strstr(text, "password = ***") != NULL,
       "it is printed without the password");
    ok(strstr(text, "# concurrency = 10 (default)\n") != NULL, "and with the defaults");
    free(text);
    config_free(config);
}

static void where_the_database_is(void)
{
    int mistakes;
    setenv("PGQUEUE_DSN", "dbname=one", 1);
    setenv("DATABASE_URL", "dbname=two", 1);
    struct config *config = load(QUEUE, &mistakes);
    is_str(config->conninfo, "dbname=one", "without [database] PGQUEUE_DSN counts first");
    config_free(config);
    unsetenv("PGQUEUE_DSN");
    config = load(QUEUE "[database]\nschema = other\n", &mistakes);
    is_str(config->conninfo, "dbname=two", "then DATABASE_URL, also when only a schema is given");
    config_free(config);
    unsetenv("DATABASE_URL");
    config = load(QUEUE, &mistakes);
    is_str(config->conninfo, "", "then libpq's own environment");
    config_free(config);
}

static void duration(const char *text, const char *seconds)
{
    const struct value_rule rule = {VALUE_DURATION, 0, 1e9, NULL};
    char out[64] = "", why[128];
    int rc = value_check(&rule, text, out, sizeof out, why, sizeof why);
    is_str(rc == 0 ? out : NULL, seconds, "\"%s\" is %s seconds", text,
           seconds != NULL ? seconds : "no number of");
}

static void redacted(const char *text, const char *expected)
{
    char out[256];
    redact(text, out, sizeof out);
    is_str(out, expected, "no secret is left of %s", expected);
}

int main(void)
{
    unsetenv("PGQUEUE_DSN");
    unsetenv("DATABASE_URL");
    wrong_ones();
    right_one();
    where_the_database_is();
    duration("90", "90");
    duration("1.5h", "5400");
    duration("1h 30m", "5400");
    duration("1d", "86400");
    duration("250ms", "0.25");
    duration("", NULL);
    duration("1h30", NULL);
    duration("1e3", NULL);
    duration("0x10", NULL);
    duration("inf", NULL);
    duration("+1s", NULL);
    duration("1..5s", NULL);
    redacted("postgres://u:pw@h/db", "postgres://u:***@h/db");
    redacted("postgres://u:p@ss/w@h/db", "postgres://u:***@h/db");
    redacted("postgres://u@h:5432/db?password=pw&x=1", "postgres://u@h:5432/db?password=***&x=1");
    redacted("host=h password = 'a \\' b' user=u", "host=h password = *** user=u");
    redacted("password=pw", "password=***");
    redacted("FATAL: password authentication failed", "FATAL: password authentication failed");
    redacted("listening on http://127.0.0.1:80/", "listening on http://127.0.0.1:80/");
    return done();
}
