/* SPDX-License-Identifier: MIT */
/* The hosts of a connection string, and with which of them the next try begins. Knows no state of
 * a connection.
 *
 * libpq goes on to the next host when one refuses. When one says nothing, only its blocking calls
 * go on; and it ends a try when one takes the connection and closes it. So a worker's next try
 * begins behind the host that failed, with libpq's lists turned round. */
#include "db/hosts.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"

/* Of one host, in seconds, where connect_timeout says nothing or 0, which would be for ever. */
#define LIMIT_S       10
#define LIMIT_LEAST_S 2 /* libpq takes no less: its clock of seconds may just tick */
#define LIMIT_MOST_S  86400

#define LIST_MOST 65536

static const char *const keywords[HOST_PARTS] = {"host", "hostaddr", "port"};

static void clear(char *lists[HOST_PARTS])
{
    for (int p = 0; p < HOST_PARTS; p++) {
        free(lists[p]);
        lists[p] = NULL;
    }
}

void pgqi_hosts_free(struct hosts *h)
{
    clear(h->given);
    clear(h->next);
}

static int is_turned(const struct hosts *h)
{
    return h->next[HOST_NAME] != NULL || h->next[HOST_ADDRESS] != NULL;
}

static uint32_t limit_of(const char *connect_timeout)
{
    long s = connect_timeout != NULL ? strtol(connect_timeout, NULL, 10) : 0;
    if (s <= 0)
        return LIMIT_S;
    return s < LIMIT_LEAST_S ? LIMIT_LEAST_S : s > LIMIT_MOST_S ? LIMIT_MOST_S : (uint32_t)s;
}

static uint32_t read_limit(PGconn *pg)
{
    uint32_t s = LIMIT_S;
    PQconninfoOption *options = PQconninfo(pg);
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
        if (strcmp(o->keyword, "connect_timeout") == 0)
            s = limit_of(o->val);
    PQconninfoFree(options);
    return s;
}

/* Remembers what libpq took from wherever it looks. */
static void read_given(struct hosts *h, const PGconn *pg)
{
    PQconninfoOption *options = PQconninfo((PGconn *)pg);
    int short_of_memory = 0;
    clear(h->given);
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
        for (int p = 0; p < HOST_PARTS; p++)
            if (strcmp(o->keyword, keywords[p]) == 0 && o->val != NULL && o->val[0] != '\0')
                short_of_memory |= (h->given[p] = strdup(o->val)) == NULL;
    PQconninfoFree(options);
    if (short_of_memory)
        clear(h->given); /* all or none: they belong together */
}

/* PQconnectStartParams with our order of the hosts. */
static PGconn *connect_turned(const struct hosts *h, const struct conninfo *info)
{
    size_t n = info->count;
    const char **names = calloc(n + HOST_PARTS + 1, sizeof *names);
    const char **values = calloc(n + HOST_PARTS + 1, sizeof *values);
    PGconn *pg = NULL;
    if (names != NULL && values != NULL) {
        for (size_t i = 0; i < n; i++) {
            names[i] = info->keywords[i];
            values[i] = info->values[i];
        }
        for (int p = 0; p < HOST_PARTS; p++)
            if (h->next[p] != NULL) { /* what comes last holds */
                names[n] = keywords[p];
                values[n++] = h->next[p];
            }
        pg = PQconnectStartParams(names, values, 0);
    }
    free(names);
    free(values);
    return pg;
}

