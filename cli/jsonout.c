/* SPDX-License-Identifier: MIT */
/* jsonout.c: writes small JSON texts. It reads none, and does not know what they say. */
#include "jsonout.h"

#include "text.h"

#include <inttypes.h>
#include <string.h>

/* A value or key begins: a comma unless it is the first of its object or array. */
static void separate(struct buffer *out)
{
    char last = out->len > 0 ? out->data[out->len - 1] : '{';
    if (last != '{' && last != '[' && last != ':' && last != '\n')
        buffer_char(out, ',');
}

void jsonout_begin(struct buffer *out, char bracket)
{
    if (out->len > 0)
        separate(out);
    buffer_char(out, bracket);
}

void jsonout_end(struct buffer *out, char bracket)
{
    buffer_char(out, bracket);
}

static void add_string(struct buffer *out, const char *text)
{
    struct buffer escaped = BUFFER_INIT;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            buffer_format(&escaped, "\\%c", c);
        else if (c < 0x20)
            buffer_format(&escaped, "\\u%04x", c);
        else
            buffer_char(&escaped, (char)c);
    }
    buffer_char(out, '"');
    if (escaped.len > 0)
        text_for_json(out, escaped.data, escaped.len);
    buffer_char(out, '"');
    buffer_free(&escaped);
}

void jsonout_key(struct buffer *out, const char *key)
{
    separate(out);
    add_string(out, key);
    buffer_char(out, ':');
}

void jsonout_text(struct buffer *out, const char *text)
{
    separate(out);
    if (text == NULL)
        buffer_text(out, "null");
    else
        add_string(out, text);
}

void jsonout_integer(struct buffer *out, int64_t value)
{
    separate(out);
    buffer_format(out, "%" PRId64, value);
}

void jsonout_boolean(struct buffer *out, int value)
{
    jsonout_raw(out, value ? "true" : "false");
}

void jsonout_raw(struct buffer *out, const char *json)
{
    separate(out);
    buffer_text(out, json);
}
