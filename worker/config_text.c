/* SPDX-License-Identifier: MIT */
/*
 * config_text.c: the configuration written out: as a file, and its options as JSON.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "redact.h"

/* Bytes that a JSON string of text needs at most, with its quotes. */
static size_t json_string_max(const char *text)
{
    return 6 * strlen(text) + 2;
}

static char *put_json_string(char *at, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    *at++ = '"';
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            *at++ = '\\';
            *at++ = *text;
        } else if (c < 0x20) {
            memcpy(at, "\\u00", 4);
            at[4] = hex[c >> 4];
            at[5] = hex[c & 15];
            at += 6;
        } else {
            *at++ = *text;
        }
    }
    *at++ = '"';
    return at;
}

static char *put_value(char *at, const struct config_entry *entry)
{
    size_t len = strlen(entry->value);
    if (entry->key->rule.type == VALUE_TEXT || entry->key->rule.type == VALUE_CHOICE)
        return put_json_string(at, entry->value);
    memcpy(at, entry->value, len); /* numbers, true and false are JSON already */
    return at + len;
}

char *config_options(const struct config_section *section)
{
    size_t size = 3;
    for (struct config_entry *e = section->entries; e != NULL; e = e->next)
        if (e->key->flags & KEY_OPTION)
            size += json_string_max(e->key->name) + json_string_max(e->value) + 2;
    char *json = malloc(size);
    if (json == NULL)
        return NULL;
    char *at = json;
    *at++ = '{';
    for (struct config_entry *e = section->entries; e != NULL; e = e->next) {
        if (!(e->key->flags & KEY_OPTION))
            continue;
        if (at[-1] != '{')
            *at++ = ',';
        at = put_json_string(at, e->key->name);
        *at++ = ':';
        at = put_value(at, e);
    }
    *at++ = '}';
    *at = '\0';
    return json;
}

static void print_entry(FILE *stream, const struct key *key, const char *value, int given)
{
    char text[1024];
    if (value == NULL)
        return;
    if (key->flags & KEY_CONNINFO && key->flags & KEY_SECRET)
        snprintf(text, sizeof text, "***");
    else if (key->flags & KEY_SECRET)
        redact(value, text, sizeof text);
    fprintf(stream, "%s%s = %s%s\n", given ? "" : "# ", key->name,
            key->flags & KEY_SECRET ? text : value, given ? "" : " (default)");
}

static void print_section(FILE *stream, const char *kind, const struct config_section *section)
{
    fprintf(stream, "[%s%s%s]\n", kind, section != NULL && section->name[0] != '\0' ? " " : "",
            section != NULL ? section->name : "");
    for (const struct key *key = keys; key->name != NULL; key++) {
        if (strcmp(key->section, kind) != 0)
            continue;
        const struct config_entry *entry = section != NULL ? section->entries : NULL;
        while (entry != NULL && entry->key != key)
            entry = entry->next;
        print_entry(stream, key, entry != NULL ? entry->text : key->fallback, entry != NULL);
    }
    fputc('\n', stream);
}

void config_print(const struct config *config, FILE *stream)
{
    char conninfo[1024];
    redact(config->conninfo, conninfo, sizeof conninfo);
    fprintf(stream, "# %s\n# the database: %s\n\n", config->path,
            conninfo[0] != '\0' ? conninfo : "as libpq's environment says");
    for (const struct section_kind *kind = section_kinds; kind->name != NULL; kind++) {
        if (kind->named == NULL && config_section(config, kind->name, 0) == NULL &&
            (strcmp(kind->name, "database") == 0 || strcmp(kind->name, "worker") == 0))
            print_section(stream, kind->name, NULL);
        for (size_t i = 0; config_section(config, kind->name, i) != NULL; i++)
            print_section(stream, kind->name, config_section(config, kind->name, i));
    }
}
