/* SPDX-License-Identifier: MIT */
/*
 * listen.c: where the daemon's HTTP server listens: parses an address, opens it, tells it. Knows no
 * HTTP.
 */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64 };

static int parse_unix(const char *path, struct listen_address *out, char *why, size_t why_size)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&out->address;
    size_t len = strlen(path);
    if (path[0] != '/' || len >= sizeof un->sun_path) {
        snprintf(why, why_size, "listen = unix:PATH needs an absolute path of at most %zu bytes",
                 sizeof un->sun_path - 1);
        return -1;
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, len + 1);
    out->len = (socklen_t)sizeof *un;
    out->is_private = 1;
    return 0;
}

static int parse_port(const char *text, in_port_t *port)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return -1;
    long number = strtol(text, &end, 10);
    if (*end != '\0' || number > 65535)
        return -1;
    *port = htons((in_port_t)number);
    return 0;
}

static int parse_ip(const char *text, struct listen_address *out)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&out->address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->address;
    char host[INET6_ADDRSTRLEN];
    int bracket = text[0] == '[';
    const char *end = bracket ? strstr(text, "]:") : strrchr(text, ':');
    size_t len = end != NULL ? (size_t)(end - text) - (size_t)bracket : sizeof host;
    if (len >= sizeof host)
        return -1;
    memcpy(host, text + bracket, len);
    host[len] = '\0';
    const char *port = end + 1 + bracket;
    if (bracket) {
        in6->sin6_family = AF_INET6;
        out->len = (socklen_t)sizeof *in6;
        if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
            return -1;
        out->is_private = IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
        return parse_port(port, &in6->sin6_port);
    }
    in->sin_family = AF_INET;
    out->len = (socklen_t)sizeof *in;
    if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
        return -1;
    out->is_private = ntohl(in->sin_addr.s_addr) >> 24 == 127;
    return parse_port(port, &in->sin_port);
}

int listen_parse(const char *text, struct listen_address *out, char *why, size_t why_size)
{
    memset(out, 0, sizeof *out);
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, out, why, why_size);
    if (parse_ip(text, out) == 0)
        return 0;
    snprintf(why, why_size, "listen must be 127.0.0.1:PORT, [::1]:PORT or unix:PATH");
    return -1;
}

/* A socket file that refuses connections is left over: from a process that was killed, or from
 * this one. */
static void remove_left_over(const struct listen_address *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->address;
    struct stat st;
    if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)un, address->len) != 0 && errno == ECONNREFUSED)
        unlink(un->sun_path);
    close(fd);
}

int listen_bind(const struct listen_address *address)
{
    int on = 1;
    int family = address->address.ss_family;
    if (family == AF_UNIX)
        remove_left_over(address);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address->address, address->len) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int listen_start(int fd)
{
    return listen(fd, BACKLOG);
}

void listen_close(int fd)
{
    struct listen_address address = {.len = sizeof address.address};
    int known = getsockname(fd, (struct sockaddr *)&address.address, &address.len) == 0;
    close(fd);
    if (known && address.address.ss_family == AF_UNIX)
        remove_left_over(&address);
}

void listen_tell(int fd, char *out, size_t out_size)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    char host[INET6_ADDRSTRLEN] = "";
    getsockname(fd, (struct sockaddr *)&address, &len);
    if (address.ss_family == AF_UNIX) {
        snprintf(out, out_size, "unix:%s", ((struct sockaddr_un *)&address)->sun_path);
    } else if (address.ss_family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(out, out_size, "%s:%u", host, (unsigned)ntohs(in->sin_port));
    } else {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(out, out_size, "[%s]:%u", host, (unsigned)ntohs(in6->sin6_port));
    }
}
