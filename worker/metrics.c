/* SPDX-License-Identifier: MIT */
/*
 * metrics.c: the daemon's numbers in the text form that Prometheus reads. Queue names are users'
 * data: they are escaped, and no more than a page holds are named.
 */
#include "metrics.h"

#include <event2/buffer.h>

static const char *const outcomes[SHARED_OUTCOMES] = {"done",   "retry",   "fail", "snooze",
                                                      "cancel", "settled", NULL};

static void put_head(struct evbuffer *out, const char *name, const char *type, const char *help)
{
    evbuffer_add_printf(out, "# HELP pgqueue_%s %s\n# TYPE pgqueue_%s %s\n", name, help, name,
                        type);
}

static void put_label(struct evbuffer *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            evbuffer_add(out, "\\n", 2);
        else if (*value == '"' || *value == '\\')
            evbuffer_add_printf(out, "\\%c", *value);
        else
            evbuffer_add(out, value, 1);
    }
}

/* The next named queue from *at on, NULL at the end. */
static struct shared_queue *next_queue(struct shared_page *page, size_t *at)
{
    while (*at < SHARED_QUEUES) {
        struct shared_queue *queue = &page->queues[(*at)++];
        if (atomic_load(&queue->state) == 2)
            return queue;
    }
    return NULL;
}

static void put_sample(struct evbuffer *out, const char *name, const struct shared_queue *queue,
                       const char *outcome, double value)
{
    evbuffer_add_printf(out, "pgqueue_%s{queue=\"", name);
    put_label(out, queue->name);
    if (outcome != NULL)
        evbuffer_add_printf(out, "\",outcome=\"%s", outcome);
    evbuffer_add_printf(out, "\"} %.15g\n", value);
}

static uint64_t finished_of(const struct shared_queue *queue)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < SHARED_OUTCOMES; i++)
        sum += atomic_load(&queue->finished[i]);
    return sum;
}

static void put_finished(struct evbuffer *out, struct shared_page *total)
{
    struct shared_queue *queue;
    put_head(out, "jobs_finished_total", "counter", "Attempts that ended, by outcome.");
    for (size_t at = 0; (queue = next_queue(total, &at)) != NULL;)
        for (size_t i = 0; outcomes[i] != NULL; i++)
            put_sample(out, "jobs_finished_total", queue, outcomes[i],
                       (double)atomic_load(&queue->finished[i]));
    put_head(out, "job_duration_seconds", "summary", "Time that handlers took.");
    for (size_t at = 0; (queue = next_queue(total, &at)) != NULL;) {
        put_sample(out, "job_duration_seconds_sum", queue, NULL,
                   (double)atomic_load(&queue->duration_us) / 1e6);
        put_sample(out, "job_duration_seconds_count", queue, NULL, (double)finished_of(queue));
    }
}

static void put_queues(struct evbuffer *out, const struct metrics *metrics)
{
    struct shared_queue *queue;
    put_head(out, "jobs_claimed_total", "counter", "Jobs taken from the database.");
    for (size_t at = 0; (queue = next_queue(metrics->total, &at)) != NULL;)
        put_sample(out, "jobs_claimed_total", queue, NULL, (double)atomic_load(&queue->claimed));
    put_head(out, "jobs_started_total", "counter", "Attempts handed to a handler.");
    for (size_t at = 0; (queue = next_queue(metrics->total, &at)) != NULL;)
        put_sample(out, "jobs_started_total", queue, NULL, (double)atomic_load(&queue->started));
    put_finished(out, metrics->total);
    put_head(out, "jobs_lost_total", "counter", "Attempts whose outcome did not count.");
    for (size_t at = 0; (queue = next_queue(metrics->total, &at)) != NULL;)
        put_sample(out, "jobs_lost_total", queue, NULL, (double)atomic_load(&queue->lost));
    put_head(out, "jobs_running", "gauge", "Attempts that a handler has now.");
    for (size_t at = 0; (queue = next_queue(metrics->live, &at)) != NULL;) {
        double running = (double)atomic_load(&queue->started) - (double)finished_of(queue);
        put_sample(out, "jobs_running", queue, NULL, running > 0 ? running : 0);
    }
}

static void put_one(struct evbuffer *out, const char *name, const char *type, const char *help,
                    double value)
{
    put_head(out, name, type, help);
    evbuffer_add_printf(out, "pgqueue_%s %.15g\n", name, value);
}

void metrics_write(struct evbuffer *out, const struct metrics *metrics)
{
    put_head(out, "build_info", "gauge", "The version that runs.");
    evbuffer_add_printf(out, "pgqueue_build_info{version=\"%s\",library=\"%s\"} 1\n",
                        PGQUEUE_VERSION, pgqueue_version());
    put_one(out, "workers", "gauge", "Worker processes of the configuration.",
            (double)metrics->workers);
    put_one(out, "workers_connected", "gauge", "Worker processes connected to the database.",
            (double)metrics->connected);
    put_one(out, "worker_restarts_total", "counter", "Worker processes that died.",
            (double)metrics->restarts);
    put_one(out, "paused", "gauge", "1 while no jobs are claimed by order of a signal.",
            (double)metrics->paused);
    if (metrics->poll_age_s >= 0)
        put_one(out, "last_poll_age_seconds", "gauge",
                "Since the database answered the worker that waits longest.", metrics->poll_age_s);
    put_one(out, "jobs_settled_total", "counter", "Outcomes that are committed.",
            (double)atomic_load(&metrics->total->settled));
    put_queues(out, metrics);
}
