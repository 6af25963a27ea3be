/* SPDX-License-Identifier: MIT */
/* Any bytes on their way into the database: UTF-8 without NUL afterwards, within their limit. */
#include "fuzz.h"

#include "../../libqueue/base/utf8.h"

#include <stdlib.h>
#include <string.h>

const char fuzz_name[] = "utf8";

static void clean(const char *data, size_t len, size_t max)
{
    size_t n = 0;
    char *text = pgqi_utf8_clean(data, len, max, &n);
    if (text == NULL)
        abort();
    fuzz_check(n <= max && strlen(text) == n, "clean text keeps its limit and has no NUL");
    for (size_t i = 0; i < n;) {
        size_t c = pgqi_utf8_char((const unsigned char *)text + i, n - i);
        fuzz_check(c > 0, "clean text is UTF-8");
        i += c;
    }
    free(text);
}

void fuzz_one(const char *data, size_t len)
{
    clean(data, len, len);
    clean(data, len, len / 2);
}
