/* SPDX-License-Identifier: MIT */
/* Command lines, good and bad, against a table of their own; knows no command of the program. */
#include "../../cli/help.h"
#include "../../cli/jsonout.h"
#include "../../cli/options.h"
#include "../../cli/text.h"
#include "tap.h"

static int run_nothing(struct cli *cli)
{
    (void)cli;
    return 0;
}

static const struct option list_options[] = {
    {"state", 0, VALUE_TEXT, "STATE", "only this state", 0, 0, 0},
    {"limit", 'n', VALUE_INTEGER, "N", "at most", 1, 100, 0},
    {"all", 'a', VALUE_FLAG, NULL, "everything", 0, 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};
static const struct option settings[] = {
    {"retry-limit", 0, VALUE_INTEGER, "N", "runs", 0, 10, 1},
    {"retry-delay", 0, VALUE_DURATION, "TIME", "delay", 0, 0, 0},
    {"retry-backoff", 0, VALUE_BOOLEAN, "BOOL", "backoff", 0, 0, 0},
    {"start-after", 0, VALUE_START, "TIME", "start", 0, 0, 0},
    {"dead-letter", 0, VALUE_TEXT, "QUEUE", "queue", 0, 0, 1},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};
static const struct command table[] = {
    {"ls", "", 0, 0, list_options, NULL, "list", run_nothing},
    {"queue create", "NAME", 1, 1, NULL, settings, "create", run_nothing},
    {"queue rm", "NAME...", 1, -1, NULL, NULL, "delete", run_nothing},
    {"sync user add", "NAME", 1, 1, NULL, NULL, "add", run_nothing},
    {"send", "QUEUE [JSON|-]", 1, 2, NULL, settings, "send", run_nothing},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};

static struct parsed parsed;
static struct buffer problem;

#define PARSE(...)                                                                                 \
    parse((const char *const[]){"pgqueue", __VA_ARGS__},                                           \
          sizeof((const char *const[]){"pgqueue", __VA_ARGS__}) / sizeof(const char *))

static int parse(const char *const *words, size_t count)
{
    char *argv[20] = {NULL};
    for (size_t i = 0; i < count; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    parsed_free(&parsed);
    memset(&parsed, 0, sizeof parsed);
    buffer_clear(&problem);
    return options_parse(table, (int)count, argv, &parsed, &problem);
}

/* The line is refused, and the reason is this. */
#define REFUSED(reason, ...)                                                                       \
    is_str(PARSE(__VA_ARGS__) == -1 ? problem.data : "(accepted)", reason, "refused: %s", reason)

static const char *settings_json(void)
{
    static struct buffer json;
    buffer_clear(&json);
    jsonout_begin(&json, '{');
    options_json(&parsed, &json);
    jsonout_end(&json, '}');
    return json.data;
}

static void test_places(void)
{
    ok(PARSE("-d", "host=x", "ls", "--json", "--state", "active", "-n5") == 0 && parsed.json,
       "global options stand before or after the command");
    is_str(parsed.conninfo, "host=x", "-d is read");
    is_str(option_text(&parsed, "state"), "active", "a value is the next word");
    is_int(option_integer(&parsed, "limit", 0), 5, "or sticks to the letter");
    ok(PARSE("ls", "--state=a=b", "-dhost=y") == 0, "or follows the equals sign");
    is_str(option_text(&parsed, "state"), "a=b", "only the first one counts");
    is_str(parsed.conninfo, "host=y", "-d may follow the command");
    ok(PARSE("queue", "--json", "create", "--schema", "Odd Name", "--", "--help") == 0,
       "options stand between the command's words, too");
    is_str(parsed.command->name, "queue create", "and the command is found");
    is_str(parsed.arguments[0], "--help", "after -- everything is an argument");
    is_str(parsed.schema, "Odd Name", "the schema is read");
    ok(PARSE("send", "mail", "-") == 0 && strcmp(parsed.arguments[1], "-") == 0,
       "a lone dash is an argument");
    ok(PARSE("sync", "user", "add", "Anna") == 0, "a command may have three words");
    ok(PARSE("queue", "rm", "a", "b", "c") == 0 && parsed.argument_count == 3,
       "a command may take any number of arguments");
    ok(PARSE("queue", "--help") == 0 && parsed.help, "a group of commands has help");
    ok(PARSE("--version") == 0 && parsed.version_only, "--version needs no command");
    ok(PARSE("send", "--help") == 0 && parsed.help, "help needs no arguments");
}

static void test_mistakes(void)
{
    REFUSED("--retry-limt: did you mean --retry-limit?", "send", "q", "--retry-limt", "3");
    REFUSED("--retry-li: did you mean --retry-limit?", "send", "q", "--retry-li=3");
    REFUSED("--jsn: did you mean --json?", "ls", "--jsn");
    REFUSED("--xyzzy: unknown option of ls; see pgqueue ls --help", "ls", "--xyzzy");
    REFUSED("--plan: unknown option before the command; see pgqueue --help", "--plan", "ls");
    REFUSED("-z: unknown option of ls; see pgqueue ls --help", "ls", "-z");
    REFUSED("unknown command \"lss\": did you mean ls?", "lss");
    REFUSED("unknown command \"queu\": did you mean queue?", "queu", "create");
    REFUSED("unknown command \"queue crate\": did you mean queue create?", "queue", "crate");
    REFUSED("unknown command \"doctor\"; see pgqueue --help", "doctor");
    REFUSED("queue needs one of: create, rm", "queue");
    REFUSED("sync needs one of: user", "sync");
    REFUSED("no command given; see pgqueue --help", "--json");
    REFUSED("usage: pgqueue send QUEUE [JSON|-]", "send");
    REFUSED("unexpected argument \"x\": usage: pgqueue ls", "ls", "x");
    REFUSED("--limit needs a value: N", "ls", "--limit");
    REFUSED("--all takes no value", "ls", "--all=1");
    REFUSED("--limit is given twice", "ls", "--limit", "1", "-n", "2");
    REFUSED("--schema: a name has 1 to 63 bytes", "--schema", "", "ls");
    REFUSED("argument 2 is not UTF-8 text", "send", "\xff\xfe");
    REFUSED("--state: the value is not UTF-8 text", "ls", "--state", "\xc0\x80");
}

static void test_values(void)
{
    REFUSED("--limit: \"0\" is not a whole number from 1 to 100", "ls", "--limit", "0");
    REFUSED("--limit: \"5x\" is not a whole number from 1 to 100", "ls", "--limit", "5x");
    REFUSED("--limit: \"99999999999999999999\" is not a whole number from 1 to 100", "ls",
            "--limit", "99999999999999999999");
    REFUSED("--retry-delay: \"-5\" is negative; give a duration from now on", "send", "q",
            "--retry-delay", "-5");
    REFUSED("--start-after: \"-5 min\" is negative; give a duration from now on", "send", "q",
            "--start-after", "-5 min");
    REFUSED("--retry-delay: \"1.2.3\" is not a number of seconds", "send", "q", "--retry-delay",
            "1.2.3");
    REFUSED("--retry-delay: give seconds or an interval such as '5 min'", "send", "q",
            "--retry-delay", "");
    REFUSED("--retry-backoff: \"maybe\" is neither true nor false", "send", "q", "--retry-backoff",
            "maybe");
    ok(PARSE("send", "q", "--retry-limit", "3", "--retry-delay", "5 min", "--retry-backoff", "off",
             "--start-after", "1.5", "--dead-letter", "a\"b\\c\n") == 0,
       "every type of value is read");
    is_str(settings_json(),
           "{\"retry_limit\":3,\"retry_delay\":\"5 min\",\"retry_backoff\":false,"
           "\"start_after\":1.5,\"dead_letter\":\"a\\\"b\\\\c\\u000a\"}",
           "values become JSON of their type");
    ok(PARSE("send", "q", "--retry-delay", "007.", "--start-after", ".5",
             "--retry-limit=", "--dead-letter", "") == 0,
       "an empty value is allowed where it means the default");
    is_str(settings_json(),
           "{\"retry_limit\":null,\"retry_delay\":7.0,\"start_after\":0.5,\"dead_letter\":null}",
           "numbers are spelled as JSON wants them");
    PARSE("send", "q");
    is_str(settings_json(), "{}", "no option is an empty object");
}

static void test_text(void)
{
    struct buffer out = BUFFER_INIT;
    const char hostile[] = "a\x1b[2J\xc2\x9b"
                           "1m\xe2\x80\xae\x7f\n\xff";
    text_for_terminal(&out, hostile, sizeof hostile - 1, 0);
    is_str(out.data, "a\\x1b[2J\\u009b1m\\u202e\\x7f\\n\\xff",
           "terminal escapes and direction marks are escaped");
    buffer_clear(&out);
    text_for_json(&out, "\"\xc2\x9b\xe2\x80\xae\xc3\xb6\"", 10);
    is_str(out.data, "\"\\u009b\\u202e\xc3\xb6\"", "in JSON they are escaped as JSON does");
    is_int((long long)text_columns("a\xc3\xb6\xe4\xbd\xa0\xf0\x9f\x90\x98"), 6,
           "wide characters take two columns");
    is_int((long long)text_columns("e\xcc\x81"), 1, "combining characters take none");
    ok(!text_is_utf8("\xed\xa0\x80", 3) && !text_is_utf8("\xf4\x90\x80\x80", 4) &&
           !text_is_utf8("\xe0\x80\x80", 3) && !text_is_utf8("\xc3", 1),
       "surrogates, overlong and cut forms are not UTF-8");
    ok(text_is_utf8("\xf4\x8f\xbf\xbf\xee\x80\x80", 7), "the last and the private ones are");
    buffer_free(&out);
}

static void test_help(void)
{
    struct buffer out = BUFFER_INIT;
    PARSE("send", "--help");
    help_print(table, &parsed, &out);
    ok(strstr(out.data, "--retry-limit N") != NULL && strstr(out.data, "--json") != NULL,
       "a command's help lists its options and the global ones");
    buffer_clear(&out);
    PARSE("queue", "--help");
    help_print(table, &parsed, &out);
    ok(strstr(out.data, "queue create") != NULL && strstr(out.data, "send QUEUE") == NULL,
       "a group's help lists its commands alone");
    buffer_free(&out);
}

int main(void)
{
    test_places();
    test_mistakes();
    test_values();
    test_text();
    test_help();
    parsed_free(&parsed);
    buffer_free(&problem);
    return done();
}
