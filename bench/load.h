/* SPDX-License-Identifier: MIT */
/* Databases and queues of a measurement, and jobs for them. Knows nothing of workers. */
#ifndef PGQUEUE_BENCH_LOAD_H
#define PGQUEUE_BENCH_LOAD_H

#include <pgqueue.h>
#include <stddef.h>

#define QUEUE           "bench"
#define QUEUE_NAME_ROOM 24

/* The payload of every job, and room for it. */
#define PAYLOAD                                                                                    \
    "{\"i\": %ld, \"to\": \"user%ld@example.org\", \"template\": \"welcome\", \"lang\": \"en\","   \
    " \"note\": \"xxxxxxxxxxxxxxxxxxxxxxxx\"}"
#define PAYLOAD_ROOM 192

/* Another database like the case's own, beside it: its conninfo, which the caller frees. A later
 * call with the same name makes it anew. The name begins with bench: bench/run drops all such. */
char *database_beside(const char *dsn, const char *name);

pgqueue *queue_open(const char *dsn);
/* The name of the i-th of many queues; they are made by queues_create. */
const char *queue_name(char name[QUEUE_NAME_ROOM], int i);
void queues_create(const char *dsn, int count);

struct load {
    const char *queue;                   /* NULL: QUEUE */
    int queues;                          /* > 0: evenly to so many, named by queue_name() */
    long first, count;                   /* payloads are numbered from first on */
    long per_call;                       /* 0: 1,000, the most */
    size_t bytes;                        /* of a payload; 0: PAYLOAD */
    const pgqueue_send_options *options; /* may be NULL */
};
void send_load(pgqueue *queue, const struct load *load);
/* The plain load: to QUEUE by thousands. */
void send_bulk(pgqueue *queue, long first, long count);
void send_one(pgqueue *queue, long number);

/* Vacuums and analyses all tables, as autovacuum would within a minute: its first visit to so many
 * rows is not the price of what is measured next. */
void vacuum(pgqueue *queue);

#endif
