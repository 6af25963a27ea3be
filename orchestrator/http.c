/* SPDX-License-Identifier: MIT */
/* http.c: GET requests with a bearer token; the only file that knows libcurl. */
#include "http.h"

#include <curl/curl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    HEADERS_MAX = 65536,   /* bytes of all headers of an answer */
    BODY_FIRST = 65536,    /* first size of the body's buffer */
    SLOW_BYTES_PER_S = 64, /* slower than this for SLOW_MAX_S is no answer */
    SLOW_MAX_S = 20,
    URL_MAX = 2048,
    TOKEN_MAX = 8192
};

struct http {
    CURL *curl;
    struct http_options options;
    char *base_url, *ca_file;
    char *body;
    size_t len, size, header_bytes;
    bool too_large;
    /* headers of the answer as it comes in */
    double retry_after_s;            /* -1: none */
    time_t retry_at, reset_at, date; /* -1: none */
};

bool http_start(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void http_stop(void)
{
    curl_global_cleanup();
}

/* A name may begin with 127., too: only an address says where it leads. */
static bool is_loopback(const char *host)
{
    struct in_addr address;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

const char *http_check_base(const char *text, bool any_http)
{
    const char *why = "is not a URL like https://host";
    char *scheme = NULL, *host = NULL;
    CURLU *url = curl_url();
    if (url == NULL ||
        curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        goto out;
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        why = "must not hold a user or password";
    else if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
        why = "must not hold a query or fragment";
    else if (strlen(text) > URL_MAX / 2)
        why = "is too long";
    else if (strcmp(scheme, "https") == 0)
        why = NULL;
    else if (strcmp(scheme, "http") != 0)
        why = "must begin with https://";
    else if (any_http || is_loopback(host))
        why = NULL;
    else
        why = "must begin with https:// (http:// is for this machine, or with allow_http = true)";
out:
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    return why;
}

/* ------------------------------------------------------------------------------------------------
 * The answer as it comes in
 */

static size_t take_body(char *data, size_t size, size_t n, void *user)
{
    struct http *http = user;
    size_t add = size * n;
    if (add > http->options.max_body - http->len) {
        http->too_large = true;
        return 0;
    }
    if (http->len + add + 1 > http->size) {
        size_t want = http->size > 0 ? http->size : BODY_FIRST;
        while (want < http->len + add + 1)
            want *= 2;
        char *body = realloc(http->body, want);
        if (body == NULL)
            return 0;
        http->body = body;
        http->size = want;
    }
    memcpy(http->body + http->len, data, add);
    http->len += add;
    http->body[http->len] = '\0';
    return add;
}

/* The value of a header of this name, copied without blanks around it; "" if it is too long. */
static bool header_is(const char *line, size_t len, const char *name, char value[64])
{
    size_t name_len = strlen(name);
    if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0)
        return false;
    line += name_len + 1;
    len -= name_len + 1;
    while (len > 0 && (line[0] == ' ' || line[0] == '\t'))
        line++, len--;
    while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
        len--;
    if (len > 63)
        len = 0;
    memcpy(value, line, len);
    value[len] = '\0';
    return true;
}

/* A whole number of at most 15 digits, or -1. */
static long long parse_count(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return n == 0 || n > 15 || text[n] != '\0' ? -1 : strtoll(text, NULL, 10);
}

static size_t take_header(char *data, size_t size, size_t n, void *user)
{
    struct http *http = user;
    size_t len = size * n;
    char value[64];
    http->header_bytes += len;
    if (http->header_bytes > HEADERS_MAX) {
        http->too_large = true;
        return 0;
    }
    if (header_is(data, len, "Date", value)) {
        http->date = curl_getdate(value, NULL);
    } else if (header_is(data, len, "X-RateLimit-Reset", value)) {
        http->reset_at = (time_t)parse_count(value);
    } else if (header_is(data, len, "Retry-After", value)) {
        long long seconds = parse_count(value);
        http->retry_after_s = (double)seconds;
        http->retry_at = seconds < 0 ? curl_getdate(value, NULL) : -1;
    }
    return len;
}

static int take_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total,
                         curl_off_t up_now)
{
    (void)total, (void)now, (void)up_total, (void)up_now;
    struct http *http = user;
    return http->options.stop != NULL && http->options.stop(http->options.stop_user) ? 1 : 0;
}

/* ------------------------------------------------------------------------------------------------
 * Client and request
 */

static bool configure(struct http *http)
{
    CURL *c = http->curl;
    const struct http_options *o = &http->options;
    bool secure = strncasecmp(o->base_url, "https:", 6) == 0;
    bool good = true;
#define SET(option, value) good = curl_easy_setopt(c, option, value) == CURLE_OK && good
    SET(CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_USERAGENT, "libpgqueue-sync");
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (http->ca_file != NULL)
        SET(CURLOPT_CAINFO, http->ca_file);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_timeout_s * 1000));
    SET(CURLOPT_TIMEOUT_MS, (long)(o->timeout_s * 1000));
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES_PER_S);
    SET(CURLOPT_LOW_SPEED_TIME, (long)SLOW_MAX_S);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, http);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, http);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, take_progress);
    SET(CURLOPT_XFERINFODATA, http);
