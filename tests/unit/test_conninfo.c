/* SPDX-License-Identifier: MIT */
/* Connection strings with the defaults that a queue needs, and none that the caller has set. */
#include "db/conninfo.h"
#include "tap.h"

static const char *value(const struct conninfo *info, const char *keyword)
{
    const char *found = NULL;
    int times = 0;
    for (size_t i = 0; i < info->count; i++)
        if (strcmp(info->keywords[i], keyword) == 0) {
            found = info->values[i];
            times++;
        }
    return times > 1 ? "twice" : found;
}

int main(void)
{
    struct conninfo info;
    pgqueue_error error;
    unsetenv("PGCONNECT_TIMEOUT");
    unsetenv("PGTARGETSESSIONATTRS");
    is_int(pgqi_conninfo_parse(NULL, NULL, PGQUEUE_UNSET, &info, &error), PGQUEUE_OK,
           "no string is one");
    is_str(value(&info, "keepalives_idle"), "5", "keepalives are set");
    is_str(value(&info, "tcp_user_timeout"), "10000", "and the user timeout");
    is_str(value(&info, "target_session_attrs"), "read-write",
           "a server that can be written to is asked for");
    is_str(value(&info, "client_encoding"), "UTF8", "in UTF-8");
    is_str(value(&info, "connect_timeout"), "10", "within ten seconds");
    is_str(value(&info, "fallback_application_name"), "pgqueue", "under a name");
    ok(value(&info, "host") == NULL && value(&info, "dbname") == NULL,
       "the rest is libpq's own affair");
    ok(info.keywords[info.count] == NULL && info.values[info.count] == NULL,
       "the lists end with NULL");
    pgqi_conninfo_free(&info);
    is_int(pgqi_conninfo_parse("host=h dbname='a b' keepalives_idle=99 connect_timeout=3 "
                               "target_session_attrs=any application_name=me",
                               "worker", 7, &info, &error),
           PGQUEUE_OK, "a string is read");
    is_str(value(&info, "dbname"), "a b", "with its quotes");
    is_str(value(&info, "keepalives_idle"), "99", "what it sets stays");
    is_str(value(&info, "connect_timeout"), "3", "also against the option");
    is_str(value(&info, "target_session_attrs"), "any", "and the preset");
    is_str(value(&info, "application_name"), "me", "its name");
    is_str(value(&info, "fallback_application_name"), "worker", "before the fallback");
    pgqi_conninfo_free(&info);
    is_int(
        pgqi_conninfo_parse("postgresql://u:p%40ss@h:5/d?sslmode=disable", NULL, 7, &info, &error),
        PGQUEUE_OK, "a URI is read, too");
    is_str(value(&info, "password"), "p@ss", "decoded");
    is_str(value(&info, "connect_timeout"), "7", "with the option's timeout");
    pgqi_conninfo_free(&info);
    setenv("PGTARGETSESSIONATTRS", "any", 1);
    setenv("PGCONNECT_TIMEOUT", "4", 1);
    is_int(pgqi_conninfo_parse("", NULL, PGQUEUE_UNSET, &info, &error), PGQUEUE_OK,
           "an empty string");
    ok(value(&info, "target_session_attrs") == NULL && value(&info, "connect_timeout") == NULL,
       "leaves to libpq what the environment says");
    pgqi_conninfo_free(&info);
    for (const char *const *bad = (const char *const[]){"host", "host=h nonsense=1", "host='open",
                                                        "postgresql://[::1", NULL};
         *bad; bad++) {
        is_int(pgqi_conninfo_parse(*bad, NULL, 1, &info, &error), PGQUEUE_EINVAL, "refused: %s",
               *bad);
        ok(strstr(error.message, "connection string") != NULL, "and told as what it is");
    }
    return done();
}
