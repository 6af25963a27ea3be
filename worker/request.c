/* SPDX-License-Identifier: MIT */
/*
 * request.c: reads the head of an HTTP/1.x request, strictly. Knows no connection and no path.
 *
 * What two readers could read in two ways is refused: two Hosts, two lengths, folded lines, a
 * target that is not a path.
 */
#include "request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BAD = 400, TOO_LARGE = 413, HEAD_TOO_LARGE = 431, VERSION = 505 };

static int is_token(const char *s)
{
    return s[0] != '\0' && s[strspn(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* The next line, cut off at its CRLF; NULL where only LF or nothing ends it. */
static char *take_line(char **at)
{
    char *line = *at;
    char *end = strstr(line, "\r\n");
    if (end == NULL)
        return NULL;
    *end = '\0';
    *at = end + 2;
    return line;
}

/* No control characters: neither NUL, which has ended the text already, nor a lone CR or LF. */
static int is_clean(const char *line)
{
    for (const unsigned char *s = (const unsigned char *)line; *s != '\0'; s++)
        if ((*s < 0x20 && *s != '\t') || *s == 0x7F)
            return 0;
    return 1;
}

static int parse_first_line(char *line, struct request *out, int *minor)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
    if (version == NULL || !is_clean(line))
        return BAD;
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line) || target[0] != '/' || target[strcspn(target, "\t#")] != '\0')
        return BAD;
    if (strncmp(version, "HTTP/1.", 7) != 0 || (version[7] != '0' && version[7] != '1') ||
        version[8] != '\0')
        return strncmp(version, "HTTP/", 5) == 0 ? VERSION : BAD;
    *minor = version[7] - '0';
    out->method = line;
    out->path = target;
    target[strcspn(target, "?")] = '\0';
    return strstr(target, "%00") != NULL ? BAD : 0;
}

struct seen {
    int hosts, lengths, authorizations;
};

static int parse_header(char *line, struct request *out, struct seen *seen)
{
    char *value = strchr(line, ':');
    if (value == NULL || !is_clean(line))
        return BAD;
    *value++ = '\0';
    if (!is_token(line)) /* also a folded line, which begins with a blank */
        return BAD;
    value += strspn(value, " \t");
    for (size_t n = strlen(value); n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
        value[n - 1] = '\0';
    if (strcasecmp(line, "Host") == 0) {
        out->host = value;
        return ++seen->hosts > 1 ? BAD : 0;
    }
    if (strcasecmp(line, "Authorization") == 0) {
        out->authorization = value;
        return ++seen->authorizations > 1 ? BAD : 0;
    }
    if (strcasecmp(line, "Transfer-Encoding") == 0)
        return TOO_LARGE;
    if (strcasecmp(line, "Content-Length") == 0) {
        if (++seen->lengths > 1 || value[0] == '\0' || value[strspn(value, "0123456789")] != '\0')
            return BAD;
        return value[strspn(value, "0")] == '\0' ? 0
                                                 : TOO_LARGE; /* no request of ours has a body */
    }
    return 0;
}

int request_parse(char *head, size_t len, struct request *out)
{
    struct seen seen = {0};
    int minor = 0;
    memset(out, 0, sizeof *out);
    out->host = "";
    if (strlen(head) != len)
        return BAD;
    char *line = take_line(&head);
    int status = line != NULL ? parse_first_line(line, out, &minor) : BAD;
    for (int n = 0; status == 0; n++) {
        line = take_line(&head);
        if (line == NULL)
            return BAD;
        if (line[0] == '\0')
            return minor == 1 && seen.hosts == 0 ? BAD : 0;
        status = n >= REQUEST_HEADERS_MAX ? HEAD_TOO_LARGE : parse_header(line, out, &seen);
    }
    return status;
}

int request_host_is_local(const char *host)
{
    char name[INET6_ADDRSTRLEN + 2];
    struct in6_addr address;
    int bracket = host[0] == '[';
    size_t len = bracket ? strcspn(host, "]") : strcspn(host, ":");
    const char *port = host + len + (bracket && host[len] == ']');
    if (port[0] != '\0' && (port[0] != ':' || port[1 + strspn(port + 1, "0123456789")] != '\0'))
        return 0;
    snprintf(name, sizeof name, "%.*s", (int)(len - (size_t)bracket), host + bracket);
    if (len - (size_t)bracket >= sizeof name)
        return 0;
    if (bracket)
        return host[len] == ']' && inet_pton(AF_INET6, name, &address) == 1;
    return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &address) == 1;
}

int request_key_is(const char *authorization, const char *key)
{
    if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0)
        return 0;
    const char *given = authorization + 7 + strspn(authorization + 7, " ");
    size_t given_len = strlen(given), key_len = strlen(key);
    volatile unsigned char differ = given_len != key_len;
    for (size_t i = 0; i < given_len; i++)
        differ = (unsigned char)(differ | (given[i] ^ key[key_len > 0 ? i % key_len : 0]));
    return differ == 0 && key_len > 0;
}
