/* SPDX-License-Identifier: MIT */
/*
 * config_check.c: what must hold between the settings of a configuration.
 */
#include "config_check.h"

#include <stdio.h>
#include <string.h>

#include "handler_name.h"
#include "listen.h"

struct check {
    config_mistake_fn *mistake;
    void *user;
};

static void check_handler(struct check *check, const struct config_section *queue)
{
    const char *value = config_value(queue, "queue", "handler");
    struct handler_name name = handler_name_parse(value);
    const char *wrong = NULL, *key = "handler";
    if (name.kind == HANDLER_UNKNOWN)
        wrong = "handler must be exec:COMMAND or module:FILE.so:NAME";
    else if (name.kind == HANDLER_HTTP)
        wrong = "handler = http: is not built yet; there are exec:COMMAND and module:FILE.so:NAME";
    else if (name.kind == HANDLER_EXEC && name.rest[0] == '\0')
        wrong = "handler = exec: needs a command";
    else if (name.kind == HANDLER_MODULE && (name.file_len == 0 || name.function[0] == '\0'))
        wrong = "handler = module: needs a file and a handler's name: module:FILE.so:NAME";
    else if (name.kind == HANDLER_MODULE && config_value(queue, "queue", key = "env") != NULL)
        wrong = "env is for exec: handlers; a module sees the daemon's environment";
    if (wrong != NULL)
        check->mistake(check->user, config_line(queue, key), wrong);
}

static void check_required(struct check *check, const struct config_section *section)
{
    for (const struct key *key = keys; key->name != NULL; key++) {
        char text[256];
        if (!(key->flags & KEY_REQUIRED) || strcmp(key->section, section->kind->name) != 0 ||
            config_value(section, key->section, key->name) != NULL)
            continue;
        snprintf(text, sizeof text, "[%s%s%.100s] needs \"%s\"", section->kind->name,
                 section->name[0] != '\0' ? " " : "", section->name, key->name);
        check->mistake(check->user, section->line, text);
    }
}

static void check_database(struct check *check, const struct config_section *database)
{
    if (config_value(database, "database", "dsn") == NULL)
        return;
    for (struct config_entry *e = database->entries; e != NULL; e = e->next)
        if (e->key->flags & KEY_CONNINFO) {
            char text[128];
            snprintf(text, sizeof text, "\"%s\" has no place beside \"dsn\": put it into the dsn",
                     e->key->name);
            check->mistake(check->user, e->line, text);
        }
}

static void check_http(struct check *check, const struct config_section *http)
{
    struct listen_address address;
    char why[256];
    const char *listen = config_value(http, "http", "listen");
    if (listen == NULL)
        return;
    if (listen_parse(listen, &address, why, sizeof why) != 0)
        check->mistake(check->user, config_line(http, "listen"), why);
    else if (!address.is_private && config_value(http, "http", "key_file") == NULL)
        check->mistake(check->user, config_line(http, "listen"),
                       "listen: an address that others can reach needs a key_file");
}

void config_check(const struct config *config, config_mistake_fn *mistake, void *user)
{
    struct check check = {mistake, user};
    int work = 0;
    for (const struct config_section *s = config->sections; s != NULL; s = s->next) {
        const char *kind = s->kind->name;
        check_required(&check, s);
        if (strcmp(kind, "queue") == 0 && config_value(s, kind, "handler") != NULL)
            check_handler(&check, s);
        else if (strcmp(kind, "database") == 0)
            check_database(&check, s);
        else if (strcmp(kind, "http") == 0)
            check_http(&check, s);
        work = work || strcmp(kind, "queue") == 0 || strcmp(kind, "sync") == 0 ||
               strcmp(kind, "provider") == 0;
    }
    if (!work)
        mistake(user, 1,
                "there is nothing to work on: add a [queue NAME] with a handler, or [sync]");
}
