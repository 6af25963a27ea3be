/* SPDX-License-Identifier: MIT */
/* Connection strings: what the caller gave, and the defaults that a queue needs. */
#include "db/conninfo.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct preset {
    const char *keyword;
    const char *environment; /* libpq's own variable for it, or NULL */
    const char *value;
};

/* A silent cut of the network is noticed within about ten seconds instead of hours. */
static const struct preset presets[] = {
    {"keepalives_idle", NULL, "5"},
    {"keepalives_interval", NULL, "2"},
    {"keepalives_count", NULL, "3"},
    {"tcp_user_timeout", NULL, "10000"},
    {"client_encoding", NULL, "UTF8"},
    {"target_session_attrs", "PGTARGETSESSIONATTRS", "read-write"},
};

static int add(struct conninfo *info, const char *keyword, const char *value)
{
    char *k = strdup(keyword);
    char *v = strdup(value);
    if (k == NULL || v == NULL) {
        free(k);
        free(v);
        return 0;
    }
    info->keywords[info->count] = k;
    info->values[info->count] = v;
    info->count++;
    return 1;
}

static int has(const struct conninfo *info, const char *keyword)
{
    for (size_t i = 0; i < info->count; i++)
        if (strcmp(info->keywords[i], keyword) == 0)
            return 1;
    return 0;
}

static int add_presets(struct conninfo *info, const char *application_name, const char *timeout)
{
    int ok = 1;
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        const struct preset *p = &presets[i];
        if (!has(info, p->keyword) && (p->environment == NULL || getenv(p->environment) == NULL))
            ok = ok && add(info, p->keyword, p->value);
    }
    if (!has(info, "connect_timeout") && getenv("PGCONNECT_TIMEOUT") == NULL)
        ok = ok && add(info, "connect_timeout", timeout);
    if (!has(info, "fallback_application_name"))
        ok = ok && add(info, "fallback_application_name", application_name);
    return ok;
}

int pgqi_conninfo_parse(const char *conninfo, const char *application_name,
                        int32_t connect_timeout_s, struct conninfo *out, pgqueue_error *error)
{
    int rc = PGQUEUE_OK;
    char *why = NULL;
    char timeout[16];
    memset(out, 0, sizeof *out);
    PQconninfoOption *options = PQconninfoParse(conninfo ? conninfo : "", &why);
    if (options == NULL) {
        rc = why ? pgqi_error_set(error, PGQUEUE_EINVAL, "connection string: %s", why)
                 : pgqi_no_memory(error);
        PQfreemem(why);
        return rc;
    }
    size_t room = sizeof presets / sizeof presets[0] + 3;
    for (PQconninfoOption *o = options; o->keyword; o++)
        room++;
    out->keywords = calloc(room, sizeof *out->keywords);
    out->values = calloc(room, sizeof *out->values);
    snprintf(timeout, sizeof timeout, "%d",
             connect_timeout_s == PGQUEUE_UNSET ? 10 : (int)connect_timeout_s);
    int ok = out->keywords != NULL && out->values != NULL;
    for (PQconninfoOption *o = options; ok && o->keyword; o++)
        if (o->val != NULL)
            ok = add(out, o->keyword, o->val);
    ok = ok && add_presets(out, application_name ? application_name : "pgqueue", timeout);
    PQconninfoFree(options);
    if (!ok) {
        pgqi_conninfo_free(out);
        rc = pgqi_no_memory(error);
    }
    return rc;
}

void pgqi_conninfo_free(struct conninfo *info)
{
    for (size_t i = 0; i < info->count; i++) {
        free(info->keywords[i]);
        if (info->values[i] != NULL)
            explicit_bzero(info->values[i], strlen(info->values[i])); /* a password may be here */
        free(info->values[i]);
    }
    free(info->keywords);
    free(info->values);
    memset(info, 0, sizeof *info);
}
