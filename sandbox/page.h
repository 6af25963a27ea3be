/* SPDX-License-Identifier: MIT */
/* The bodies of the provider's answers: one page of check-ins, or an error. */
#ifndef SANDBOX_PAGE_H
#define SANDBOX_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct history;

enum { PAGE_LIMIT_DEFAULT = 20, PAGE_LIMIT_MAX = 250 };

struct page_query {
    int64_t limit, offset;
    int64_t after, before; /* epoch seconds; after is inclusive */
    bool has_after, has_before;
    bool before_inclusive;
    bool oldest_first;
};

/* deprecated: says so in meta, as the provider does with status 200. Returns how many check-ins the
 * page holds. */
size_t page_append(const struct history *h, const struct page_query *query, bool deprecated,
                   struct evbuffer *out);

/* detail is put in as it is: text that needs no escaping */
void page_append_error(int code, const char *error_type, const char *detail, struct evbuffer *out);

#endif
