/* SPDX-License-Identifier: MIT */
/* classify.c: what an answer of Foursquare's API means for the job; makes no request itself. */
#include "classify.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum {
    RATE_UNNAMED_S = 900,    /* a limit per hour whose end is not named */
    RATE_MAX_S = 7200,       /* what a limit per hour may ask for */
    QUOTA_UNNAMED_S = 21600, /* a limit per day whose end is not named */
    QUOTA_MAX_S = 86400
};

static const struct {
    const char *type;
    enum answer_class class;
} types[] = {
    {"rate_limit_exceeded", ANSWER_RATE_LIMITED},
    {"quota_exceeded", ANSWER_RATE_LIMITED},
    {"invalid_auth", ANSWER_REAUTH},
    {"not_authorized", ANSWER_REAUTH},
    {"param_error", ANSWER_FATAL},
    {"endpoint_error", ANSWER_FATAL},
    {"server_error", ANSWER_RETRY},
    {"other", ANSWER_RETRY},
    {NULL, ANSWER_OK},
};

static enum answer_class by_status(const struct answer *answer)
{
    switch (answer->status) {
    case 200:
        return ANSWER_OK;
    case 401:
        return ANSWER_REAUTH;
    case 403:
        /* A firewall's or a CDN's page says nothing of the token, and shows itself to all users. */
        return answer->bare ? ANSWER_RETRY : ANSWER_REAUTH;
    case 429:
        return ANSWER_RATE_LIMITED;
    case 408:
        return ANSWER_RETRY;
    default:
        return answer->status >= 500 ? ANSWER_RETRY : ANSWER_FATAL;
    }
}

/* How long a limited job waits: as the server says, within reason. A day's quota does not end with
 * the hour's window, so for it only Retry-After counts. A reset that is no time to come names
 * nothing: a server that means seconds by it would be asked each second without end. */
static double limit_delay(const struct answer *answer)
{
    bool daily = answer->error_type != NULL && strcmp(answer->error_type, "quota_exceeded") == 0;
    double delay = daily ? QUOTA_UNNAMED_S : RATE_UNNAMED_S;
    if (answer->retry_after_s >= 0)
        delay = answer->retry_after_s;
    else if (!daily && answer->reset_after_s > 0) /* false for NAN */
        delay = answer->reset_after_s;
    return fmin(fmax(delay, 1.0), daily ? QUOTA_MAX_S : RATE_MAX_S);
}

struct verdict classify(const struct answer *answer)
{
    struct verdict verdict = {.class = by_status(answer), .delay_s = -1.0};
    if (answer->error_type != NULL) {
        for (size_t i = 0; types[i].type != NULL; i++) {
            if (strcmp(types[i].type, answer->error_type) == 0)
                verdict.class = types[i].class;
        }
        verdict.warn = verdict.class == ANSWER_OK;
    }
    if (verdict.class == ANSWER_RATE_LIMITED)
        verdict.delay_s = limit_delay(answer);
    else if (verdict.class == ANSWER_RETRY && answer->retry_after_s >= 0)
        verdict.delay_s = fmin(fmax(answer->retry_after_s, 1.0), RATE_MAX_S);
    return verdict;
}

const char *answer_class_name(enum answer_class class)
{
    switch (class) {
    case ANSWER_OK:
        return "ok";
    case ANSWER_RETRY:
        return "retry";
    case ANSWER_RATE_LIMITED:
        return "rate_limited";
    case ANSWER_REAUTH:
        return "reauth";
    case ANSWER_FATAL:
        break;
    }
    return "fatal";
}
