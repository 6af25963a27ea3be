/* SPDX-License-Identifier: MIT */
/* page.h: asks for one page of check-ins and says what the answer means; stores nothing. */
#ifndef SYNC_PAGE_H
#define SYNC_PAGE_H

#include "classify.h"
#include "http.h"
#include "settings.h"

#include <stddef.h>
#include <stdint.h>

/* What came of a request. body is valid until the next request, and only if the class is OK. */
struct page {
    struct verdict verdict;
    bool lasting;      /* RETRY, but a try a moment later would end the same */
    bool stopped;      /* the job was taken away while waiting */
    const char *body;  /* valid JSON without U+0000 */
    size_t removed;    /* escaped U+0000 that were removed from it */
    char message[320]; /* why not, or the warning; no token */
};

/* One request, one answer.
 *   before  beforeTimestamp, or < 0: from the newest on */
void page_fetch(struct http *http, const struct settings *settings, const char *token,
                int64_t before, struct page *page);

#endif
