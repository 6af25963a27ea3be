/* SPDX-License-Identifier: MIT */
/* page.c: asks for one page of check-ins and says what the answer means; stores nothing. */
#include "page.h"

#include "json.h"
#include "jsonscan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_path(const struct settings *settings, int64_t before, char *path, size_t size)
{
    int n = snprintf(path, size, "/v2/users/self/checkins?v=%s&m=swarm&sort=newestfirst&limit=%d",
                     settings->version, settings->page_size);
    if (before >= 0)
        snprintf(path + n, size - (size_t)n, "&beforeTimestamp=%" PRId64, before);
}

/* Copies a server's words, as many as fit. It may repeat what it was sent: the token is a '*' in
 * the copy, also where only its beginning would fit. */
static void copy_words(const char *text, const char *token, char *out, size_t size)
{
    size_t len = strlen(token), n = 0;
    while (*text != '\0' && n + 1 < size) {
        bool hidden = len > 0 && strncmp(text, token, len) == 0;
        out[n++] = hidden ? '*' : *text;
        text += hidden ? len : 1;
    }
    out[n] = '\0';
}

static void wrong_answer(struct page *page, enum answer_class class, const char *what)
{
    page->verdict = (struct verdict){.class = class, .delay_s = -1.0};
    snprintf(page->message, sizeof page->message, "%s", what);
}

/* Reads the envelope. Returns false if the page is settled: not usable. */
static void judge(const struct http_reply *reply, const struct json_node *root, const char *token,
                  struct page *page)
{
    struct answer answer = {.status = reply->status,
                            .error_type = json_string(json_at(root, "meta.errorType")),
                            .retry_after_s = reply->retry_after_s,
                            .reset_after_s = reply->reset_after_s,
                            .bare = !json_is_object(json_at(root, "meta"))};
    int64_t code = 0;
    if (answer.status == 200 && json_integer(json_at(root, "meta.code"), &code) && code >= 100 &&
        code <= 999)
        answer.status = (int)code;
    page->verdict = classify(&answer);
    const char *type = answer.error_type, *detail = json_string(json_at(root, "meta.errorDetail"));
    char type_words[61], detail_words[161];
    copy_words(type != NULL ? type : "", token, type_words, sizeof type_words);
    copy_words(detail != NULL ? detail : "", token, detail_words, sizeof detail_words);
    snprintf(page->message, sizeof page->message, "HTTP %d%s%s%s%s", reply->status,
             type != NULL ? ", " : "", type_words, detail != NULL ? ": " : "", detail_words);
    if (page->verdict.class != ANSWER_OK)
        return;
    const struct json_node *checkins = json_at(root, "response.checkins");
    if (!json_is_array(json_at(checkins, "items")))
        wrong_answer(page, ANSWER_RETRY, "the answer has no list at response.checkins.items");
}

void page_fetch(struct http *http, const struct settings *settings, const char *token,
                int64_t before, struct page *page)
{
    char path[256], why[256] = "";
    struct http_reply reply;
    memset(page, 0, sizeof *page);
    make_path(settings, before, path, sizeof path);
    int rc = http_get(http, path, token, &reply, why, sizeof why);
    if (rc != HTTP_OK) {
        page->stopped = rc == HTTP_ESTOPPED;
        page->lasting = rc == HTTP_EUNTRUSTED;
        wrong_answer(page, rc == HTTP_EREFUSED ? ANSWER_FATAL : ANSWER_RETRY, why);
        return;
    }
    size_t offset = 0;
    enum json_fault fault = json_scan(reply.body, &reply.len, &page->removed, &offset);
    struct json *json = NULL;
    if (fault == JSON_FINE) {
        reply.body[reply.len] = '\0';
        json = json_parse(reply.body, reply.len, why, sizeof why);
        if (json == NULL)
            fault = JSON_BROKEN;
    }
    if (json != NULL) {
        judge(&reply, json_root(json), token, page);
        page->body = reply.body;
        json_free(json);
        return;
    }
    /* Without an envelope the status alone decides, unless it says that all is well. */
    struct answer answer = {.status = reply.status,
                            .retry_after_s = reply.retry_after_s,
                            .reset_after_s = reply.reset_after_s,
                            .bare = true};
    page->verdict = classify(&answer);
    snprintf(page->message, sizeof page->message, "HTTP %d, %s", reply.status,
             reply.status >= 300 && reply.status <= 399 ? "a redirect, which is not followed"
                                                        : "not JSON");
    if (page->verdict.class == ANSWER_OK) {
        snprintf(why, sizeof why, "the answer %s at byte %zu", json_fault_text(fault), offset);
        wrong_answer(page, fault == JSON_BROKEN ? ANSWER_RETRY : ANSWER_FATAL, why);
    }
}
