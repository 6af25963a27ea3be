/* SPDX-License-Identifier: MIT */
/* Local, monotonic time and the jitter of waits. */
#include "base/clock.h"

#include <sys/random.h>
#include <time.h>

uint64_t pgqi_now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

uint32_t pgqi_jitter(uint32_t below)
{
    uint32_t random = 0;
    if (below == 0)
        return 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (long)sizeof random)
        random = (uint32_t)pgqi_now_us();
    return random % below;
}
