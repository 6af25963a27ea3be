/* SPDX-License-Identifier: MIT */
/* Answers requests for check-ins as the provider does; does not know how answers are written. */
#include "checkins.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "access_log.h"
#include "exchange.h"
#include "misbehave.h"
#include "number.h"
#include "page.h"
#include "sandbox.h"

/* Why a request cannot be answered with a page; status 0: it can. */
struct refusal {
    int status;
    const char *type, *detail;
};

/* A request as it is being answered. */
struct call {
    struct sandbox *sandbox;
    struct evhttp_request *request;
    const char *token; /* NULL: none was given; points into the request */
    struct user *user; /* NULL: nobody we know */
    struct asked asked;
    struct page_query query;
};

static struct refusal read_number(const struct evkeyvalq *params, const char *name, int64_t min,
                                  int64_t *value, bool *given, const char *complaint)
{
    const char *text = evhttp_find_header(params, name);
    *given = text != NULL;
    if (text && !number_parse(text, min, INT64_MAX, value))
        return (struct refusal){400, "param_error", complaint};
    return (struct refusal){0};
}

static struct refusal read_version(const struct evkeyvalq *params)
{
    const char *v = evhttp_find_header(params, "v");
    int64_t date = 0;
    if (!v)
        return (struct refusal){410, "param_error",
                                "Requests must pass in a version parameter, v."};
    if (strlen(v) != 8 || !number_parse(v, 20090101, 99991231, &date))
        return (struct refusal){400, "param_error", "The version v must be a date, YYYYMMDD."};
    return (struct refusal){0};
}

static struct refusal read_sort(const struct evkeyvalq *params, bool *oldest_first)
{
    const char *sort = evhttp_find_header(params, "sort");
    *oldest_first = sort && strcmp(sort, "oldestfirst") == 0;
    if (sort && !*oldest_first && strcmp(sort, "newestfirst") != 0)
        return (struct refusal){400, "param_error", "sort is newestfirst or oldestfirst."};
    return (struct refusal){0};
}

static struct refusal read_query(const struct evkeyvalq *params, struct page_query *q)
{
    bool given = false;
    struct refusal refusals[] = {
        read_version(params),
        read_number(params, "limit", 1, &q->limit, &given, "limit must be a positive number."),
        read_number(params, "offset", 0, &q->offset, &given, "offset must not be negative."),
        read_number(params, "afterTimestamp", 0, &q->after, &q->has_after,
                    "afterTimestamp must be in seconds since the epoch."),
        read_number(params, "beforeTimestamp", 0, &q->before, &q->has_before,
                    "beforeTimestamp must be in seconds since the epoch."),
        read_sort(params, &q->oldest_first),
    };
    if (q->limit > PAGE_LIMIT_MAX)
        q->limit = PAGE_LIMIT_MAX;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (refusals[i].status != 0)
            return refusals[i];
    }
    return (struct refusal){0};
}

static void find_user(struct call *call, const struct evkeyvalq *params)
{
    const char *authorization =
        evhttp_find_header(evhttp_request_get_input_headers(call->request), "Authorization");
    if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0) {
        call->token = authorization + 7;
        call->asked.bearer = true;
    } else {
        call->token = evhttp_find_header(params, "oauth_token");
    }
    if (call->token && user_token_is_valid(call->token))
        call->user = users_find(call->sandbox->users, call->token);
}

/* Writes the request down before it is answered: by the time a client reads the answer, the
 * statistics hold it. */
static void note(struct call *call, int status, size_t items, const char *fault)
{
    call->asked.status = status;
    call->asked.items = items;
    call->asked.fault = fault;
    if (call->user)
        user_remember(call->user, &call->asked);
    else
        call->sandbox->strangers++;
    if (call->sandbox->log)
        access_log_write(call->sandbox->log, call->user ? call->user->token : NULL, &call->asked);
}

