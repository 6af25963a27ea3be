/* SPDX-License-Identifier: MIT */
/* Carries out what is asked of the server itself; does not know how histories or faults work. */
#include "admin.h"

#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "json.h"
#include "number.h"
#include "report.h"
#include "sandbox.h"

/* A request to the server itself; handlers fill out and return a status, or call complain(). */
struct order {
    struct sandbox *sandbox;
    struct evkeyvalq params;
    struct evbuffer *out;
};

static const char *param(const struct order *order, const char *name)
{
    return evhttp_find_header(&order->params, name);
}

static int complain(struct order *order, int status, const char *text)
{
    char clean[512];
    size_t n = 0;
    for (; text[n] != '\0' && n < sizeof(clean) - 1; n++)
        clean[n] = text[n] < ' ' || text[n] > '~' ? '?' : text[n];
    clean[n] = '\0';
    evbuffer_drain(order->out, evbuffer_get_length(order->out));
    evbuffer_add_printf(order->out, "{\"error\":\"");
    json_add_escaped(order->out, clean, true);
    evbuffer_add_printf(order->out, "\"}\n");
    return status;
}

/* The user that token names; 0, or the status of the complaint. */
static int find_user(struct order *order, struct user **user)
{
    const char *token = param(order, "token");
    if (!token)
        return complain(order, 400, "token is missing");
    *user = user_token_is_valid(token) ? users_find(order->sandbox->users, token) : NULL;
    return *user ? 0 : complain(order, 404, "no user has this token");
}

static int show_stats(struct order *order)
{
    struct user *user = NULL;
    if (param(order, "token")) {
        int status = find_user(order, &user);
        if (status != 0)
            return status;
    }
    report_stats(order->sandbox, user, order->out);
    return 200;
}

static int show_user(struct order *order)
{
    struct user *user = NULL;
    int status = find_user(order, &user);
    if (status != 0)
        return status;
    report_user(user, order->out);
    return 200;
}

static int set_user(struct order *order)
{
    struct user *user = NULL;
    char error[512];
    const char *token = param(order, "token");
    const char *spec = param(order, "spec");
    const char *next_run = param(order, "next_run");
    const char *before = param(order, "before");
    bool show = next_run && strcmp(next_run, "0") != 0 && strcmp(next_run, "false") != 0;
    bool inclusive = before && strcmp(before, "inclusive") == 0;
    if (before && !inclusive && strcmp(before, "exclusive") != 0)
        return complain(order, 400, "before is exclusive or inclusive");
    /* folders are named on the command line only, so that nobody reads files through us */
    if (spec && strncmp(spec, "gen:", 4) != 0)
        return complain(order, 400, "spec can only be gen:COUNT... at run time");
    if (spec && token && !users_set(order->sandbox->users, token, spec, error, sizeof(error)))
        return complain(order, 400, error);
    int status = find_user(order, &user);
    if (status != 0)
        return status;
    if (next_run &&
        (!user->history.recorded || !recorded_show_next_run(user->history.recorded, show)))
        return complain(order, 409, "this user has no recorded next run");
    if (before)
        user->before_inclusive = inclusive;
    report_user(user, order->out);
    return 200;
}

static int grow(struct order *order)
{
    struct user *user = NULL;
    const char *count = param(order, "count");
    int64_t n = 0;
    int status = find_user(order, &user);
    if (status != 0)
        return status;
    if (!count || !number_parse(count, 1, GENERATED_GROWN_MAX, &n))
        return complain(order, 400, "count says how many check-ins to add");
    if (!user->history.generated)
        return complain(order, 409, "only a generated history can grow");
    if (!generated_grow(user->history.generated, n))
        return complain(order, 409, "this history cannot grow that much");
    report_user(user, order->out);
    return 200;
}

/* index or id into *index. */
static bool find_checkin(const struct order *order, const struct generated *g, size_t *index)
{
    const char *text = param(order, "index");
    const char *wanted = param(order, "id");
    size_t size = generated_size(g);
    int64_t n = 0;
    if (!wanted) {
        bool good = text && number_parse(text, 0, (int64_t)size - 1, &n);
        *index = (size_t)n;
        return good;
    }
    for (*index = 0; *index < size; (*index)++) {
        char id[25];
        generated_id(g, *index, id);
        if (strcmp(id, wanted) == 0)
            return true;
    }
    return false;
}

static int edit(struct order *order)
{
    struct user *user = NULL;
    size_t index = 0;
    char id[25];
    int status = find_user(order, &user);
    if (status != 0)
        return status;
    struct generated *g = user->history.generated;
    if (!g)
        return complain(order, 409, "only a generated history can be edited");
    if (!find_checkin(order, g, &index))
        return complain(order, 404, "index (0 is the newest) or id names no check-in");
    if (!generated_edit(g, index))
        return complain(order, 409, "this history cannot be edited any more");
    generated_id(g, index, id);
    evbuffer_add_printf(order->out, "{\"index\":%zu,\"id\":\"%s\",\"createdAt\":%lld}\n", index, id,
                        (long long)generated_created_at(g, index));
    return 200;
}

