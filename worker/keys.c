/* SPDX-License-Identifier: MIT */
/*
 * keys.c: the table of everything that may stand in the configuration. Knows no file.
 */
#include "keys.h"

#include <string.h>

#define TEXT                                                                                       \
    {                                                                                              \
        VALUE_TEXT, 0, 0, NULL                                                                     \
    }
#define CRON                                                                                       \
    {                                                                                              \
        VALUE_CRON, 0, 0, NULL                                                                     \
    }
#define ZONE                                                                                       \
    {                                                                                              \
        VALUE_ZONE, 0, 0, NULL                                                                     \
    }
#define JSON                                                                                       \
    {                                                                                              \
        VALUE_JSON, 0, 0, NULL                                                                     \
    }
#define NUMBER(min, max)                                                                           \
    {                                                                                              \
        VALUE_NUMBER, min, max, NULL                                                               \
    }
#define DURATION(min, max)                                                                         \
    {                                                                                              \
        VALUE_DURATION, min, max, NULL                                                             \
    }
#define BOOLEAN                                                                                    \
    {                                                                                              \
        VALUE_BOOLEAN, 0, 0, NULL                                                                  \
    }
#define CHOICE(words)                                                                              \
    {                                                                                              \
        VALUE_CHOICE, 0, 0, words                                                                  \
    }

#define DAY     86400.0
#define YEAR    (366 * DAY)
#define LONGEST (24 * DAY) /* of an option in the database */

/* The options that a queue gives its jobs and a schedule may give otherwise; the bounds are those
 * of the SQL functions. */
#define JOB_OPTIONS(section)                                                                       \
    {section, "retry_limit", NUMBER(0, 32000), NULL, KEY_OPTION},                                  \
        {section, "retry_delay", DURATION(0, LONGEST), NULL, KEY_OPTION},                          \
        {section, "retry_backoff", BOOLEAN, NULL, KEY_OPTION},                                     \
        {section, "retry_delay_max", DURATION(0, LONGEST), NULL, KEY_OPTION},                      \
        {section, "expire_in", DURATION(0.001, LONGEST), NULL, KEY_OPTION},                        \
        {section, "keep_queued", DURATION(1, LONGEST), NULL, KEY_OPTION},                          \
    {                                                                                              \
        section, "dead_letter", TEXT, NULL, KEY_OPTION                                             \
    }

const struct section_kind section_kinds[] = {
    {"database", NULL}, {"worker", NULL}, {"queue", "NAME"},    {"schedule", "KEY"},
    {"http", NULL},     {"sync", NULL},   {"provider", "NAME"}, {NULL, NULL},
};

