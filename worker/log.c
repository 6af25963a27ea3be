/* SPDX-License-Identifier: MIT */
/*
 * log.c: the daemon's log: one line each on standard error, logfmt or JSON, without secrets.
 */
#include "log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pgqueue.h>

#include "redact.h"

enum { LINE_MAX_BYTES = 4096, GATE_AT_ONCE = 20, GATE_MS = 100 };

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static int as_json;
static int least_level = PGQUEUE_INFO;
static _Atomic int64_t worker_id;

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

void log_setup(int json, int level)
{
    as_json = json;
    least_level = level;
}

int log_level_of(const char *name)
{
    for (int level = 0; level < 4; level++)
        if (strcmp(level_names[level], name) == 0)
            return level;
    return PGQUEUE_INFO;
}

void log_set_worker(int64_t worker)
{
    atomic_store(&worker_id, worker);
}

static void put(struct line *line, const char *text, size_t len)
{
    size_t room = sizeof line->text - 2 - line->len; /* for the closing } and the newline */
    if (len > room)
        len = room;
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Bytes of the character at s if it is valid UTF-8 and can do no harm on a terminal, else 0. */
static size_t harmless(const unsigned char *s)
{
    static const unsigned char least[] = {0, 0, 0x80, 0xA0, 0x90};
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7F;
    size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if (s[0] == 0xC2 && s[1] < 0xA0) /* C1 controls: some terminals obey them */
        return 0;
    if ((s[0] == 0xE0 || s[0] == 0xF0) && s[1] < least[n])
        return 0;
    if ((s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

static void put_quoted(struct line *line, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    put(line, "\"", 1);
    while (*s != '\0' && line->len < sizeof line->text - 16) {
        size_t n = harmless(s);
        char code[8];
        if (*s == '"' || *s == '\\') {
            put(line, "\\", 1);
            put(line, (const char *)s++, 1);
        } else if (n > 0) {
            put(line, (const char *)s, n);
            s += n;
        } else if (*s == '\n' || *s == '\t' || *s == '\r') {
            put_text(line, *s == '\n' ? "\\n" : *s == '\t' ? "\\t" : "\\r");
            s++;
        } else {
            snprintf(code, sizeof code, "\\u%04x", *s < 0x80 ? *s : 0xFFFDu);
            put_text(line, code);
            s++;
        }
    }
    put(line, "\"", 1);
}

static int is_plain(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                                                "XYZ0123456789-_.:/@+*,")] == '\0';
}

static void put_field(struct line *line, const struct log_field *field)
{
    char clean[LINE_MAX_BYTES];
    char number[32];
    if (as_json) {
        put_text(line, line->len > 1 ? "," : "");
        put_quoted(line, field->key);
        put_text(line, ":");
    } else {
        put_text(line, line->len > 0 ? " " : "");
        put_text(line, field->key);
        put_text(line, "=");
    }
    if (field->text == NULL) {
        snprintf(number, sizeof number, "%lld", (long long)field->number);
        put_text(line, number);
        return;
    }
    redact(field->text, clean, sizeof clean);
    if (!as_json && is_plain(clean))
        put_text(line, clean);
    else
        put_quoted(line, clean);
}

static void timestamp(char *out, size_t size)
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, size - n, ".%03ldZ", now.tv_nsec / 1000000);
}

void log_write(int level, const char *message, const struct log_field *fields, size_t count)
{
    struct line line = {.len = 0};
    char now[64];
    int64_t worker = atomic_load(&worker_id);
    if (level < least_level || level < PGQUEUE_DEBUG || level > PGQUEUE_ERROR)
        return;
    timestamp(now, sizeof now);
    if (as_json)
        put_text(&line, "{");
    put_field(&line, &(struct log_field){"ts", now, 0});
    put_field(&line, &(struct log_field){"level", level_names[level], 0});
    put_field(&line, &(struct log_field){"pid", NULL, getpid()});
    if (worker != 0)
        put_field(&line, &(struct log_field){"worker", NULL, worker});
    put_field(&line, &(struct log_field){"msg", message, 0});
    for (size_t i = 1; i < count; i++)
        put_field(&line, &fields[i]);
    if (as_json)
        line.text[line.len++] = '}';
    line.text[line.len++] = '\n';
    if (write(STDERR_FILENO, line.text, line.len) < 0)
        return; /* there is nobody to tell */
}

int log_gate_pass(struct log_gate *gate, int64_t *held)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    int64_t now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
    int64_t full_at = atomic_load(&gate->full_at_ms);
    for (;;) {
        int64_t from = full_at > now ? full_at : now;
        if (from - now >= (int64_t)GATE_AT_ONCE * GATE_MS) {
            atomic_fetch_add(&gate->held, 1);
            return 0;
        }
        if (atomic_compare_exchange_weak(&gate->full_at_ms, &full_at, from + GATE_MS))
            break;
    }
    *held = atomic_exchange(&gate->held, 0);
    return 1;
}
