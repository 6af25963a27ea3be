/* SPDX-License-Identifier: MIT */
/* /_sandbox/: changes the server at run time and tells what it saw. */
#ifndef SANDBOX_ADMIN_H
#define SANDBOX_ADMIN_H

struct evhttp_request;
struct sandbox;

/* path: what follows /_sandbox */
void admin_serve(struct sandbox *sandbox, struct evhttp_request *request, const char *path);

#endif
