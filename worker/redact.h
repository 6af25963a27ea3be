/* SPDX-License-Identifier: MIT */
/*
 * redact.h: takes passwords out of connection strings and of messages that quote them.
 */
#ifndef PGQUEUED_REDACT_H
#define PGQUEUED_REDACT_H

#include <stddef.h>

/* Copies text to out with each secret replaced by "***": the password in scheme://user:password@,
 * and what follows password=, sslpassword=, access_token= and the like. Cuts off what does not fit.
 */
void redact(const char *text, char *out, size_t out_size);

#endif
