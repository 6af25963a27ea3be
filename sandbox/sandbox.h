/* SPDX-License-Identifier: MIT */
/* What the parts of the running server share. One thread, so nothing is locked. */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdint.h>
#include <stdio.h>

#include "fault.h"
#include "options.h"
#include "user.h"

struct event_base;

struct sandbox {
    struct event_base *base;
    const struct options *options;
    struct users *users;
    struct faults faults;
    FILE *log;        /* NULL: none is kept */
    char url[160];    /* as printed at the start */
    char other[160];  /* the same port under another host name: where a redirect leads */
    size_t exchanges; /* requests being answered now */
    uint64_t requests;
    uint64_t strangers;              /* requests without a known token */
    uint64_t elsewhere;              /* requests that followed a redirect */
    uint64_t elsewhere_with_secrets; /* and brought the token along */
};

#endif
