/* SPDX-License-Identifier: MIT */
/* Tests the reading of JSON from a provider: what is refused, where, and what is left of it. */
#include "../../orchestrator/json.h"
#include "../../orchestrator/jsonscan.h"

#include "tap.h"

#include <stdint.h>

struct scanned {
    char text[4096];
    size_t len, removed, offset;
    enum json_fault fault;
};

static struct scanned scan(const char *text, size_t len)
{
    struct scanned s = {.len = len};
    memcpy(s.text, text, len);
    s.fault = json_scan(s.text, &s.len, &s.removed, &s.offset);
    s.text[s.len] = '\0';
    return s;
}

#define SCAN(text) scan(text, sizeof(text) - 1)

static void grammar(void)
{
    static const char *const good[] = {"null",
                                       " true ",
                                       "[]",
                                       "{}",
                                       "[ ]",
                                       "{ }",
                                       "0",
                                       "-0",
                                       "-1.5e+10",
                                       "1E400",
                                       "[1,2,3]",
                                       "{\"a\":{\"b\":[]}}",
                                       "\"\\u00e9\"",
                                       "\"\\ud83d\\ude00\"",
                                       "\"\xf0\x9f\x98\x80\"",
                                       "[[[],[]],{}]",
                                       "\t\r\n[1]\n",
                                       "\"\\/\\b\\f\\n\\r\\t\\\\\\\"\""};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct scanned s = scan(good[i], strlen(good[i]));
        ok(s.fault == JSON_FINE && strcmp(s.text, good[i]) == 0, "valid text %zu stays as it is",
           i);
    }
    static const char *const bad[] = {
        "",           " ",         "nul",         "[1,]",      "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}", "[1",        "{",           "\"",        "\"a",     "01",
        "1.",         ".5",        "-",           "+1",        "1e",      "1e+",
        "[1 2]",      "[1]]",      "{}{}",        "{a:1}",     "'a'",     "[,1]",
        "\"\\x\"",    "\"\\u12\"", "\"\\u12g4\"", "\"\t\"",    "tru",     "NaN",
        "[1}",        "{\"a\":1]", "\"\\",        "{\"a\" 1}", "{1:2}",   "/**/1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct scanned s = scan(bad[i], strlen(bad[i]));
        is_int(s.fault, JSON_BROKEN, "malformed text %zu is refused", i);
        ok(json_parse(bad[i], strlen(bad[i]), NULL, 0) == NULL, "and does not parse");
    }
    is_int(SCAN("\"a\0b\"").fault, JSON_BROKEN, "a raw zero byte is refused");
    is_int(SCAN("1\0").fault, JSON_BROKEN, "a zero byte behind the value is refused");
}

