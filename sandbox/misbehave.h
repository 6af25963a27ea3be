/* SPDX-License-Identifier: MIT */
/* Wrong answers, one for each kind of fault. */
#ifndef SANDBOX_MISBEHAVE_H
#define SANDBOX_MISBEHAVE_H

#include <stdbool.h>

struct evhttp_request;
struct exchange;
struct fault_rule;
struct sandbox;

/* Gives the wrong answer that the rule asks for and returns true, with the status it has in *status
 * (0: none); or returns false when the fault only spoils an honest answer (half, drip, deprecated,
 * stuck), which is then the caller's to give. */
bool misbehave(const struct sandbox *sandbox, struct exchange *x, struct evhttp_request *request,
               const struct fault_rule *rule, int *status);

#endif
