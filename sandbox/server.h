/* SPDX-License-Identifier: MIT */
/* Listens and leads each request to the part that answers it. */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include <stddef.h>

struct evhttp;
struct sandbox;

/* Fills in sandbox->url and ->other. NULL with one line in error. Free with server_stop(). */
struct evhttp *server_start(struct sandbox *sandbox, int *port, char *error, size_t error_size);

/* Closes all connections and removes the socket file. */
void server_stop(struct sandbox *sandbox, struct evhttp *http);

#endif
