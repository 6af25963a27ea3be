/* SPDX-License-Identifier: MIT */
/* Which host the next try begins with. The addresses of a name are given here, where the library
 * asks DNS. */
#include "db/hosts.h"

#include <libpq-fe.h>

#include "tap.h"

static struct hosts hosts;

static void set(const char *name, const char *address, const char *port)
{
    const char *const lists[HOST_PARTS] = {name, address, port};
    pgqi_hosts_free(&hosts);
    for (int p = 0; p < HOST_PARTS; p++)
        hosts.given[p] = lists[p] != NULL ? strdup(lists[p]) : NULL;
}

static void turn(const char *name, const char *address, const char *port, int past,
                 const char *more)
{
    pgqi_hosts_turn(&hosts, (const char *const[]){name, address, port}, past, more);
}

static void becomes(const char *name, const char *address, const char *port, const char *what)
{
    const char *const lists[HOST_PARTS] = {name, address, port};
    int same = 1;
    for (int p = 0; p < HOST_PARTS; p++)
        same = same && (lists[p] == NULL) == (hosts.next[p] == NULL) &&
               (lists[p] == NULL || strcmp(lists[p], hosts.next[p]) == 0);
    if (!ok(same, "%s", what))
        printf("# host=%s hostaddr=%s port=%s\n", hosts.next[0] ? hosts.next[0] : "(none)",
               hosts.next[1] ? hosts.next[1] : "(none)", hosts.next[2] ? hosts.next[2] : "(none)");
}

static void names(void)
{
    set("a,b,c", NULL, "1,2,3");
    turn("a", "10.0.0.1", "1", 1, NULL);
    becomes("b,c,a", NULL, "2,3,1", "behind the first host comes the second");
    turn("b", "10.0.0.2", "2", 1, NULL);
    becomes("c,a,b", NULL, "3,1,2", "behind the second the third");
    turn("c", "10.0.0.3", "3", 1, NULL);
    becomes(NULL, NULL, NULL, "behind the last the lists as they were given");
    turn("b", "10.0.0.2", "2", 0, NULL);
    becomes("b,c,a", NULL, "2,3,1", "a host that was lost comes first itself");
    turn("a", "10.0.0.1", "1", 0, NULL);
    becomes(NULL, NULL, NULL, "the first one has nothing turned");
    set("a,b", NULL, "5432");
    turn("a", "", "5432", 1, NULL);
    becomes("b,a", NULL, "5432,5432", "one port stands for all");
    set("a,b", NULL, NULL);
    turn("a", "", "5432", 1, NULL);
    becomes("b,a", NULL, NULL, "no port stays none");
    set("a,a,a", NULL, "1,2,3");
    turn("a", "127.0.0.1", "2", 1, NULL);
    becomes("a,a,a", NULL, "3,1,2", "hosts of one name are told apart by their ports");
    set("/a,/b", NULL, "5432,");
    turn("/b", "", "5432", 0, NULL);
    becomes("/b,/a", NULL, ",5432", "folders are hosts, and a port may be left out");
    set("a,,b", NULL, NULL);
    turn("/run/postgresql", "", "5432", 1, NULL);
    becomes("b,a,", NULL, NULL, "so may a host, which then is the default folder");
    set("only", NULL, "1");
    turn("only", "10.0.0.1", "1", 1, NULL);
    becomes(NULL, NULL, NULL, "a single host stays");
    set(NULL, NULL, NULL);
    turn("/run/postgresql", "", "5432", 1, NULL);
    becomes(NULL, NULL, NULL, "so does the default one");
}

static void addresses(void)
{
    set(NULL, "10.0.0.1,10.0.0.2", "1,2");
    turn("10.0.0.1", "10.0.0.1", "1", 1, NULL);
    becomes(NULL, "10.0.0.2,10.0.0.1", "2,1", "addresses without names are turned, too");
    set("a,b,c", "10.0.0.1,,::0:1", NULL);
    turn("c", "::1", "5432", 0, NULL);
    becomes("c,a,b", "::0:1,10.0.0.1,", NULL, "an address may be written in another way");
    turn("a", "10.0.0.1", "5432", 1, "10.0.0.9");
    becomes("b,c,a", ",::0:1,10.0.0.1", NULL, "a given address is the only one of its host");
    set("a,b", NULL, "1,2");
    turn("a", "10.0.0.1", "1", 1, "10.0.0.2,fe80::1");
    becomes("a,a,b,a", "10.0.0.2,fe80::1,,", "1,1,2,1", "a name's other addresses come next");
    turn("a", "fe80::1", "1", 1, NULL);
    becomes("b,a", NULL, "2,1", "and after the last of them the next host");
    turn("b", "10.1.0.1", "2", 1, "10.1.0.2");
    becomes("b,a,b", "10.1.0.2,,", "2,1,2", "the lists do not grow");
    set("only", NULL, NULL);
    turn("only", "10.0.0.1", "5432", 1, "10.0.0.2");
    becomes("only,only", "10.0.0.2,", NULL, "a single name has them, too");
    set("a,b", "10.0.0.1", NULL);
    turn("a", "", "5432", 1, NULL);
    becomes(NULL, NULL, NULL, "lists that libpq refuses are left alone");
    set("a,b,c", NULL, "1,2");
    turn("a", "", "1", 1, NULL);
    becomes(NULL, NULL, NULL, "also those with too few ports");
}

/* Starts a try with a string, which fails. */
static uint32_t limit(const char *conninfo)
{
    struct conninfo info;
    pgqueue_error error;
    if (pgqi_conninfo_parse(conninfo, NULL, PGQUEUE_UNSET, &info, &error) != PGQUEUE_OK)
        bail("%s", error.message);
    pgqi_hosts_free(&hosts);
    PGconn *pg = pgqi_hosts_connect(&hosts, &info);
    pgqi_hosts_after(&hosts, pg, 1);
    PQfinish(pg);
    pgqi_conninfo_free(&info);
    return hosts.limit_s;
}

static void from_libpq(void)
{
    unsetenv("PGCONNECT_TIMEOUT");
    is_int(limit("host=/nowhere"), 10, "a host has ten seconds");
    is_int(limit("host=/nowhere connect_timeout=3"), 3, "or what the string says");
    is_int(limit("host=/nowhere connect_timeout=1"), 2, "two at least, as in libpq");
    is_int(limit("host=/nowhere connect_timeout=0"), 10, "never all the time in the world");
    setenv("PGCONNECT_TIMEOUT", "4", 1);
    setenv("PGHOST", "/nowhere,/nothing", 1);
    setenv("PGPORT", "5,6", 1);
    is_int(limit(""), 4, "the environment's limit holds");
    is_str(hosts.given[HOST_NAME], "/nowhere,/nothing", "and so do its hosts");
    is_str(hosts.given[HOST_PORT], "5,6", "and ports");
    limit("host=/here,/there,/nowhere");
    is_str(hosts.given[HOST_NAME], "/here,/there,/nowhere", "the string goes before it");
    setenv("PGHOSTADDR", "127.0.0.1", 1);
    is_int(limit("host=/here,/there"), 4, "lists that do not fit are no accident");
}

int main(void)
{
    names();
    addresses();
    from_libpq();
    pgqi_hosts_free(&hosts);
    return done();
}
