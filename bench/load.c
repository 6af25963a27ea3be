/* SPDX-License-Identifier: MIT */
/* Databases are copies of the one that setup.c made; jobs go through the library. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "report.h"

#define CALL_MAX 1000

char *database_beside(const char *dsn, const char *name)
{
    char sql[256], *beside;
    /* Of a keyword that comes twice libpq takes the last. */
    if (asprintf(&beside, "%s dbname=postgres", dsn) < 0)
        die("out of memory");
    PGconn *conn = db_connect(beside);
    free(beside);
    snprintf(sql, sizeof sql, "drop database if exists %s with (force)", name);
    db_run(conn, sql);
    snprintf(sql, sizeof sql, "create database %s template bench_template", name);
    db_run(conn, sql);
    PQfinish(conn);
    if (asprintf(&beside, "%s dbname=%s", dsn, name) < 0)
        die("out of memory");
    return beside;
}

pgqueue *queue_open(const char *dsn)
{
    pgqueue *queue;
    pgqueue_error error;
    if (pgqueue_open(dsn, NULL, &queue, &error) != PGQUEUE_OK)
        die("%s", error.message);
    return queue;
}

const char *queue_name(char name[QUEUE_NAME_ROOM], int i)
{
    snprintf(name, QUEUE_NAME_ROOM, QUEUE "%d", i);
    return name;
}

void queues_create(const char *dsn, int count)
{
    pgqueue *queue = queue_open(dsn);
    pgqueue_error error;
    char name[QUEUE_NAME_ROOM];
    db_run(pgqueue_connection(queue), "begin");
    for (int i = 0; i < count; i++)
        if (pgqueue_queue_create(queue, queue_name(name, i), NULL, &error) != PGQUEUE_OK)
            die("%s", error.message);
    db_run(pgqueue_connection(queue), "commit");
    pgqueue_close(queue);
}

/* Text of so many bytes that no compression makes smaller by much: 64 letters at random. Kept from
 * call to call. */
static const char *noise(size_t bytes)
{
    static char *text;
    static size_t have;
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    uint64_t state = 88172645463325252U;
    if (have >= bytes)
        return text;
    text = realloc(text, bytes + 1);
    if (text == NULL)
        die("out of memory");
    for (size_t i = 0; i < bytes; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text[i] = letters[state >> 58];
    }
    text[bytes] = '\0';
    have = bytes;
    return text;
}

static size_t payload(char *text, size_t room, size_t bytes, long number)
{
    if (bytes == 0)
        return (size_t)snprintf(text, room, PAYLOAD, number, number);
    size_t frame = strlen("{\"i\": 1234567890, \"x\": \"\"}");
    int rest = bytes > frame ? (int)(bytes - frame) : 0;
    return (size_t)snprintf(text, room, "{\"i\": %10ld, \"x\": \"%.*s\"}", number, rest,
                            noise(bytes));
}

static void send_to(pgqueue *queue, const char *name, const struct load *load, long count)
{
    static pgqueue_payload payloads[CALL_MAX];
    long per_call = load->per_call > 0 ? load->per_call : CALL_MAX;
    if (per_call > CALL_MAX)
        die("%ld jobs in a call are more than %d", per_call, CALL_MAX);
    size_t room = load->bytes > 0 ? load->bytes + 32 : PAYLOAD_ROOM;
    char *text = malloc(room * (size_t)per_call);
    pgqueue_error error;
    if (text == NULL)
        die("out of memory");
    for (long at = 0; at < count; at += per_call) {
        size_t n = count - at < per_call ? (size_t)(count - at) : (size_t)per_call;
        for (size_t i = 0; i < n; i++) {
            payloads[i].json = text + i * room;
            payloads[i].len =
                payload(text + i * room, room, load->bytes, load->first + at + (long)i);
        }
        if (pgqueue_send_many(queue, name, payloads, n, load->options, NULL, &error) != PGQUEUE_OK)
            die("%s", error.message);
    }
    free(text);
}

void send_load(pgqueue *queue, const struct load *load)
{
    char name[QUEUE_NAME_ROOM];
    for (int i = 0; i < load->queues; i++)
        send_to(queue, queue_name(name, i), load, load->count / load->queues);
    if (load->queues == 0)
        send_to(queue, load->queue != NULL ? load->queue : QUEUE, load, load->count);
}

void send_bulk(pgqueue *queue, long first, long count)
{
    send_load(queue, &(struct load){.first = first, .count = count});
}

void vacuum(pgqueue *queue)
{
    db_run(pgqueue_connection(queue), "vacuum (analyze)");
}

void send_one(pgqueue *queue, long number)
{
    char json[PAYLOAD_ROOM];
    pgqueue_error error;
    size_t len = payload(json, sizeof json, 0, number);
    if (pgqueue_send(queue, QUEUE, json, len, NULL, NULL, &error) != PGQUEUE_OK)
        die("%s", error.message);
}
