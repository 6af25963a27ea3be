/* SPDX-License-Identifier: MIT */
/*
 * log.h: the daemon's log: one line each on standard error, logfmt or JSON, without secrets.
 *
 *     LOG(PGQUEUE_INFO, "worker started", log_number("pid", pid), log_text("name", name));
 *
 * Threads: any; a line is one write.
 */
#ifndef PGQUEUED_LOG_H
#define PGQUEUED_LOG_H

#include <stddef.h>
#include <stdint.h>

struct log_field {
    const char *key;
    const char *text; /* NULL: the number */
    int64_t number;
};

/* How lines look from now on. level: a pgqueue_level, lesser ones are dropped. */
void log_setup(int json, int level);
int log_level_of(const char *name);

/* The id of this process's worker, on every line from now on; 0: not known. */
void log_set_worker(int64_t worker);

/* fields[0] is not looked at. */
void log_write(int level, const char *message, const struct log_field *fields, size_t count);

#define LOG(level, message, ...)                                                                   \
    log_write(level, message, (const struct log_field[]){{NULL, NULL, 0}, ##__VA_ARGS__},          \
              sizeof((const struct log_field[]){{NULL, NULL, 0}, ##__VA_ARGS__}) /                 \
                  sizeof(struct log_field))

static inline struct log_field log_text(const char *key, const char *text)
{
    return (struct log_field){key, text != NULL ? text : "", 0};
}

static inline struct log_field log_number(const char *key, int64_t number)
{
    return (struct log_field){key, NULL, number};
}

/* A flood gate for one kind of line: 20 at once, then 10 a second. Answers whether the line may go
 * out; *held is then how many were held back before it. */
struct log_gate {
    _Atomic int64_t full_at_ms; /* monotonic: when it will have drained */
    _Atomic int64_t held;
};
int log_gate_pass(struct log_gate *gate, int64_t *held);

#endif
