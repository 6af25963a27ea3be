/* SPDX-License-Identifier: MIT */
/* A fixed pool of made-up venues that all generated users share, and the cities they lie in. */
#ifndef SANDBOX_VENUE_H
#define SANDBOX_VENUE_H

#include <stdbool.h>

struct evbuffer;

enum { VENUE_COUNT = 300 };

struct city {
    const char *name, *state, *country_code, *country, *zone;
    int offset_min; /* east of UTC, without daylight saving */
    int lat, lng;   /* whole degrees, towards zero */
};

const struct city *venue_city(unsigned venue);

/* legacy: the shape of 2011, with fewer members and categories that name their parents. */
void venue_append(unsigned venue, bool legacy, bool ascii, struct evbuffer *out);

#endif
