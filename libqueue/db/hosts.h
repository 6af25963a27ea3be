/* SPDX-License-Identifier: MIT */
/* The hosts of a connection string, and with which of them the next try begins. */
#ifndef PGQI_DB_HOSTS_H
#define PGQI_DB_HOSTS_H

#include <stddef.h>
#include <stdint.h>

#include "db/conninfo.h"

struct pg_conn;

enum { HOST_NAME, HOST_ADDRESS, HOST_PORT, HOST_PARTS };

/* Lists with commas, as libpq takes them; NULL: none. All zero to begin with. */
struct hosts {
    char *given[HOST_PARTS]; /* what libpq found in the string, the environment, a service file */
    char *next[HOST_PARTS];  /* the order of the next try; all NULL: as given */
    uint32_t limit_s;        /* how long one host may be silent */
};

/* Starts a try; as PQconnectStartParams. The caller asks PQstatus. */
struct pg_conn *pgqi_hosts_connect(struct hosts *h, const struct conninfo *info);
/* The host that pg speaks with, for people. */
void pgqi_hosts_name(const struct pg_conn *pg, char *out, size_t size);
/* The next try begins with the host of pg, or past it. May ask DNS, as libpq does. */
void pgqi_hosts_after(struct hosts *h, const struct pg_conn *pg, int past);
void pgqi_hosts_free(struct hosts *h);

/* What pgqi_hosts_after does when it knows all: at is the host that libpq names; more: the other
 * addresses of its name, that were not tried yet; NULL or "": none. */
void pgqi_hosts_turn(struct hosts *h, const char *const at[HOST_PARTS], int past, const char *more);

#endif
