/* SPDX-License-Identifier: MIT */
/* Reads fault rules and decides by counting; does not know how a wrong answer is given. */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

static const struct {
    const char *name;
    int64_t wait_ms;
} kinds[FAULT_KINDS] = {
    [FAULT_NONE] = {"none", 0},
    [FAULT_INVALID_AUTH] = {"401", 0},
    [FAULT_MISSING_AUTH] = {"400-missing", 0},
    [FAULT_RATE_LIMIT] = {"403-rate-limit", 60000},
    [FAULT_NOT_AUTHORIZED] = {"403-not-authorized", 0},
    [FAULT_QUOTA] = {"429", 5000},
    [FAULT_QUOTA_DATE] = {"429-date", 5000},
    [FAULT_SERVER_ERROR] = {"500", 0},
    [FAULT_UNAVAILABLE] = {"503", 0},
    [FAULT_HALF] = {"half", 0},
    [FAULT_SILENCE] = {"silence", 30000},
    [FAULT_DRIP] = {"drip", 100},
    [FAULT_ENDLESS] = {"endless", 0},
    [FAULT_HUGE] = {"huge", 0},
    [FAULT_WRONG_JSON] = {"wrong-json", 0},
    [FAULT_WRONG_SHAPE] = {"wrong-shape", 0},
    [FAULT_DEPRECATED] = {"deprecated", 0},
    [FAULT_STUCK] = {"stuck", 0},
    [FAULT_REDIRECT] = {"redirect", 0},
};

const char *fault_name(enum fault_kind kind)
{
    return kinds[kind].name;
}

enum fault_kind fault_by_name(const char *name)
{
    int kind = FAULT_KINDS - 1;
    while (kind > FAULT_NONE && strcmp(kinds[kind].name, name) != 0)
        kind--;
    return (enum fault_kind)kind;
}

const char *fault_names(void)
{
    return "401 400-missing 403-rate-limit 403-not-authorized 429 429-date 500 503 half silence "
           "drip endless huge wrong-json wrong-shape deprecated stuck redirect";
}

int fault_rule_init(struct fault_rule *rule, const char *kind, char *error, size_t error_size)
{
    *rule = (struct fault_rule){.kind = fault_by_name(kind), .every = 1, .bytes = 64 << 20};
    if (rule->kind == FAULT_NONE) {
        snprintf(error, error_size, "'%.40s' is no kind of fault: %s", kind, fault_names());
        return -1;
    }
    rule->wait_ms = kinds[rule->kind].wait_ms;
    return 0;
}

/* Goes into a header: printable, no blanks. */
static bool is_target(const char *value)
{
    if (strlen(value) >= FAULT_TARGET_MAX)
        return false;
    for (; *value; value++) {
        if (*value <= ' ' || *value > '~')
            return false;
    }
    return true;
}

int fault_rule_set(struct fault_rule *rule, const char *name, const char *value, char *error,
                   size_t error_size)
{
    bool good = false;
    if (strcmp(name, "token") == 0) {
        good = user_token_is_valid(value);
        if (good)
            snprintf(rule->token, sizeof(rule->token), "%s", value);
    } else if (strcmp(name, "count") == 0) {
        good = number_parse(value, 0, INT64_MAX, &rule->count);
    } else if (strcmp(name, "every") == 0) {
        good = number_parse(value, 1, INT64_MAX, &rule->every);
    } else if (strcmp(name, "after") == 0) {
        good = number_parse(value, 0, INT64_MAX, &rule->after);
    } else if (strcmp(name, "seconds") == 0) {
        good = number_parse_seconds(value, &rule->wait_ms);
    } else if (strcmp(name, "bytes") == 0) {
        good = number_parse(value, 1, (int64_t)1 << 40, &rule->bytes);
    } else if (strcmp(name, "to") == 0) {
        good = is_target(value);
        if (good)
            snprintf(rule->to, sizeof(rule->to), "%s", value);
    } else {
        snprintf(error, error_size,
                 "a fault has token, count, every, after, seconds, bytes and to, not '%.40s'",
                 name);
        return -1;
    }
    if (!good)
        snprintf(error, error_size, "the fault's %s cannot be '%.40s'", name, value);
    return good ? 0 : -1;
}

int fault_rule_parse(struct fault_rule *rule, const char *spec, char *error, size_t error_size)
{
    char *copy = strdup(spec);
    if (!copy) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    char *rest = copy;
    int rc = fault_rule_init(rule, strsep(&rest, ","), error, error_size);
    while (rc == 0 && rest) {
        char *value = strsep(&rest, ",");
        const char *name = strsep(&value, "=");
        rc = fault_rule_set(rule, name, value ? value : "", error, error_size);
    }
    free(copy);
    return rc;
}

int faults_add(struct faults *faults, const struct fault_rule *rule)
{
    if (faults->n == FAULT_RULES_MAX)
        return -1;
    faults->rules[faults->n++] = *rule;
    return 0;
}

void faults_remove(struct faults *faults, const char *token, bool restart)
{
    size_t kept = 0;
    for (size_t i = 0; i < faults->n; i++) {
        struct fault_rule *rule = &faults->rules[i];
        bool meant = !token || strcmp(rule->token, token) == 0;
        if (meant && !rule->from_command_line)
            continue;
        if (meant && restart)
            rule->seen = rule->served = 0;
        if (kept != i)
            faults->rules[kept] = *rule;
        kept++;
    }
    faults->n = kept;
    if (restart && !token)
        memset(faults->served, 0, sizeof(faults->served));
}

const struct fault_rule *faults_decide(struct faults *faults, const char *token)
{
    struct fault_rule *chosen = NULL;
    for (size_t i = 0; i < faults->n; i++) {
        struct fault_rule *rule = &faults->rules[i];
        if (rule->token[0] != '\0' && (!token || strcmp(rule->token, token) != 0))
            continue;
        rule->seen++;
        bool due = rule->seen > rule->after && (rule->seen - rule->after) % rule->every == 0;
        bool left = rule->count == 0 || rule->served < rule->count;
        if (due && left && !chosen)
            chosen = rule;
    }
    if (chosen) {
        chosen->served++;
        faults->served[chosen->kind]++;
    }
    return chosen;
}
