/* SPDX-License-Identifier: MIT */
/* json.c: reads single facts out of JSON text; the only file that knows cJSON. */
#include "json.h"

#include "jsonscan.h"

#include <cjson/cJSON.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A json_node is cJSON's own item under another name. */
struct json {
    cJSON *root;
};

static const cJSON *item(const struct json_node *node)
{
    return (const cJSON *)(const void *)node;
}

static const struct json_node *node_of(const cJSON *value)
{
    return (const struct json_node *)(const void *)value;
}

static void explain(char *message, size_t size, const char *what, size_t offset)
{
    if (message != NULL)
        snprintf(message, size, "%s at byte %zu", what, offset);
}

struct json *json_parse(const char *text, size_t len, char *message, size_t message_size)
{
    struct json *json = calloc(1, sizeof *json);
    char *copy = malloc(len + 1);
    size_t kept = len, removed = 0, offset = 0;
    enum json_fault fault = JSON_BROKEN;
    if (message != NULL)
        snprintf(message, message_size, "out of memory");
    if (json == NULL || copy == NULL)
        goto out;
    memcpy(copy, text, len);
    copy[len] = '\0';
    fault = json_scan(copy, &kept, &removed, &offset);
    if (fault != JSON_FINE) {
        explain(message, message_size, json_fault_text(fault), offset);
        goto out;
    }
    json->root = cJSON_ParseWithLength(copy, kept);
out:
    if (copy != NULL)
        explicit_bzero(copy, len + 1);
    free(copy);
    if (json != NULL && json->root != NULL)
        return json;
    free(json);
    return NULL;
}

/* The text may hold tokens: strings are overwritten before they are freed. */
static void wipe(cJSON *value)
{
    for (; value != NULL; value = value->next) {
        if (value->valuestring != NULL && (value->type & cJSON_IsReference) == 0)
            explicit_bzero(value->valuestring, strlen(value->valuestring));
        wipe(value->child);
    }
}

void json_free(struct json *json)
{
    if (json == NULL)
        return;
    wipe(json->root);
    cJSON_Delete(json->root);
    free(json);
}

const struct json_node *json_root(const struct json *json)
{
    return node_of(json->root);
}

const struct json_node *json_at(const struct json_node *node, const char *path)
{
    const cJSON *at = item(node);
    while (at != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        const cJSON *found = NULL;
        if (cJSON_IsObject(at)) {
            const cJSON *child;
            /* The last one of equal names, as jsonb. */
            cJSON_ArrayForEach(child, at)
            {
                if (strlen(child->string) == len && memcmp(child->string, path, len) == 0)
                    found = child;
            }
        }
        at = found;
        path += len;
        if (*path == '.')
            path++;
    }
    return node_of(at);
}

bool json_is_object(const struct json_node *node)
{
    return cJSON_IsObject(item(node)) != 0;
}

bool json_is_array(const struct json_node *node)
{
    return cJSON_IsArray(item(node)) != 0;
}

const char *json_string(const struct json_node *node)
{
    return cJSON_IsString(item(node)) ? item(node)->valuestring : NULL;
}

bool json_integer(const struct json_node *node, int64_t *out)
{
    static const double limit = 9007199254740992.0; /* 2^53: every whole number below is exact */
    if (!cJSON_IsNumber(item(node)))
        return false;
    double value = item(node)->valuedouble;
    if (!(value >= -limit && value <= limit) || trunc(value) < value || trunc(value) > value)
        return false;
    *out = (int64_t)value;
    return true;
}

size_t json_count(const struct json_node *node)
{
    if (!json_is_array(node) && !json_is_object(node))
        return 0;
    return (size_t)cJSON_GetArraySize(item(node));
}

const struct json_node *json_first(const struct json_node *node)
{
    return node == NULL ? NULL : node_of(item(node)->child);
}

const struct json_node *json_next(const struct json_node *node)
{
    return node == NULL ? NULL : node_of(item(node)->next);
}

const char *json_name(const struct json_node *node)
{
    return node == NULL ? NULL : item(node)->string;
}

size_t json_quote(const char *text, char *out, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0, left = strlen(text);
    out[used++] = '"';
    while (left > 0) {
        char piece[7];
        unsigned char c = (unsigned char)*text;
        size_t n = json_character(text, left), take = n > 0 ? n : 1, len;
        if (n == 0) {
            piece[0] = '?';
            len = 1;
        } else if (c == '"' || c == '\\') {
            piece[0] = '\\';
            piece[1] = (char)c;
            len = 2;
        } else if (c < 0x20) {
            memcpy(piece, "\\u00", 4);
            piece[4] = hex[c >> 4];
            piece[5] = hex[c & 15];
            len = 6;
        } else {
            memcpy(piece, text, n);
            len = n;
        }
        if (used + len + 2 > size)
            break;
        memcpy(out + used, piece, len);
        used += len;
        text += take;
        left -= take;
    }
    out[used++] = '"';
    out[used] = '\0';
    return used;
}