struct pg_conn *pgqi_hosts_connect(struct hosts *h, const struct conninfo *info)
{
    PGconn *pg = is_turned(h) ? connect_turned(h, info)
                              : PQconnectStartParams((const char *const *)info->keywords,
                                                     (const char *const *)info->values, 0);
    if (pg != NULL)
        h->limit_s = read_limit(pg);
    return pg;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

void pgqi_hosts_name(const struct pg_conn *pg, char *out, size_t size)
{
    const char *name = or_empty(PQhost(pg)), *address = or_empty(PQhostaddr(pg));
    int both = address[0] != '\0' && strcmp(name, address) != 0;
    snprintf(out, size, "host %s%s%s%s port %s", name, both ? " (" : "", both ? address : "",
             both ? ")" : "", or_empty(PQport(pg)));
}

/* One element of a list; borrows. */
struct piece {
    const char *text;
    size_t len;
};

static int is(struct piece piece, const char *text)
{
    return strlen(text) == piece.len && memcmp(piece.text, text, piece.len) == 0;
}

static size_t count(const char *list)
{
    size_t n = list != NULL;
    for (; list != NULL && *list != '\0'; list++)
        n += *list == ',';
    return n;
}

static struct piece element(const char *list, size_t i)
{
    if (list == NULL)
        return (struct piece){"", 0};
    for (; i > 0; i--)
        list = strchr(list, ',') + 1;
    return (struct piece){list, strcspn(list, ",")};
}

/* How many hosts the lists name; 0: libpq refuses them. */
static size_t count_hosts(char *const given[HOST_PARTS])
{
    size_t names = count(given[HOST_NAME]), addresses = count(given[HOST_ADDRESS]);
    size_t ports = count(given[HOST_PORT]);
    size_t n = addresses > 0 ? addresses : names > 0 ? names : 1;
    return (names > 0 && names != n) || (ports > 1 && ports != n) ? 0 : n;
}

/* One port may stand for all. */
static struct piece part(char *const given[HOST_PARTS], int p, size_t i)
{
    return element(given[p], p == HOST_PORT && count(given[p]) == 1 ? 0 : i);
}

/* The first of those that are most like the one that libpq names: it fills in what is left out, and
 * writes an address in its own way. */
static size_t find(char *const given[HOST_PARTS], size_t n, const char *const at[HOST_PARTS])
{
    size_t best = 0;
    int most = -1;
    for (size_t i = 0; i < n; i++) {
        struct piece name = part(given, HOST_NAME, i), address = part(given, HOST_ADDRESS, i);
        int named = name.len > 0      ? is(name, at[HOST_NAME])
                    : address.len > 0 ? is(address, at[HOST_NAME])
                                      : at[HOST_NAME][0] == '/'; /* the default folder */
        int like = 4 * named + 2 * is(address, at[HOST_ADDRESS]) +
                   is(part(given, HOST_PORT, i), at[HOST_PORT]);
        if (like > most) {
            most = like;
            best = i;
        }
    }
    return best;
}

static void add(struct buf *b, struct piece piece)
{
    if (b->data != NULL) /* not the first: there is a NUL at least */
        pgqi_buf_add(b, ",", 1);
    pgqi_buf_add(b, piece.text, piece.len);
}

/* The list of one part: host i once for each further address, then the n hosts from first on. */
static char *list_of(const struct hosts *h, int p, size_t i, size_t first, size_t n,
                     const char *more)
{
    struct buf b;
    pgqi_buf_init(&b, LIST_MOST);
    for (size_t k = 0; k < count(more); k++)
        add(&b, p == HOST_ADDRESS ? element(more, k) : part(h->given, p, i));
    for (size_t k = 0; k < n; k++)
        add(&b, part(h->given, p, (first + k) % n));
    if (b.failed)
        pgqi_buf_free(&b);
    return b.data;
}

void pgqi_hosts_turn(struct hosts *h, const char *const at[HOST_PARTS], int past, const char *more)
{
    size_t n = count_hosts(h->given);
    clear(h->next);
    if (n == 0)
        return;
    size_t i = find(h->given, n, at), first = (i + (past ? 1 : 0)) % n;
    if (count(h->given[HOST_NAME]) == 0 || part(h->given, HOST_ADDRESS, i).len > 0 ||
        (more != NULL && more[0] == '\0'))
        more = NULL;
    if (more == NULL && first == 0)
        return;
    for (int p = 0; p < HOST_PARTS; p++) {
        if (h->given[p] == NULL && !(p == HOST_ADDRESS && more != NULL))
            continue;
        h->next[p] = list_of(h, p, i, first, n, more);
        if (h->next[p] == NULL) { /* out of memory: as given */
            clear(h->next);
            return;
        }
    }
}

/* Whether an address is the one that libpq writes so. */
static int is_address(const struct addrinfo *a, const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    if (a->ai_family == AF_INET)
        return inet_pton(AF_INET, text, bytes) == 1 &&
               memcmp(bytes, &((struct sockaddr_in *)a->ai_addr)->sin_addr, 4) == 0;
    return a->ai_family == AF_INET6 && inet_pton(AF_INET6, text, bytes) == 1 &&
           memcmp(bytes, &((struct sockaddr_in6 *)a->ai_addr)->sin6_addr, 16) == 0;
}

/* The addresses of a name behind the one that failed. */
static void more_addresses(struct buf *out, const char *name, const char *address)
{
    struct addrinfo hint = {.ai_socktype = SOCK_STREAM}, *all = NULL;
    char text[NI_MAXHOST];
    int behind = 0;
    if (name[0] == '\0' || name[0] == '/' || name[0] == '@' || address[0] == '\0' ||
        getaddrinfo(name, NULL, &hint, &all) != 0)
        return;
    for (const struct addrinfo *a = all; a != NULL; a = a->ai_next) {
        if (behind &&
            getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
            add(out, (struct piece){text, strlen(text)});
        behind = behind || is_address(a, address);
    }
    freeaddrinfo(all);
}

void pgqi_hosts_after(struct hosts *h, const struct pg_conn *pg, int past)
{
    const char *const at[HOST_PARTS] = {or_empty(PQhost(pg)), or_empty(PQhostaddr(pg)),
                                        or_empty(PQport(pg))};
    struct buf more;
    if (!is_turned(h))
        read_given(h, pg);
    pgqi_buf_init(&more, LIST_MOST);
    if (past)
        more_addresses(&more, at[HOST_NAME], at[HOST_ADDRESS]);
    pgqi_hosts_turn(h, at, past, more.failed ? NULL : more.data);
    pgqi_buf_free(&more);
}
