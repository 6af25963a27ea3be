/* SPDX-License-Identifier: MIT */
/* Tests the table of a provider's answers. */
#include "../../orchestrator/classify.h"

#include "tap.h"

#include <math.h>

#define NO_TIME -1.0

static void is_verdict(struct answer answer, int class, double delay_s, const char *sentence)
{
    struct verdict v = classify(&answer);
    is_str(answer_class_name(v.class), answer_class_name((enum answer_class) class), "%s",
           sentence);
    if (!ok(fabs(v.delay_s - delay_s) < 0.001, "its delay is right"))
        diag("got %g, expected %g", v.delay_s, delay_s);
}

static struct answer of(int status, const char *type)
{
    return (struct answer){status, type, NO_TIME, NAN, false};
}

static struct answer timed(int status, const char *type, double retry_after_s, double reset_after_s)
{
    return (struct answer){status, type, retry_after_s, reset_after_s, false};
}

int main(void)
{
    is_verdict(of(200, NULL), ANSWER_OK, -1, "200 is fine");
    is_verdict(of(200, "deprecated"), ANSWER_OK, -1, "deprecated is fine");
    ok(classify(&(struct answer){200, "deprecated", NO_TIME, NAN, false}).warn, "and a warning");
    is_verdict(of(200, "invalid_auth"), ANSWER_REAUTH, -1, "the error type counts more than a 200");
    is_verdict(of(401, "invalid_auth"), ANSWER_REAUTH, -1, "a revoked token ends the connection");
    is_verdict(of(400, "invalid_auth"), ANSWER_REAUTH, -1,
               "missing credentials do, whatever the status");
    is_verdict(of(403, "not_authorized"), ANSWER_REAUTH, -1, "revoked access does");
    is_verdict(of(401, NULL), ANSWER_REAUTH, -1, "so does 401 without a type");
    is_verdict(of(403, NULL), ANSWER_REAUTH, -1, "and 403 without a type");
    is_verdict((struct answer){403, NULL, NO_TIME, NAN, true}, ANSWER_RETRY, -1,
               "403 without the provider's envelope says nothing of the token");
    is_verdict((struct answer){401, NULL, NO_TIME, NAN, true}, ANSWER_REAUTH, -1,
               "401 without it does");
    is_verdict(of(400, "param_error"), ANSWER_FATAL, -1, "a wrong parameter is ours");
    is_verdict(of(410, "param_error"), ANSWER_FATAL, -1, "also with 410");
    is_verdict(of(404, "endpoint_error"), ANSWER_FATAL, -1, "a wrong path is ours");
    is_verdict(of(400, NULL), ANSWER_FATAL, -1, "400 is ours");
    is_verdict(of(302, NULL), ANSWER_FATAL, -1, "a redirect is not followed");
    is_verdict(of(400, "of_a_new_kind"), ANSWER_FATAL, -1, "an unknown type goes by the status");
    is_verdict(of(500, "of_a_new_kind"), ANSWER_RETRY, -1, "also when it is theirs");
    is_verdict(of(500, "server_error"), ANSWER_RETRY, -1, "server_error is theirs");
    is_verdict(of(200, "server_error"), ANSWER_RETRY, -1, "even with 200");
    is_verdict(of(400, "other"), ANSWER_RETRY, -1, "other is theirs");
    is_verdict(of(502, NULL), ANSWER_RETRY, -1, "5xx is theirs");
    is_verdict(of(408, NULL), ANSWER_RETRY, -1, "408 is theirs");
    is_verdict(timed(503, NULL, 7, NAN), ANSWER_RETRY, 7, "503 may name a time");

    is_verdict(timed(403, "rate_limit_exceeded", NO_TIME, 60), ANSWER_RATE_LIMITED, 60,
               "403 of the rate limit waits until its reset");
    is_verdict(timed(403, "rate_limit_exceeded", NO_TIME, 60 - 1.7e9), ANSWER_RATE_LIMITED, 900,
               "a reset in the past, as from seconds that were meant, names no time");
    is_verdict(timed(403, "rate_limit_exceeded", NO_TIME, 0), ANSWER_RATE_LIMITED, 900,
               "nor does one that is now");
    is_verdict(timed(403, "rate_limit_exceeded", NO_TIME, 0.5), ANSWER_RATE_LIMITED, 1,
               "a reset at once waits a second");
    is_verdict(timed(403, "rate_limit_exceeded", NO_TIME, 1e9), ANSWER_RATE_LIMITED, 7200,
               "a reset far away waits two hours");
    is_verdict(of(403, "rate_limit_exceeded"), ANSWER_RATE_LIMITED, 900,
               "without a reset it is 15 minutes");
    is_verdict(timed(403, "rate_limit_exceeded", 3, 60), ANSWER_RATE_LIMITED, 3,
               "Retry-After comes first");
    is_verdict(timed(429, NULL, 2, 60), ANSWER_RATE_LIMITED, 2, "429 waits for its Retry-After");
    is_verdict(timed(429, NULL, 0, NAN), ANSWER_RATE_LIMITED, 1, "at least a second");
    is_verdict(of(429, NULL), ANSWER_RATE_LIMITED, 900, "429 without a time waits 15 minutes");
    is_verdict(timed(429, "quota_exceeded", 5, 60), ANSWER_RATE_LIMITED, 5,
               "a quota with Retry-After waits for it");
    is_verdict(timed(429, "quota_exceeded", NO_TIME, 60), ANSWER_RATE_LIMITED, 21600,
               "the hour's reset does not end the day's quota");
    is_verdict(timed(429, "quota_exceeded", 1e9, NAN), ANSWER_RATE_LIMITED, 86400, "a day at most");
    return done();
}