static void text(void)
{
    static const struct {
        const char *text;
        int fault;
        size_t offset;
    } cases[] = {
        {"[\"\xff\"]", JSON_ENCODING, 2},
        {"[\"\xc0\xaf\"]", JSON_ENCODING, 2},
        {"[\"ab\xe2\x82\"]", JSON_ENCODING, 4},
        {"\"\xed\xa0\x80\"", JSON_ENCODING, 1},
        {"\"\xf4\x90\x80\x80\"", JSON_ENCODING, 1},
        {"\"\xf0\x80\x80\x80\"", JSON_ENCODING, 1},
        {"\"\x80\"", JSON_ENCODING, 1},
        {"\"\xe2\x82", JSON_ENCODING, 1},
        {"\"x\\ud83d\"", JSON_SURROGATE, 2},
        {"\"x\\ud83dy\"", JSON_SURROGATE, 2},
        {"\"\\ude00\"", JSON_SURROGATE, 1},
        {"\"\\ud83d\\u0041\"", JSON_SURROGATE, 1},
        {"\"\\ud83d\\ud83d\"", JSON_SURROGATE, 1},
        {"[1e401]", JSON_NUMBER, 3},
        {"[1e-99999999999999999999]", JSON_NUMBER, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scanned s = scan(cases[i].text, strlen(cases[i].text));
        is_int(s.fault, cases[i].fault, "fault of text %zu", i);
        is_int(s.offset, cases[i].offset, "and where it is");
    }
}

static void zero_characters(void)
{
    struct scanned s = SCAN("{\"a\\u0000b\":\"\\u0000x\\u0000\",\"c\":\"\\\\u0000\"}");
    is_int(s.fault, JSON_FINE, "escaped U+0000 is no fault");
    is_str(s.text, "{\"ab\":\"x\",\"c\":\"\\\\u0000\"}",
           "it is removed, and an escaped backslash is none");
    is_int(s.removed, 3, "and counted");
    s = SCAN("\"\\u0000\\ud83d\"");
    is_int(s.offset, 7, "offsets are those of the text as given");
}

static void depth(void)
{
    char open[2 * JSON_MAX_DEPTH + 3];
    memset(open, '[', JSON_MAX_DEPTH);
    memset(open + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
    is_int(scan(open, 2 * JSON_MAX_DEPTH).fault, JSON_FINE, "the deepest allowed text is fine");
    memset(open, '[', JSON_MAX_DEPTH + 1);
    memset(open + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
    struct scanned s = scan(open, 2 * (JSON_MAX_DEPTH + 1));
    is_int(s.fault, JSON_DEPTH, "one level more is refused");
    is_int(s.offset, JSON_MAX_DEPTH, "where it begins");
}

static void reading(void)
{
    static const char source[] =
        "{\"meta\":{\"code\":200,\"errorType\":\"deprecated\",\"code2\":2e2},"
        "\"a\":[1,{\"b\":null}],\"x\":1,\"x\":2,\"big\":9007199254740993000,"
        "\"half\":0.5,\"e\":\"\\u0000\"}";
    char message[200] = "";
    struct json *json = json_parse(source, sizeof source - 1, message, sizeof message);
    if (!ok(json != NULL, "a text parses"))
        bail("%s", message);
    const struct json_node *root = json_root(json);
    int64_t n = 0;
    is_str(json_string(json_at(root, "meta.errorType")), "deprecated",
           "a string is found by its path");
    ok(json_integer(json_at(root, "meta.code"), &n) && n == 200, "a number is found by its path");
    ok(json_integer(json_at(root, "meta.code2"), &n) && n == 200, "2e2 is a whole number");
    ok(json_integer(json_at(root, "x"), &n) && n == 2,
       "the last of equal names counts, as in jsonb");
    ok(!json_integer(json_at(root, "big"), &n),
       "a number beyond 2^53 is not read through a double");
    ok(!json_integer(json_at(root, "half"), &n), "0.5 is no whole number");
    ok(!json_integer(json_at(root, "meta"), &n), "an object is no number");
    ok(json_at(root, "meta.nothing") == NULL, "what is not there is not found");
    ok(json_at(root, "met") == NULL, "half a name finds nothing");
    ok(json_at(json_at(root, "nothing"), "more") == NULL, "nor does a path below nothing");
    is_str(json_string(json_at(root, "x")), NULL, "a number is no string");
    is_int(json_count(json_at(root, "a")), 2, "an array is counted");
    is_int(json_count(json_at(root, "x")), 0, "a number has no members");
    is_str(json_name(json_first(root)), "meta", "members are walked in order");
    is_str(json_name(json_next(json_first(root))), "a", "one after another");
    ok(json_next(json_next(json_first(json_at(root, "a")))) == NULL, "to their end");
    is_str(json_string(json_at(root, "e")), "", "U+0000 is removed");
    json_free(json);
    json_free(NULL);
    ok(json_parse("[1,", 3, message, sizeof message) == NULL, "half a text does not parse");
    is_str(message, "is not valid JSON at byte 3", "and the message says where");
}

static void quoting(void)
{
    char out[64];
    json_quote("a\"b\\c\n\x01\x7f\xc3\xa9\xff", out, sizeof out);
    is_str(out, "\"a\\\"b\\\\c\\u000a\\u0001\x7f\xc3\xa9?\"",
           "a string is quoted, bytes of no character become ?");
    for (size_t size = 3; size < 20; size++) {
        memset(out, 'z', sizeof out);
        size_t n = json_quote("\xf0\x9f\x98\x80\"\xf0\x9f\x98\x80", out, size);
        size_t removed, offset, len = n;
        if (n >= size || out[n] != '\0' || json_scan(out, &len, &removed, &offset) != JSON_FINE) {
            ok(0, "a string cut to %zu bytes is valid", size);
            return;
        }
    }
    ok(1, "a string cut to any length is valid JSON");
}

int main(void)
{
    grammar();
    text();
    zero_characters();
    depth();
    reading();
    quoting();
    return done();
}
