/* SPDX-License-Identifier: MIT */
/* A fixed set of shouts in many scripts, which test whoever stores them. */
#ifndef SANDBOX_SHOUT_H
#define SANDBOX_SHOUT_H

enum { SHOUT_MAX_BYTES = 1024 };

/* Writes shout number n (any number) as UTF-8, NUL-terminated, into out. */
void shout_write(unsigned n, char out[SHOUT_MAX_BYTES]);

#endif
