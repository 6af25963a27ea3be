/* SPDX-License-Identifier: MIT */
/* The synchronous handle, as the other modules of core see it. */
#ifndef PGQI_CORE_CLIENT_H
#define PGQI_CORE_CLIENT_H

#include "db/call.h"
#include "pgqueue.h"

struct pgqueue {
    struct session session;
    struct params params;
};

/* Empties and returns the handle's parameters. */
struct params *pgqi_client_params(pgqueue *queue);
/* Calls a statement with the handle's parameters and throws its rows away. */
int pgqi_client_run(pgqueue *queue, enum stmt stmt, pgqueue_error *error);
/* The same; ENOTFOUND with the message if the answer is not true. */
int pgqi_client_run_true(pgqueue *queue, enum stmt stmt, const char *otherwise,
                         pgqueue_error *error);

/* Checks that the schema fits this library. Errors: ESCHEMA, ECONN, EDB. */
int pgqi_check_version(int32_t installed, int32_t wanted, const char *schema, pgqueue_error *error);
int32_t pgqi_wanted_version(void);

/* Most bytes of parameters in one call. */
#define PGQI_PARAMS_LIMIT ((size_t)1 << 30)

#endif
