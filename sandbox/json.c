/* SPDX-License-Identifier: MIT */
/* Checks JSON with cJSON and cuts original text out of it; does not know what the text means. */
#include "json.h"

#include <ctype.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <event2/buffer.h>

#include "number.h"

bool json_is_valid(struct slice text)
{
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(text.at, text.len, &end, 0);
    if (!tree)
        return false;
    cJSON_Delete(tree);
    for (const char *p = end; p < text.at + text.len; p++) {
        if (!isspace((unsigned char)*p))
            return false;
    }
    return true;
}

static void skip_space(struct slice *s)
{
    while (s->len > 0 && isspace((unsigned char)*s->at)) {
        s->at++;
        s->len--;
    }
}

static void skip(struct slice *s, size_t n)
{
    n = n < s->len ? n : s->len;
    s->at += n;
    s->len -= n;
}

static size_t string_length(struct slice s)
{
    for (size_t i = 1; i < s.len; i++) {
        if (s.at[i] == '\\')
            i++;
        else if (s.at[i] == '"')
            return i + 1;
    }
    return s.len;
}

/* How long the value at the front of s is; brackets inside strings do not count. */
static size_t value_length(struct slice s)
{
    size_t i = 0;
    int depth = 0;
    while (i < s.len) {
        char c = s.at[i];
        if (c == '"') {
            i += string_length((struct slice){s.at + i, s.len - i});
            if (depth == 0)
                return i;
            continue;
        }
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return i;
            if (--depth == 0)
                return i + 1;
        } else if (depth == 0 && (c == ',' || isspace((unsigned char)c))) {
            return i;
        }
        i++;
    }
    return i;
}

static struct slice take_value(struct slice *s)
{
    skip_space(s);
    struct slice value = {s->at, value_length(*s)};
    skip(s, value.len);
    skip_space(s);
    return value;
}

bool json_member(struct slice object, const char *name, struct slice *out)
{
    size_t name_len = strlen(name);
    skip_space(&object);
    if (object.len == 0 || *object.at != '{')
        return false;
    do {
        skip(&object, 1); /* the brace or a comma */
        struct slice key = take_value(&object);
        if (key.len < 2 || *key.at != '"')
            return false;
        skip(&object, 1); /* the colon */
        struct slice value = take_value(&object);
        if (key.len == name_len + 2 && memcmp(key.at + 1, name, name_len) == 0) {
            *out = value;
            return true;
        }
    } while (object.len > 0 && *object.at == ',');
    return false;
}

bool json_next_element(struct slice *rest, struct slice *out)
{
    skip_space(rest);
    if (rest->len == 0 || (*rest->at != '[' && *rest->at != ','))
        return false;
    skip(rest, 1);
    *out = take_value(rest);
    return out->len > 0;
}

bool json_integer(struct slice value, int64_t *out)
{
    char text[24];
    if (value.len == 0 || value.len >= sizeof(text))
        return false;
    memcpy(text, value.at, value.len);
    text[value.len] = '\0';
    return number_parse(text, INT64_MIN, INT64_MAX, out);
}

bool json_plain_string(struct slice value, struct slice *out)
{
    if (value.len < 2 || *value.at != '"' || memchr(value.at, '\\', value.len))
        return false;
    *out = (struct slice){value.at + 1, value.len - 2};
    return true;
}

bool json_each_scalar(struct slice text,
                      void (*each)(void *user, const char *name, const char *value), void *user)
{
    bool good = json_is_valid(text);
    cJSON *tree = good ? cJSON_ParseWithLength(text.at, text.len) : NULL;
    good = cJSON_IsObject(tree);
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, tree)
    {
        if (cJSON_IsString(member)) {
            each(user, member->string, member->valuestring);
        } else if (cJSON_IsNumber(member) || cJSON_IsBool(member)) {
            char *printed = cJSON_PrintUnformatted(member);
            if (printed)
                each(user, member->string, printed);
            good = good && printed;
            cJSON_free(printed);
        } else if (!cJSON_IsNull(member)) {
            good = false;
        }
    }
    cJSON_Delete(tree);
    return good;
}

/* Takes one code point off UTF-8 that is known to be well formed (it comes from our own tables). */
static unsigned take_code_point(const char **utf8)
{
    const unsigned char *p = (const unsigned char *)*utf8;
    unsigned code = *p;
    int more = code < 0x80 ? 0 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;
    if (more > 0)
        code &= 0x3fu >> more;
    int i = 1;
    for (; i <= more && p[i] != '\0'; i++)
        code = code << 6 | (p[i] & 0x3fu);
    *utf8 += i;
    return code;
}

void json_add_escaped(struct evbuffer *out, const char *utf8, bool ascii)
{
    while (*utf8) {
        const char *start = utf8;
        unsigned code = take_code_point(&utf8);
        if (code == '"' || code == '\\')
            evbuffer_add_printf(out, "\\%c", (char)code);
        else if (code == '/' && !ascii)
            evbuffer_add(out, "\\/", 2);
        else if (code == '\n')
            evbuffer_add(out, "\\n", 2);
        else if (code < 0x20 || (ascii && code > 0x7e && code < 0x10000))
            evbuffer_add_printf(out, "\\u%04x", code);
        else if (ascii && code >= 0x10000)
            evbuffer_add_printf(out, "\\u%04x\\u%04x", 0xd800u + ((code - 0x10000) >> 10),
                                0xdc00u + ((code - 0x10000) & 0x3ffu));
        else
            evbuffer_add(out, start, (size_t)(utf8 - start));
    }
}

int json_utf16_length(const char *utf8)
{
    int units = 0;
    while (*utf8)
        units += take_code_point(&utf8) >= 0x10000 ? 2 : 1;
    return units;
}
