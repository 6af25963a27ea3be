/* SPDX-License-Identifier: MIT */
/* Writes statistics, users and fault rules as JSON; does not change them. */
#include "report.h"

#include <inttypes.h>

#include <event2/buffer.h>

#include "sandbox.h"

static void append_asked(const struct asked *asked, struct evbuffer *out)
{
    evbuffer_add_printf(out, "{\"at\":%" PRId64 ".%03d,\"limit\":%" PRId64 ",\"offset\":%" PRId64,
                        asked->at_ms / 1000, (int)(asked->at_ms % 1000), asked->limit,
                        asked->offset);
    if (asked->has_before)
        evbuffer_add_printf(out, ",\"beforeTimestamp\":%" PRId64, asked->before);
    if (asked->has_after)
        evbuffer_add_printf(out, ",\"afterTimestamp\":%" PRId64, asked->after);
    evbuffer_add_printf(out, ",\"sort\":\"%s\",\"auth\":\"%s\",\"status\":%d,\"items\":%zu",
                        asked->oldest_first ? "oldestfirst" : "newestfirst",
                        asked->bearer ? "bearer" : "query", asked->status, asked->items);
    if (asked->fault)
        evbuffer_add_printf(out, ",\"fault\":\"%s\"", asked->fault);
    evbuffer_add(out, "}", 1);
}

static void append_stats_of(const struct user *user, struct evbuffer *out)
{
    evbuffer_add_printf(out,
                        "\"%s\":{\"requests\":%" PRIu64 ",\"items\":%" PRIu64 ",\"faults\":%" PRIu64
                        ",\"asked\":[",
                        user->token, user->requests, user->items, user->faults);
    size_t first = user->n_asked > USER_ASKED_KEPT ? user->n_asked - USER_ASKED_KEPT : 0;
    for (size_t i = first; i < user->n_asked; i++) {
        if (i > first)
            evbuffer_add(out, ",", 1);
        append_asked(&user->asked[i % USER_ASKED_KEPT], out);
    }
    evbuffer_add(out, "]}", 2);
}

struct listing {
    struct evbuffer *out;
    size_t n;
};

static void list_user(void *arg, struct user *user)
{
    struct listing *listing = arg;
    if (user->requests == 0)
        return;
    if (listing->n++ > 0)
        evbuffer_add(listing->out, ",", 1);
    append_stats_of(user, listing->out);
}

void report_stats(struct sandbox *sandbox, struct user *user, struct evbuffer *out)
{
    evbuffer_add_printf(out,
                        "{\"requests\":%" PRIu64 ",\"open\":%zu,\"strangers\":%" PRIu64
                        ",\"elsewhere\":{\"requests\":%" PRIu64 ",\"with_secrets\":%" PRIu64
                        "},\"faults\":{",
                        sandbox->requests, sandbox->exchanges, sandbox->strangers,
                        sandbox->elsewhere, sandbox->elsewhere_with_secrets);
    size_t n = 0;
    for (int kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++) {
        uint64_t served = sandbox->faults.served[kind];
        if (served > 0)
            evbuffer_add_printf(out, "%s\"%s\":%" PRIu64, n++ > 0 ? "," : "",
                                fault_name((enum fault_kind)kind), served);
    }
    evbuffer_add_printf(out, "},\"users\":{");
    struct listing listing = {.out = out};
    if (user)
        append_stats_of(user, out);
    else
        users_each(sandbox->users, list_user, &listing);
    evbuffer_add_printf(out, "}}\n");
}

void report_user(const struct user *user, struct evbuffer *out)
{
    const struct history *h = &user->history;
    size_t size = history_size(h);
    evbuffer_add_printf(
        out, "{\"token\":\"%s\",\"kind\":\"%s\",\"size\":%zu,\"announced\":%" PRId64, user->token,
        h->recorded ? "recorded" : "generated", size, history_announced(h));
    if (size > 0)
        evbuffer_add_printf(out, ",\"newest\":%" PRId64 ",\"oldest\":%" PRId64,
                            history_created_at(h, 0), history_created_at(h, size - 1));
    evbuffer_add_printf(out, ",\"before\":\"%s\"}\n",
                        user->before_inclusive ? "inclusive" : "exclusive");
}

void report_faults(const struct sandbox *sandbox, struct evbuffer *out)
{
    evbuffer_add(out, "[", 1);
    for (size_t i = 0; i < sandbox->faults.n; i++) {
        const struct fault_rule *rule = &sandbox->faults.rules[i];
        evbuffer_add_printf(out, "%s{\"kind\":\"%s\"", i > 0 ? "," : "", fault_name(rule->kind));
        if (rule->token[0] != '\0')
            evbuffer_add_printf(out, ",\"token\":\"%s\"", rule->token);
        evbuffer_add_printf(out,
                            ",\"count\":%" PRId64 ",\"every\":%" PRId64 ",\"after\":%" PRId64
                            ",\"seconds\":%" PRId64 ".%03d,\"seen\":%" PRId64 ",\"served\":%" PRId64
                            "}",
                            rule->count, rule->every, rule->after, rule->wait_ms / 1000,
                            (int)(rule->wait_ms % 1000), rule->seen, rule->served);
    }
    evbuffer_add(out, "]\n", 2);
}
