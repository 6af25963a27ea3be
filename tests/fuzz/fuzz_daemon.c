/* SPDX-License-Identifier: MIT */
/* What strangers and slips can hand to the daemon: mutated configurations, HTTP heads and messages.
 * Nothing crashes (the sanitizers watch), nothing secret comes through. FUZZ_SEED and FUZZ_RUNS
 * replay and lengthen it. */
#include "../../worker/ini.h"
#include "../../worker/redact.h"
#include "../../worker/request.h"
#include "../../worker/value.h"
#include "tap.h"

#include <stdint.h>

static const char *const seeds[] = {
    "[database]\ndsn = postgres://u:canary@h/db\n# x\n[queue a b]\nhandler = exec:x \\\n  y\n",
    "\xEF\xBB\xBF[a]\r\nb=c\r\n;d\n[e f",
    "GET /metrics?x=1 HTTP/1.1\r\nHost: [::1]:80\r\nAuthorization: Bearer k\r\n\r\n",
    "POST / HTTP/1.0\r\nContent-Length: 0\r\nX: y\r\n\r\n",
    "host=h password='canary' user=u and postgres://u:canary@h/x?password=canary&y",
    "1h30m 250ms 1.5d 0x10 inf 1e9",
    "localhost:80 127.0.0.1 [::1]:8 1.2.3.4:",
    "*/5,7 0-23/2 1,30-31 jan-DEC,2 mon-sun",
    "{\"a\": [1, -0.5e+3, {}, [], \"\\u00e4\\ud83d\\ude00\\n\"], \"b\": null}",
};
enum { SEEDS = sizeof seeds / sizeof seeds[0], TEXT_MAX = 2048 };

static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13; /* xorshift */
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

/* A seed with some bytes changed, taken out, doubled, or cut off. Never longer than TEXT_MAX. */
static size_t mutate(char *text)
{
    const char *seed = seeds[draw(SEEDS)];
    size_t len = strlen(seed);
    memcpy(text, seed, len);
    for (uint64_t n = draw(8); n > 0 && len > 1 && len < TEXT_MAX / 2; n--) {
        size_t at = draw(len), span = 1 + draw(len - at);
        switch (draw(5)) {
        case 0:
            text[at] = (char)draw(256);
            break;
        case 1:
            memmove(text + at, text + at + span, len - at - span);
            len -= span;
            break;
        case 2:
            memmove(text + at + span, text + at, len - at);
            len += span;
            break;
        case 3:
            len = at + 1;
            break;
        default:
            text[at] = "\r\n[]= \\:'\"@/%\0\xC3"[draw(15)];
            break;
        }
    }
    text[len] = '\0';
    return len;
}

static int count(void *user, int line, const char *a, const char *b)
{
    (void)a;
    (void)b;
    *(int *)user += line > 0;
    return 0;
}

static int count_mistake(void *user, int line, const char *message)
{
    *(int *)user += line > 0 && message[0] != '\0';
    return 0;
}

static void feed(char *text, size_t len)
{
    static const struct ini_events events = {count, count, count_mistake};
    static const struct value_rule rules[] = {
        {VALUE_DURATION, 0, 1e9, NULL}, {VALUE_NUMBER, -10, 10, NULL}, {VALUE_CHOICE, 0, 0, "a|bc"},
        {VALUE_CRON, 0, 0, NULL},       {VALUE_ZONE, 0, 0, NULL},      {VALUE_JSON, 0, 0, NULL}};
    char out[TEXT_MAX + 64], why[128];
    struct request request;
    int events_seen = 0;
    char *exact = strdup(text); /* a byte read beyond its end is seen */
    if (exact == NULL)
        bail("out of memory");
    ini_parse(text, len, &events, &events_seen);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        value_check(&rules[i], exact, out, sizeof out, why, sizeof why);
    free(exact);
    for (size_t room = 1; room < 40; room += 13)
        redact(text, out, room);
    request_host_is_local(text);
    request_key_is(text, "key");
    request_parse(text, len, &request); /* last: it cuts the text up */
}

int main(void)
{
    const char *seed = getenv("FUZZ_SEED"), *runs = getenv("FUZZ_RUNS");
    long n = runs != NULL ? strtol(runs, NULL, 10) : 50000;
    char text[TEXT_MAX + 1], out[256];
    state = seed != NULL ? strtoull(seed, NULL, 10) | 1 : 88172645463325252u;
    diag("FUZZ_SEED=%llu", (unsigned long long)state);
    for (long i = 0; i < n; i++)
        feed(text, mutate(text));
    ok(1, "%ld mutated texts are taken or refused", n);
    int leaks = 0;
    for (long i = 0; i < n; i++) { /* whatever stands around it, a password's place is known */
        char around[64];
        size_t len = draw(40);
        for (size_t k = 0; k < len; k++)
            around[k] = " abc=:/@'\"?&\\\n"[draw(14)];
        around[len] = '\0';
        snprintf(text, sizeof text, "%s password=canary %s", around, around);
        redact(text, out, sizeof out);
        leaks += strstr(out, "canary") != NULL;
    }
    is_int(leaks, 0, "no password comes through, whatever stands around it");
    return done();
}
