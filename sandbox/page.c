/* SPDX-License-Identifier: MIT */
/* Cuts a page out of a history and puts the provider's envelope around it; does not know HTTP. */
#include "page.h"

#include <inttypes.h>

#include <event2/buffer.h>

#include "history.h"
#include "random.h"

/* Only has to differ from answer to answer. */
static uint64_t next_request_id(void)
{
    static uint64_t answers;
    return random_mix(++answers);
}

/* The check-ins [*first, *end) of the history that lie between the two times. */
static void find_window(const struct history *h, const struct page_query *query, size_t *first,
                        size_t *end)
{
    *first = 0;
    *end = history_size(h);
    if (query->has_before) {
        bool inclusive = query->before_inclusive && query->before < INT64_MAX;
        *first = history_first_older(h, query->before + (inclusive ? 1 : 0));
    }
    if (query->has_after)
        *end = history_first_older(h, query->after);
    if (*end < *first)
        *end = *first;
}

size_t page_append(const struct history *h, const struct page_query *query, bool deprecated,
                   struct evbuffer *out)
{
    size_t first = 0;
    size_t end = 0;
    find_window(h, query, &first, &end);
    size_t window = end - first;
    size_t skipped = (uint64_t)query->offset < window ? (size_t)query->offset : window;
    size_t n = window - skipped;
    if (n > (size_t)query->limit)
        n = (size_t)query->limit;
    evbuffer_add_printf(out, "{\"meta\":{\"code\":200,\"requestId\":\"%08x%016" PRIx64 "\"%s},",
                        0x5f000000u, next_request_id(),
                        deprecated ? ",\"errorType\":\"deprecated\",\"errorDetail\":"
                                     "\"This version of the API will go away.\""
                                   : "");
    evbuffer_add_printf(out,
                        "\"notifications\":[{\"type\":\"notificationTray\",\"item\":"
                        "{\"unreadCount\":4}}],\"response\":{\"checkins\":{\"count\":%" PRId64
                        ",\"items\":[",
                        history_announced(h));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            evbuffer_add(out, ",", 1);
        size_t index = query->oldest_first ? end - 1 - skipped - i : first + skipped + i;
        history_append(h, index, out);
    }
    evbuffer_add(out, "]}}}", 4);
    return n;
}

void page_append_error(int code, const char *error_type, const char *detail, struct evbuffer *out)
{
    evbuffer_add_printf(out,
                        "{\"meta\":{\"code\":%d,\"errorType\":\"%s\",\"errorDetail\":\"%s\","
                        "\"requestId\":\"%08x%016" PRIx64 "\"},\"response\":{}}",
                        code, error_type, detail, 0x5f000000u, next_request_id());
}