static void add_rate_headers(struct evhttp_request *request, const struct rate_state *rate)
{
    const struct {
        const char *name;
        int64_t value;
    } all[] = {
        {"X-RateLimit-Limit", rate->limit},
        {"X-RateLimit-Remaining", rate->remaining},
        {"X-RateLimit-Reset", rate->reset},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char text[24];
        snprintf(text, sizeof(text), "%" PRId64, all[i].value);
        evhttp_add_header(evhttp_request_get_output_headers(request), all[i].name, text);
    }
}

static void refuse(struct call *call, struct exchange *x, struct refusal refusal, const char *fault)
{
    struct evbuffer *body = evbuffer_new();
    if (body)
        page_append_error(refusal.status, refusal.type, refusal.detail, body);
    note(call, refusal.status, 0, fault);
    exchange_reply(x, refusal.status, body, EXCHANGE_WHOLE, 0);
}

static void give_page(struct call *call, struct exchange *x, const struct fault_rule *fault)
{
    enum fault_kind kind = fault ? fault->kind : FAULT_NONE;
    struct page_query query = call->query;
    query.before_inclusive = call->user->before_inclusive;
    if (kind == FAULT_STUCK) { /* the newest check-ins, wherever the client had got to */
        query.has_before = false;
        query.offset = 0;
    }
    struct evbuffer *body = evbuffer_new();
    size_t items = 0;
    if (body)
        items = page_append(&call->user->history, &query, kind == FAULT_DEPRECATED, body);
    note(call, 200, items, fault ? fault_name(kind) : NULL);
    exchange_reply(x, 200, body,
                   kind == FAULT_HALF   ? EXCHANGE_HALF
                   : kind == FAULT_DRIP ? EXCHANGE_DRIP
                                        : EXCHANGE_WHOLE,
                   fault ? fault->wait_ms : 0);
}

static void answer(struct call *call, struct exchange *x, struct refusal bad_query)
{
    if (call->user) {
        struct rate_state rate =
            user_count_request(call->sandbox->users, call->user, call->asked.at_ms / 1000);
        add_rate_headers(call->request, &rate);
        if (rate.exceeded) {
            refuse(call, x, (struct refusal){403, "rate_limit_exceeded", "Quota exceeded"},
                   "rate-limit");
            return;
        }
    }
    const struct fault_rule *fault = faults_decide(&call->sandbox->faults, call->token);
    int status = 0;
    if (fault && misbehave(call->sandbox, x, call->request, fault, &status)) {
        /* x is in evhttp's hands now, but nothing has been written yet: that takes the loop */
        note(call, status, 0, fault_name(fault->kind));
        return;
    }
    if (bad_query.status != 0)
        refuse(call, x, bad_query, NULL);
    else if (!call->token)
        refuse(call, x,
               (struct refusal){400, "invalid_auth",
                                "Missing access credentials. See the documentation on OAuth."},
               NULL);
    else if (!call->user)
        refuse(call, x, (struct refusal){401, "invalid_auth", "OAuth token invalid or revoked."},
               NULL);
    else
        give_page(call, x, fault);
}

void checkins_serve(struct sandbox *sandbox, struct evhttp_request *request)
{
    struct exchange *x = exchange_new(sandbox, request);
    if (!x)
        return;
    struct call call = {
        .sandbox = sandbox,
        .request = request,
        .query = {.limit = PAGE_LIMIT_DEFAULT},
        .asked = {.at_ms = access_log_now_ms()},
    };
    const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
    struct evkeyvalq params;
    TAILQ_INIT(&params);
    struct refusal bad = {0};
    if (text && *text && evhttp_parse_query_str(text, &params) < 0)
        bad = (struct refusal){400, "param_error", "The query string cannot be read."};
    find_user(&call, &params);
    struct refusal bad_query = read_query(&params, &call.query);
    call.asked.limit = call.query.limit;
    call.asked.offset = call.query.offset;
    call.asked.after = call.query.after;
    call.asked.before = call.query.before;
    call.asked.has_after = call.query.has_after;
    call.asked.has_before = call.query.has_before;
    call.asked.oldest_first = call.query.oldest_first;
    answer(&call, x, bad.status ? bad : bad_query);
    evhttp_clear_headers(&params);
}
