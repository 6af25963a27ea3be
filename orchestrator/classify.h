/* SPDX-License-Identifier: MIT */
/* classify.h: what an answer of Foursquare's API means for the job; makes no request itself. */
#ifndef SYNC_CLASSIFY_H
#define SYNC_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>

enum answer_class {
    ANSWER_OK,
    ANSWER_RETRY,        /* theirs, passing: again in this run, then by the job's retries */
    ANSWER_RATE_LIMITED, /* the job goes back to the queue until the time that the server names */
    ANSWER_REAUTH,       /* the token is gone: the user has to connect again */
    ANSWER_FATAL         /* ours: trying again would not help */
};

/* The facts of an answer that decide. */
struct answer {
    int status;             /* of HTTP, or meta.code where that says more than a 200 */
    const char *error_type; /* meta.errorType, or NULL */
    double retry_after_s;   /* Retry-After from now; < 0: none */
    double reset_after_s;   /* X-RateLimit-Reset from now; NAN: none */
    bool bare;              /* not in the provider's envelope, so maybe not from its API */
};

struct verdict {
    enum answer_class class;
    double delay_s; /* RATE_LIMITED: always; RETRY: as named by the server, < 0: not */
    bool warn;      /* OK, but the operator should know */
};

/* Branches on the error type, and only then on the status. */
struct verdict classify(const struct answer *answer);

/* "retry", "rate_limited", "reauth", "fatal", "ok": the word in a failed job's output. */
const char *answer_class_name(enum answer_class class);

#endif