static int show_faults(struct order *order)
{
    report_faults(order->sandbox, order->out);
    return 200;
}

static int add_fault(struct order *order)
{
    struct fault_rule rule;
    char error[512];
    const char *kind = param(order, "kind");
    if (kind && strcmp(kind, "none") == 0) {
        faults_remove(&order->sandbox->faults, param(order, "token"), false);
        return show_faults(order);
    }
    if (fault_rule_init(&rule, kind ? kind : "", error, sizeof(error)) < 0)
        return complain(order, 400, error);
    const struct evkeyval *p = NULL;
    TAILQ_FOREACH(p, &order->params, next)
    {
        if (strcmp(p->key, "kind") != 0 &&
            fault_rule_set(&rule, p->key, p->value, error, sizeof(error)) < 0)
            return complain(order, 400, error);
    }
    if (faults_add(&order->sandbox->faults, &rule) < 0)
        return complain(order, 409, "there are too many fault rules");
    return show_faults(order);
}

static void forget_user(void *arg, struct user *user)
{
    (void)arg;
    user_forget(user);
}

static int reset(struct order *order)
{
    struct sandbox *sandbox = order->sandbox;
    struct user *user = NULL;
    const char *token = param(order, "token");
    if (token) {
        int status = find_user(order, &user);
        if (status != 0)
            return status;
        user_forget(user);
    } else {
        users_each(sandbox->users, forget_user, NULL);
        sandbox->requests = sandbox->strangers = 0;
        sandbox->elsewhere = sandbox->elsewhere_with_secrets = 0;
    }
    faults_remove(&sandbox->faults, token, true);
    evbuffer_add_printf(order->out, "{}\n");
    return 200;
}

static const struct {
    enum evhttp_cmd_type method;
    const char *path;
    int (*handle)(struct order *order);
} handlers[] = {
    {EVHTTP_REQ_GET, "/stats", show_stats},  {EVHTTP_REQ_POST, "/reset", reset},
    {EVHTTP_REQ_GET, "/fault", show_faults}, {EVHTTP_REQ_POST, "/fault", add_fault},
    {EVHTTP_REQ_GET, "/user", show_user},    {EVHTTP_REQ_POST, "/user", set_user},
    {EVHTTP_REQ_POST, "/grow", grow},        {EVHTTP_REQ_POST, "/edit", edit},
};

enum { HANDLERS = sizeof(handlers) / sizeof(handlers[0]) };

static void add_param(void *user, const char *name, const char *value)
{
    struct order *order = user;
    evhttp_add_header(&order->params, name, value);
}

/* Parameters come in the query string, and in the body as a JSON object or as a form. */
static bool read_params(struct order *order, struct evhttp_request *request)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(body);
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
    if (query && *query && evhttp_parse_query_str(query, &order->params) < 0)
        return false;
    if (len == 0)
        return true;
    evbuffer_add(body, "", 1); /* a NUL behind it, for the form parser */
    const char *text = (const char *)evbuffer_pullup(body, -1);
    if (!text || strlen(text) != len)
        return false;
    if (*text == '{')
        return json_each_scalar((struct slice){text, len}, add_param, order);
    struct evkeyvalq form;
    TAILQ_INIT(&form);
    if (evhttp_parse_query_str(text, &form) < 0)
        return false;
    const struct evkeyval *p = NULL;
    TAILQ_FOREACH(p, &form, next)
    {
        add_param(order, p->key, p->value);
    }
    evhttp_clear_headers(&form);
    return true;
}

/* Whoever can reach the server from another machine may use the API, not steer it. */
static bool is_local(const struct sandbox *sandbox, struct evhttp_request *request)
{
    char *peer = NULL;
    uint16_t port = 0;
    if (sandbox->options->unix_path)
        return true;
    evhttp_connection_get_peer(evhttp_request_get_connection(request), &peer, &port);
    return peer && (strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0 ||
                    strncmp(peer, "::ffff:127.", 11) == 0);
}

static int carry_out(struct order *order, struct evhttp_request *request, const char *path)
{
    if (!is_local(order->sandbox, request))
        return complain(order, 403, "the sandbox is controlled from its own machine only");
    if (!read_params(order, request))
        return complain(order, 400, "the parameters cannot be read");
    bool known = false;
    for (size_t i = 0; i < HANDLERS; i++) {
        if (strcmp(handlers[i].path, path) != 0)
            continue;
        if (handlers[i].method == evhttp_request_get_command(request))
            return handlers[i].handle(order);
        known = true;
    }
    return known ? complain(order, 405, "the other one of GET and POST is meant")
                 : complain(order, 404, "there are stats, reset, fault, user, grow and edit");
}

void admin_serve(struct sandbox *sandbox, struct evhttp_request *request, const char *path)
{
    struct order order = {.sandbox = sandbox, .out = evbuffer_new()};
    TAILQ_INIT(&order.params);
    int status = order.out ? carry_out(&order, request, path) : 500;
    evhttp_clear_headers(&order.params);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      "application/json; charset=utf-8");
    evhttp_send_reply(request, status, NULL, order.out);
    if (order.out)
        evbuffer_free(order.out);
}
