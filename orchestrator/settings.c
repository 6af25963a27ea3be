/* SPDX-License-Identifier: MIT */
/* settings.c: the configuration of the sync module, read once and checked; knows no file. */
#include "settings.h"

#include "http.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sync_section[] = "sync";
static const char provider_section[] = "provider foursquare";

struct reader {
    const pgqueue_host *host;
    pgqueue_error *error;
    bool failed; /* error says why; only the first counts */
};

static void refuse(struct reader *r, const char *section, const char *key, const char *why)
{
    if (r->failed)
        return;
    r->failed = true;
    if (r->error != NULL) {
        r->error->code = PGQUEUE_EINVAL;
        r->error->retryable = 0;
        r->error->sqlstate[0] = '\0';
        snprintf(r->error->message, sizeof r->error->message, "[%s] %s %s", section, key, why);
    }
}

static const char *text(struct reader *r, const char *section, const char *key, const char *unset)
{
    const char *value = r->host->setting(r->host->context, section, key);
    return value != NULL && value[0] != '\0' ? value : unset;
}

/* The daemon hands numbers and durations over in one form: decimal, durations in seconds. */
static double number(struct reader *r, const char *section, const char *key, double unset,
                     double min, double max)
{
    const char *value = text(r, section, key, NULL);
    if (value == NULL)
        return unset;
    char *end = NULL;
    double result = strtod(value, &end);
    if (end == value || *end != '\0' || !(result >= min && result <= max)) {
        char why[96];
        snprintf(why, sizeof why, "must be a number from %g to %g", min, max);
        refuse(r, section, key, why);
        return unset;
    }
    return result;
}

static bool is_date(const char *value)
{
    return strlen(value) == 8 && strspn(value, "0123456789") == 8;
}

static void read_sync(struct settings *s, struct reader *r)
{
    s->key_file = text(r, sync_section, "key_file", NULL);
    if (!vault_format_parse(text(r, sync_section, "token_format", "kid"), &s->token_format))
        refuse(r, sync_section, "token_format", "must be kid or plain");
    s->active_users_query = text(r, sync_section, "active_users_query", NULL);
    s->schedule = text(r, sync_section, "schedule", "0 2 * * *");
    s->tz = text(r, sync_section, "tz", "UTC");
    s->spacing_s = number(r, sync_section, "spacing", 120, 0, 86400);
    s->window_s = number(r, sync_section, "window", 72000, 0.001, 2592000);
    s->connections = (int)number(r, sync_section, "connections", 2, 1, 64);
    double concurrency = number(r, sync_section, "concurrency", NAN, 1, 1024);
    s->concurrency = isnan(concurrency) ? PGQUEUE_UNSET : (int)concurrency;
}

static void read_provider(struct settings *s, struct reader *r)
{
    s->base_url = text(r, provider_section, "base_url", "https://api.foursquare.com");
    bool any_http = strcmp(text(r, provider_section, "allow_http", "false"), "true") == 0;
    const char *why = http_check_base(s->base_url, any_http);
    if (why != NULL)
        refuse(r, provider_section, "base_url", why);
    s->ca_file = text(r, provider_section, "ca_file", NULL);
    s->version = text(r, provider_section, "version", "20250101");
    if (!is_date(s->version))
        refuse(r, provider_section, "version", "must be a date, YYYYMMDD");
    /* A page must hold more check-ins than share a second: see sync.foursquare_page. */
    s->page_size = (int)number(r, provider_section, "page_size", 250, 10, 250);
    s->overlap_s = number(r, provider_section, "overlap", 14 * 86400.0, 0, 315360000);
    s->connect_timeout_s = number(r, provider_section, "connect_timeout", 10, 0.001, 3600);
    s->timeout_s = number(r, provider_section, "timeout", 30, 0.001, 3600);
    s->max_response =
        (size_t)number(r, provider_section, "max_response", 16777216, 1024, 1073741824);
}

int settings_read(struct settings *settings, const pgqueue_host *host, pgqueue_error *error)
{
    struct reader r = {.host = host, .error = error};
    memset(settings, 0, sizeof *settings);
    read_sync(settings, &r);
    read_provider(settings, &r);
    /* Only this provider has an importer: another one's section would be ignored in silence. */
    for (size_t i = 0; host->section != NULL; i++) {
        const char *name = host->section(host->context, "provider", i);
        if (name == NULL)
            break;
        if (strcmp(name, "foursquare") != 0)
            refuse(&r, "provider", name, "has no importer; there is one for foursquare");
    }
    return r.failed ? PGQUEUE_EINVAL : PGQUEUE_OK;
}
