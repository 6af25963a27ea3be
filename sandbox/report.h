/* SPDX-License-Identifier: MIT */
/* What the server tells about itself, as JSON. */
#ifndef SANDBOX_REPORT_H
#define SANDBOX_REPORT_H

struct evbuffer;
struct sandbox;
struct user;

/* user NULL: all of them */
void report_stats(struct sandbox *sandbox, struct user *user, struct evbuffer *out);
void report_user(const struct user *user, struct evbuffer *out);
void report_faults(const struct sandbox *sandbox, struct evbuffer *out);

#endif
