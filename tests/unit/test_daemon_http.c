/* SPDX-License-Identifier: MIT */
/* What the daemon's HTTP server takes for a request, and whom it lets in. */
#include "../../worker/listen.h"
#include "../../worker/request.h"
#include "tap.h"

static int parse(const char *text, struct request *request)
{
    static char head[REQUEST_HEAD_MAX * 2];
    snprintf(head, sizeof head, "%s", text);
    return request_parse(head, strlen(text), request);
}

static void refused(int status, const char *text, const char *sentence)
{
    struct request request;
    is_int(parse(text, &request), status, "%s", sentence);
}

static void requests(void)
{
    struct request request;
    is_int(parse("GET /metrics?x=1 HTTP/1.1\r\nhost:  [::1]:80 \r\nAuthorization: Bearer k\r\n\r\n",
                 &request),
           0, "a plain request is read");
    is_str(request.method, "GET", "its method");
    is_str(request.path, "/metrics", "its path without the query");
    is_str(request.host, "[::1]:80", "its host without blanks");
    is_str(request.authorization, "Bearer k", "its key");
    is_int(parse("GET / HTTP/1.0\r\n\r\n", &request), 0, "HTTP/1.0 needs no Host");
    refused(400, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 without a Host is refused");
    refused(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "two Hosts are refused");
    refused(400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
            "two lengths are refused");
    refused(413, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "a body is refused");
    refused(413, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "a body in pieces is refused");
    refused(400, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "a folded line is refused");
    refused(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "a blank before the colon is refused");
    refused(400, "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "an absolute target is refused");
    refused(400, "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "a control character is refused");
    refused(400, "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", "a coded NUL is refused");
    refused(400, "GET /\r\nHost: a\r\n\r\n", "HTTP/0.9 is refused");
    refused(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "HTTP/2 is not spoken");
    refused(400, "\r\n\r\n", "nothing is no request");
    is_int(request_parse((char[]){"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n"}, 28, &request), 400,
           "a NUL is refused");
    char many[8000] = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < REQUEST_HEADERS_MAX; i++)
        strncat(many, "X: y\r\n", sizeof many - strlen(many) - 1);
    strncat(many, "\r\n", sizeof many - strlen(many) - 1);
    refused(431, many, "too many headers are refused");
}

static void hosts(void)
{
    static const char *const local[] = {"127.0.0.1",  "127.0.0.1:80", "[::1]",       "[::1]:80",
                                        "10.1.2.3:9", "LOCALHOST",    "localhost:1", NULL};
    static const char *const foreign[] = {"",
                                          "evil.example",
                                          "127.0.0.1.evil.example",
                                          "localhost.",
                                          "[::1",
                                          "::1",
                                          "localhost:x",
                                          "[localhost]",
                                          "127.1",
                                          "0x7f000001",
                                          NULL};
    for (int i = 0; local[i] != NULL; i++)
        ok(request_host_is_local(local[i]), "the Host %s is no foreign name", local[i]);
    for (int i = 0; foreign[i] != NULL; i++)
        ok(!request_host_is_local(foreign[i]), "the Host %s is refused", foreign[i]);
}

static void keys(void)
{
    ok(request_key_is("Bearer abc", "abc"), "the right key is let in");
    ok(request_key_is("bearer  abc", "abc"), "whatever the case of its scheme");
    ok(!request_key_is("Bearer abd", "abc"), "a wrong one is not");
    ok(!request_key_is("Bearer ab", "abc"), "nor a part of it");
    ok(!request_key_is("Bearer abcabc", "abc"), "nor twice the key");
    ok(!request_key_is("Bearer ", "abc"), "nor none");
    ok(!request_key_is("Basic abc", "abc"), "nor another scheme");
    ok(!request_key_is(NULL, "abc"), "nor no header");
    ok(!request_key_is("Bearer ", ""), "an empty key lets nobody in");
}

static void addresses(void)
{
    struct listen_address address;
    char why[256];
    is_int(listen_parse("127.0.0.1:0", &address, why, sizeof why), 0, "loopback is an address");
    ok(address.is_private, "a private one");
    is_int(listen_parse("[::1]:8080", &address, why, sizeof why), 0, "so is its IPv6 form");
    ok(address.is_private, "a private one, too");
    is_int(listen_parse("[::]:8080", &address, why, sizeof why), 0, "any address is one");
    ok(!address.is_private, "that others reach");
    is_int(listen_parse("192.168.1.1:80", &address, why, sizeof why), 0, "a network's, too");
    ok(!address.is_private, "that others reach");
    is_int(listen_parse("unix:/run/x", &address, why, sizeof why), 0, "a socket file is one");
    ok(address.is_private, "a private one");
    static const char *const wrong[] = {
        "8080",        "127.0.0.1", "127.0.0.1:", "::1:80", "127.0.0.1:-1",
        "127.0.0.1:x", "[::1]80",   "unix:x",     "",       NULL};
    for (int i = 0; wrong[i] != NULL; i++)
        ok(listen_parse(wrong[i], &address, why, sizeof why) != 0 && why[0] != '\0',
           "\"%s\" is no address", wrong[i]);
}

int main(void)
{
    requests();
    hosts();
    keys();
    addresses();
    return done();
}
