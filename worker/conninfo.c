/* SPDX-License-Identifier: MIT */
/*
 * conninfo.c: where the database is: [database], else PGQUEUE_DSN, else DATABASE_URL, else libpq's
 * own environment.
 */
#include "conninfo.h"

#include <stdlib.h>
#include <string.h>

static char *from_environment(void)
{
    static const char *const names[] = {"PGQUEUE_DSN", "DATABASE_URL"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return strdup(value);
    }
    return strdup("");
}

/* Appends keyword='value' with libpq's quoting; returns the end. */
static char *put_keyword(char *at, const char *keyword, const char *value)
{
    size_t len = strlen(keyword);
    memcpy(at, keyword, len);
    at += len;
    *at++ = '=';
    *at++ = '\'';
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            *at++ = '\\';
        *at++ = *value;
    }
    *at++ = '\'';
    *at++ = ' ';
    return at;
}

char *conninfo_make(const struct config_section *database)
{
    size_t size = 1;
    if (database == NULL)
        return from_environment();
    for (struct config_entry *e = database->entries; e != NULL; e = e->next) {
        if (strcmp(e->key->name, "dsn") == 0)
            return strdup(e->value);
        if (e->key->flags & KEY_CONNINFO)
            size += strlen(e->key->name) + 2 * strlen(e->value) + 4;
    }
    if (size == 1) /* only the schema is given */
        return from_environment();
    char *conninfo = malloc(size);
    if (conninfo == NULL)
        return NULL;
    char *at = conninfo;
    for (struct config_entry *e = database->entries; e != NULL; e = e->next)
        if (e->key->flags & KEY_CONNINFO)
            at = put_keyword(at, e->key->name, e->value);
    *at = '\0';
    return conninfo;
}
