/* SPDX-License-Identifier: MIT */
/*
 * observer.c: turns what happens in a worker into log lines and into numbers on the shared page.
 * Never logs what a handler said: its messages may quote the payload. `pgqueue show ID` has them.
 */
#include "observer.h"

#include <string.h>
#include <unistd.h>

#include "crash.h"

enum { SAME_LINE_MS = 30000 }; /* the library's same line again is dropped for so long */

static const char *const outcome_names[SHARED_OUTCOMES] = {"done",   "retry",   "fail", "snooze",
                                                           "cancel", "settled", "later"};

void observer_init(struct observer *observer, struct shared_page *page, int control)
{
    memset(observer, 0, sizeof *observer);
    observer->page = page;
    observer->control = control;
    shared_set_text(page, "waiting for the database");
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

static void tell_supervisor(struct observer *observer)
{
    char byte = '.';
    if (write(observer->control, &byte, 1) < 0)
        return; /* full: it will look anyway; broken: the control event tells */
}

static void on_connected(struct observer *o, const pgqueue_event *event)
{
    log_set_worker(event->worker);
    atomic_store(&o->page->worker, event->worker);
    atomic_store(&o->page->polled_ms, shared_now_ms());
    atomic_store(&o->page->connected, 1);
    o->waiting = 0;
    LOG(PGQUEUE_INFO, "connected to the database");
    tell_supervisor(o);
}

static void on_disconnected(struct observer *o, const pgqueue_event *event)
{
    const char *why = event->message != NULL ? event->message : "";
    int was = atomic_exchange(&o->page->connected, 0);
    shared_set_text(o->page, why[0] != '\0' ? why : "waiting for the database");
    /* The library may have said so just before. */
    if (!o->waiting && (was || hash_of(why) != atomic_load(&o->last_tail)))
        LOG(PGQUEUE_WARNING, was ? "the database is gone: waiting" : "waiting for the database",
            log_text("why", why));
    o->waiting = 1;
    tell_supervisor(o);
}

static void on_finished(struct observer *o, const pgqueue_event *event)
{
    struct shared_queue *queue = shared_queue(o->page, event->queue);
    int outcome =
        event->outcome >= 0 && event->outcome < SHARED_OUTCOMES ? event->outcome : PGQUEUE_RETRY;
    int level =
        outcome == PGQUEUE_RETRY || outcome == PGQUEUE_FAIL ? PGQUEUE_WARNING : PGQUEUE_DEBUG;
    int64_t held = 0;
    shared_finish(o->page, event->slot, event->job);
    crash_leave();
    atomic_fetch_add_explicit(&queue->finished[outcome], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&queue->duration_us, event->duration_us, memory_order_relaxed);
    if (level == PGQUEUE_WARNING && !log_gate_pass(&o->failed, &held))
        return;
    if (held > 0)
        LOG(PGQUEUE_WARNING, "lines about failed attempts were left out",
            log_number("count", held));
    LOG(level, level == PGQUEUE_WARNING ? "attempt failed" : "attempt ended",
        log_number("job", event->job), log_text("queue", event->queue),
        log_number("attempt", event->attempt), log_text("outcome", outcome_names[outcome]),
        log_number("duration_ms", (int64_t)(event->duration_us / 1000)));
}

static void on_lost(struct observer *o, const pgqueue_event *event)
{
    int64_t held = 0;
    atomic_fetch_add(&shared_queue(o->page, event->queue)->lost, 1);
    if (log_gate_pass(&o->lost, &held))
        LOG(PGQUEUE_WARNING, "an outcome did not count: the job was cancelled or its lease ended",
            log_number("job", event->job), log_text("queue", event->queue),
            log_number("attempt", event->attempt));
}

void observer_event(void *user, const pgqueue_event *event)
{
    struct observer *o = user;
    /* Jobs may start before the second connection is up, and with it CONNECTED. */
    if (event->worker != 0 && atomic_load(&o->page->worker) != event->worker)
        atomic_store(&o->page->worker, event->worker);
    switch (event->kind) {
    case PGQUEUE_EVENT_CONNECTED:
        on_connected(o, event);
        break;
    case PGQUEUE_EVENT_DISCONNECTED:
        on_disconnected(o, event);
        break;
    case PGQUEUE_EVENT_CLAIMED:
        atomic_fetch_add(&shared_queue(o->page, event->queue)->claimed, (uint64_t)event->count);
        break;
    case PGQUEUE_EVENT_STARTED:
        crash_enter(shared_start(o->page, event->slot, event->job));
        atomic_fetch_add_explicit(&shared_queue(o->page, event->queue)->started, 1,
                                  memory_order_relaxed);
        LOG(PGQUEUE_DEBUG, "attempt started", log_number("job", event->job),
            log_text("queue", event->queue), log_number("attempt", event->attempt));
        break;
    case PGQUEUE_EVENT_FINISHED:
        on_finished(o, event);
        break;
    case PGQUEUE_EVENT_SETTLED:
        atomic_fetch_add(&o->page->settled, (uint64_t)event->count);
        break;
    case PGQUEUE_EVENT_LOST:
        on_lost(o, event);
        break;
    case PGQUEUE_EVENT_POLLED:
        atomic_store(&o->page->polled_ms, shared_now_ms());
        break;
    default:
        break; /* of a newer library */
    }
}

void observer_log(void *user, int level, const char *message)
{
    struct observer *o = user;
    const char *colon = strstr(message, ": ");
    uint64_t hash = hash_of(message);
    int64_t now = shared_now_ms();
    atomic_store(&o->last_tail, hash_of(colon != NULL ? colon + 2 : message));
    if (level > PGQUEUE_DEBUG && atomic_exchange(&o->last_hash, hash) == hash &&
        now - atomic_load(&o->last_ms) < SAME_LINE_MS)
        return;
    atomic_store(&o->last_ms, now);
    LOG(level, message);
}
