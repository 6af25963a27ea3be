/* SPDX-License-Identifier: MIT */
/* Gives wrong answers; does not decide when. */
#include "misbehave.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "access_log.h"
#include "exchange.h"
#include "page.h"
#include "sandbox.h"

/* Faults whose answer is the provider's error envelope. */
static const struct {
    int status;
    const char *type, *detail;
} errors[FAULT_KINDS] = {
    [FAULT_INVALID_AUTH] = {401, "invalid_auth", "OAuth token invalid or revoked."},
    [FAULT_MISSING_AUTH] = {400, "invalid_auth",
                            "Missing access credentials. See the documentation on OAuth."},
    [FAULT_RATE_LIMIT] = {403, "rate_limit_exceeded", "Quota exceeded"},
    [FAULT_NOT_AUTHORIZED] = {403, "not_authorized", "You may not see these check-ins."},
    [FAULT_QUOTA] = {429, "quota_exceeded", "Daily quota exceeded"},
    [FAULT_QUOTA_DATE] = {429, "quota_exceeded", "Daily quota exceeded"},
    [FAULT_SERVER_ERROR] = {500, "server_error", "Something went wrong on our side."},
};

/* Valid JSON with status 200 that is no page of check-ins, each wrong at another depth. */
static const char *const wrong_shapes[] = {
    "[]",
    "null",
    "{\"meta\":{\"code\":200},\"response\":null}",
    "{\"meta\":{\"code\":200},\"response\":{\"checkins\":[1,2,3]}}",
    "{\"meta\":{\"code\":200},\"response\":{\"checkins\":{\"count\":1,\"items\":{\"0\":{}}}}}",
    "{\"meta\":{\"code\":200},\"response\":{\"checkins\":{\"count\":1,\"items\":[\"x\"]}}}",
    "{\"meta\":{\"code\":200},\"response\":{\"checkins\":{\"items\":[{\"id\":5}]}}}",
};

enum { WRONG_SHAPES = sizeof(wrong_shapes) / sizeof(wrong_shapes[0]) };

static void add_number_header(struct evhttp_request *request, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    evhttp_remove_header(headers, name);
    evhttp_add_header(headers, name, text);
}

static void add_wait_headers(struct evhttp_request *request, const struct fault_rule *rule)
{
    /* whole seconds, never earlier than meant */
    int64_t seconds = (rule->wait_ms + 999) / 1000;
    time_t until = (time_t)((access_log_now_ms() + rule->wait_ms + 999) / 1000);
    char date[64];
    struct tm tm;
    switch (rule->kind) {
    case FAULT_RATE_LIMIT:
        add_number_header(request, "X-RateLimit-Remaining", 0);
        add_number_header(request, "X-RateLimit-Reset", until);
        break;
    case FAULT_QUOTA:
        add_number_header(request, "Retry-After", seconds);
        break;
    case FAULT_QUOTA_DATE:
        gmtime_r(&until, &tm);
        strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", date);
        break;
    default:
        break;
    }
}

static void add_location(const struct sandbox *sandbox, struct evhttp_request *request,
                         const struct fault_rule *rule)
{
    char location[FAULT_TARGET_MAX + 64];
    if (rule->to[0] != '\0')
        snprintf(location, sizeof(location), "%s", rule->to);
    else
        snprintf(location, sizeof(location), "%s/elsewhere", sandbox->other);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Location", location);
}

bool misbehave(const struct sandbox *sandbox, struct exchange *x, struct evhttp_request *request,
               const struct fault_rule *rule, int *status)
{
    struct evbuffer *body = NULL;
    *status = 200;
    switch (rule->kind) {
    case FAULT_SILENCE:
        *status = 0;
        exchange_silence(x, rule->wait_ms);
        return true;
    case FAULT_ENDLESS:
        exchange_flood(x, 0);
        return true;
    case FAULT_HUGE:
        exchange_flood(x, rule->bytes);
        return true;
    case FAULT_HALF:
    case FAULT_DRIP:
    case FAULT_DEPRECATED:
    case FAULT_STUCK:
        return false;
    default:
        body = evbuffer_new();
        break;
    }
    if (body && errors[rule->kind].status) {
        *status = errors[rule->kind].status;
        add_wait_headers(request, rule);
        page_append_error(*status, errors[rule->kind].type, errors[rule->kind].detail, body);
    } else if (body && rule->kind == FAULT_UNAVAILABLE) {
        *status = 503; /* a proxy's page, no JSON */
        evbuffer_add_printf(body, "<html><body><h1>503 Service Unavailable</h1></body></html>\n");
    } else if (body && rule->kind == FAULT_WRONG_JSON) {
        evbuffer_add_printf(body, "{\"meta\":{\"code\":200},\"response\":{\"checkins\":{\"count\":"
                                  "3,\"items\":[{\"id\":\"5f00");
    } else if (body && rule->kind == FAULT_WRONG_SHAPE) {
        /* served counts this one, too */
        evbuffer_add_printf(body, "%s", wrong_shapes[(rule->served - 1) % WRONG_SHAPES]);
    } else if (body && rule->kind == FAULT_REDIRECT) {
        *status = 302;
        add_location(sandbox, request, rule);
    }
    exchange_reply(x, *status, body, EXCHANGE_WHOLE, 0);
    return true;
}
