/* SPDX-License-Identifier: MIT */
/* Numbers that look random but follow from a seed alone, on every machine; knows no use of them. */
#ifndef SANDBOX_RANDOM_H
#define SANDBOX_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* One round of splitmix64: neighbouring inputs give unrelated outputs. */
static inline uint64_t random_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t random_of(uint64_t seed, uint64_t salt)
{
    return random_mix(seed ^ random_mix(salt));
}

/* FNV-1a over a text, mixed once more since its high bits are weak. */
static inline uint64_t random_of_text(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return random_mix(h);
}

#endif
