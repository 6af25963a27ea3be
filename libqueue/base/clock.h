/* SPDX-License-Identifier: MIT */
/* Local, monotonic time: for waits and durations. What decides over jobs is the database's clock.
 */
#ifndef PGQI_BASE_CLOCK_H
#define PGQI_BASE_CLOCK_H

#include <stdint.h>

uint64_t pgqi_now_us(void);

/* A number drawn evenly from [0, below); seeded from the system, safe in threads. 0 if below is 0.
 */
uint32_t pgqi_jitter(uint32_t below);

#endif
