/* SPDX-License-Identifier: MIT */
/* The rules that say which requests are answered wrongly, and how. */
#ifndef SANDBOX_FAULT_H
#define SANDBOX_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_INVALID_AUTH,
    FAULT_MISSING_AUTH,
    FAULT_RATE_LIMIT,
    FAULT_NOT_AUTHORIZED,
    FAULT_QUOTA,
    FAULT_QUOTA_DATE,
    FAULT_SERVER_ERROR,
    FAULT_UNAVAILABLE,
    FAULT_HALF,
    FAULT_SILENCE,
    FAULT_DRIP,
    FAULT_ENDLESS,
    FAULT_HUGE,
    FAULT_WRONG_JSON,
    FAULT_WRONG_SHAPE,
    FAULT_DEPRECATED,
    FAULT_STUCK,
    FAULT_REDIRECT,
    FAULT_KINDS,
};

enum { FAULT_RULES_MAX = 256, FAULT_TARGET_MAX = 512 };

/* Of the requests a rule is about, the first `after` go well; of the rest every `every`-th is
 * answered wrongly, until that was done `count` times. */
struct fault_rule {
    enum fault_kind kind;
    char token[USER_TOKEN_MAX + 1]; /* empty: everybody's requests */
    int64_t count;                  /* 0: without end */
    int64_t every;
    int64_t after;
    int64_t wait_ms;           /* silence; Retry-After; the rate limit's reset */
    int64_t bytes;             /* how long a huge body is */
    char to[FAULT_TARGET_MAX]; /* where a redirect leads; empty: to ourselves by another name */
    bool from_command_line;    /* stays when the rules are reset */
    int64_t seen, served;
};

const char *fault_name(enum fault_kind kind);
enum fault_kind fault_by_name(const char *name); /* FAULT_NONE when there is none */
const char *fault_names(void);                   /* for messages, separated by blanks */

/* Starts a rule of that kind with its defaults. */
int fault_rule_init(struct fault_rule *rule, const char *kind, char *error, size_t error_size);

/* Sets one of token, count, every, after, seconds, bytes, to. */
int fault_rule_set(struct fault_rule *rule, const char *name, const char *value, char *error,
                   size_t error_size);

/* KIND[,name=value]... */
int fault_rule_parse(struct fault_rule *rule, const char *spec, char *error, size_t error_size);

struct faults {
    struct fault_rule rules[FAULT_RULES_MAX];
    size_t n;
    uint64_t served[FAULT_KINDS];
};

int faults_add(struct faults *faults, const struct fault_rule *rule);

/* Removes the rules given at run time (all, or those about one token); with restart, those of the
 * command line count from nothing again, and the statistics, too. */
void faults_remove(struct faults *faults, const char *token, bool restart);

/* Counts a request (token may be NULL) in every rule about it; the first rule that wants it wrong
 * is returned, valid until rules are added or removed. */
const struct fault_rule *faults_decide(struct faults *faults, const char *token);

#endif