const struct key keys[] = {
    {"database", "dsn", TEXT, NULL, KEY_SECRET},
    {"database", "schema", TEXT, "pgqueue", 0},
    {"database", "host", TEXT, NULL, KEY_CONNINFO},
    {"database", "hostaddr", TEXT, NULL, KEY_CONNINFO},
    {"database", "port", TEXT, NULL, KEY_CONNINFO},
    {"database", "dbname", TEXT, NULL, KEY_CONNINFO},
    {"database", "user", TEXT, NULL, KEY_CONNINFO},
    {"database", "password", TEXT, NULL, KEY_CONNINFO | KEY_SECRET},
    {"database", "passfile", TEXT, NULL, KEY_CONNINFO},
    {"database", "service", TEXT, NULL, KEY_CONNINFO},
    {"database", "connect_timeout", NUMBER(0, 3600), NULL, KEY_CONNINFO},
    {"database", "target_session_attrs", TEXT, NULL, KEY_CONNINFO},
    {"database", "options", TEXT, NULL, KEY_CONNINFO},
    {"database", "sslmode", TEXT, NULL, KEY_CONNINFO},
    {"database", "sslrootcert", TEXT, NULL, KEY_CONNINFO},
    {"database", "sslcert", TEXT, NULL, KEY_CONNINFO},
    {"database", "sslkey", TEXT, NULL, KEY_CONNINFO},
    {"database", "channel_binding", TEXT, NULL, KEY_CONNINFO},
    {"database", "gssencmode", TEXT, NULL, KEY_CONNINFO},

    {"worker", "name", TEXT, NULL, 0},
    {"worker", "processes", NUMBER(1, 64), "1", 0},
    {"worker", "concurrency", NUMBER(1, 1024), "10", 0},
    {"worker", "drain_timeout", DURATION(0, DAY), "30", 0},
    {"worker", "watchdog", DURATION(0, DAY), "60", 0},
    {"worker", "log_format", CHOICE("logfmt|json"), "logfmt", 0},
    {"worker", "log_level", CHOICE("debug|info|warning|error"), "info", 0},

    {"queue", "handler", TEXT, NULL, KEY_REQUIRED},
    {"queue", "concurrency", NUMBER(1, 1024), NULL, 0},
    {"queue", "env", TEXT, NULL, 0},
    {"queue", "policy", TEXT, NULL, KEY_OPTION},
    {"queue", "keep_finished", NUMBER(0, 30), NULL, KEY_OPTION},
    JOB_OPTIONS("queue"),

    {"schedule", "queue", TEXT, NULL, KEY_REQUIRED},
    {"schedule", "cron", CRON, NULL, KEY_REQUIRED},
    {"schedule", "tz", ZONE, "UTC", 0},
    {"schedule", "data", JSON, NULL, 0},
    {"schedule", "missed", CHOICE("skip|latest|all"), NULL, KEY_OPTION},
    {"schedule", "missed_limit", NUMBER(1, 10000), NULL, KEY_OPTION},
    {"schedule", "priority", NUMBER(-1000000, 1000000), NULL, KEY_OPTION},
    {"schedule", "singleton_key", TEXT, NULL, KEY_OPTION},
    {"schedule", "group_id", TEXT, NULL, KEY_OPTION},
    JOB_OPTIONS("schedule"),

    {"http", "listen", TEXT, NULL, KEY_REQUIRED},
    {"http", "key_file", TEXT, NULL, KEY_PATH},

    {"sync", "key_file", TEXT, NULL, KEY_PATH},
    {"sync", "token_format", CHOICE("kid|plain"), "kid", 0},
    {"sync", "active_users_query", TEXT, NULL, 0},
    {"sync", "schedule", CRON, "0 2 * * *", 0},
    {"sync", "tz", ZONE, "UTC", 0},
    {"sync", "spacing", DURATION(0, DAY), "120", 0},
    {"sync", "window", DURATION(0.001, 30 * DAY), "72000", 0},
    {"sync", "connections", NUMBER(1, 64), "2", 0},
    {"sync", "concurrency", NUMBER(1, 1024), NULL, 0},

    {"provider", "base_url", TEXT, NULL, 0},
    {"provider", "allow_http", BOOLEAN, "false", 0},
    {"provider", "ca_file", TEXT, NULL, KEY_PATH},
    {"provider", "version", TEXT, NULL, 0},
    {"provider", "page_size", NUMBER(10, 250), NULL, 0},
    {"provider", "overlap", DURATION(0, 10 * YEAR), NULL, 0},
    {"provider", "connect_timeout", DURATION(0.001, 3600), NULL, 0},
    {"provider", "timeout", DURATION(0.001, 3600), NULL, 0},
    {"provider", "max_response", NUMBER(1024, 1073741824), NULL, 0},

    {NULL, NULL, TEXT, NULL, 0},
};

const struct section_kind *section_kind_find(const char *name)
{
    for (const struct section_kind *kind = section_kinds; kind->name != NULL; kind++)
        if (strcmp(kind->name, name) == 0)
            return kind;
    return NULL;
}

const struct key *key_find(const char *section, const char *name)
{
    for (const struct key *key = keys; key->name != NULL; key++)
        if (strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0)
            return key;
    return NULL;
}