#undef SET
    return good;
}

struct http *http_new(const struct http_options *options)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return NULL;
    http->options = *options;
    http->curl = curl_easy_init();
    http->base_url = strdup(options->base_url);
    if (options->ca_file != NULL)
        http->ca_file = strdup(options->ca_file);
    if (http->curl == NULL || http->base_url == NULL ||
        (options->ca_file != NULL && http->ca_file == NULL)) {
        http_free(http);
        return NULL;
    }
    size_t len = strlen(http->base_url);
    while (len > 0 && http->base_url[len - 1] == '/')
        http->base_url[--len] = '\0';
    http->options.base_url = http->base_url;
    if (!configure(http)) {
        http_free(http);
        return NULL;
    }
    return http;
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->curl);
    free(http->body);
    free(http->base_url);
    free(http->ca_file);
    free(http);
}

/* A header line with the token, NULL if the token cannot stand in one. The caller wipes it. */
static struct curl_slist *make_headers(const char *token)
{
    char line[TOKEN_MAX + 32];
    size_t len = strlen(token);
    if (len == 0 || len > TOKEN_MAX)
        return NULL;
    for (const char *p = token; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~')
            return NULL;
    }
    snprintf(line, sizeof line, "Authorization: Bearer %s", token);
    struct curl_slist *list = curl_slist_append(NULL, line);
    explicit_bzero(line, sizeof line);
    struct curl_slist *more =
        list != NULL ? curl_slist_append(list, "Accept: application/json") : NULL;
    return more != NULL ? more : list;
}

static void wipe_headers(struct curl_slist *list)
{
    for (struct curl_slist *p = list; p != NULL; p = p->next)
        explicit_bzero(p->data, strlen(p->data));
    curl_slist_free_all(list);
}

static void fill_reply(struct http *http, struct http_reply *reply)
{
    long status = 0;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    /* Times that the server names are measured by its own clock, if it tells it. */
    time_t now = http->date != -1 ? http->date : time(NULL);
    reply->status = (int)status;
    reply->body = http->body;
    reply->len = http->len;
    reply->retry_after_s = http->retry_after_s;
    if (http->retry_at != -1)
        reply->retry_after_s = fmax(0.0, difftime(http->retry_at, now));
    reply->reset_after_s = http->reset_at != -1 ? difftime(http->reset_at, now) : NAN;
}

static int explain(struct http *http, CURLcode rc, const char *detail, char *message, size_t size)
{
    if (rc == CURLE_ABORTED_BY_CALLBACK) {
        snprintf(message, size, "stopped");
        return HTTP_ESTOPPED;
    }
    if (http->too_large) {
        snprintf(message, size, "the answer is larger than %zu bytes", http->options.max_body);
        return HTTP_ETOOLARGE;
    }
    snprintf(message, size, "%s", detail[0] != '\0' ? detail : curl_easy_strerror(rc));
    return rc == CURLE_PEER_FAILED_VERIFICATION ? HTTP_EUNTRUSTED : HTTP_EUNREACHED;
}

int http_get(struct http *http, const char *path, const char *token, struct http_reply *reply,
             char *message, size_t message_size)
{
    char url[URL_MAX], detail[CURL_ERROR_SIZE] = "";
    int n = snprintf(url, sizeof url, "%s%s", http->base_url, path);
    struct curl_slist *headers = make_headers(token);
    if (headers == NULL || n < 0 || (size_t)n >= sizeof url) {
        snprintf(message, message_size, "%s",
                 headers == NULL ? "the token cannot be sent: it is empty, too long, or holds "
                                   "characters that no header may"
                                 : "the URL is too long");
        wipe_headers(headers);
        return HTTP_EREFUSED;
    }
    http->len = http->header_bytes = 0;
    http->too_large = false;
    http->retry_after_s = -1.0;
    http->retry_at = http->reset_at = http->date = -1;
    char nothing = '\0';
    take_body(&nothing, 0, 0, http); /* an answer without a body has an empty one */
    curl_easy_setopt(http->curl, CURLOPT_URL, url);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, detail);
    CURLcode rc = http->body != NULL ? curl_easy_perform(http->curl) : CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, NULL);
    wipe_headers(headers);
    if (rc != CURLE_OK)
        return explain(http, rc, detail, message, message_size);
    fill_reply(http, reply);
    return HTTP_OK;
}
