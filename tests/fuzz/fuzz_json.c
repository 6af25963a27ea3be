/* SPDX-License-Identifier: MIT */
/* What a provider answers: json_scan and json_parse agree on what JSON is, and nothing else gets
 * through. */
#include "fuzz.h"

#include "../../orchestrator/base64.h"
#include "../../orchestrator/json.h"
#include "../../orchestrator/jsonscan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char fuzz_name[] = "json";

static void walk(const struct json_node *node, int depth)
{
    int64_t number;
    fuzz_check(depth <= JSON_MAX_DEPTH + 1, "no deeper than the limit");
    if (json_integer(node, &number))
        fuzz_check(number <= 9007199254740992 && number >= -9007199254740992,
                   "integers that a double holds");
    const char *text = json_string(node);
    if (text != NULL) {
        char quoted[64];
        size_t n = json_quote(text, quoted, sizeof quoted);
        size_t removed;
        size_t offset;
        fuzz_check(n < sizeof quoted && strlen(quoted) == n,
                   "a quoted string ends within its room");
        fuzz_check(json_scan(quoted, &n, &removed, &offset) == JSON_FINE,
                   "a quoted string is JSON");
    }
    size_t n = 0;
    for (const struct json_node *child = json_first(node); child != NULL;
         child = json_next(child), n++)
        walk(child, depth + 1);
    fuzz_check(n == json_count(node), "as many members as counted");
}

static void base64(const char *data, size_t len)
{
    unsigned char *bytes = malloc(len / 4 * 3 + 1);
    char *again = malloc(BASE64_LENGTH(len) + 1);
    if (bytes == NULL || again == NULL)
        abort();
    ssize_t n = base64_decode(data, len, bytes);
    if (n >= 0) {
        size_t m = base64_encode(bytes, (size_t)n, again);
        fuzz_check(m == len && memcmp(again, data, len) == 0, "base64 has one spelling");
    }
    free(bytes);
    free(again);
}

void fuzz_one(const char *data, size_t len)
{
    char message[64] = "";
    size_t removed = 0;
    size_t offset = 0;
    size_t n = len;
    char *text = malloc(len > 0 ? len : 1);
    if (text == NULL)
        abort();
    memcpy(text, data, len);
    enum json_fault fault = json_scan(text, &n, &removed, &offset);
    fuzz_check(n + 6 * removed == len || fault != JSON_FINE, "what was removed is told");
    fuzz_check(offset <= len, "the fault lies within the text");
    fuzz_check(json_fault_text(fault) != NULL, "each fault has a text");
    /* What a scan that found a fault leaves is neither the old text nor a new one. */
    struct json *json = fault == JSON_FINE ? json_parse(text, n, message, sizeof message)
                                           : json_parse(data, len, message, sizeof message);
    fuzz_check((json != NULL) == (fault == JSON_FINE), "scan and parse agree");
    if (json != NULL)
        walk(json_root(json), 0);
    else
        fuzz_check(message[0] != '\0', "a refusal says why");
    json_free(json);
    free(text);
    base64(data, len);
}
