/* SPDX-License-Identifier: MIT */
/*
 * pages.c: what the daemon tells by HTTP: alive, ready, metrics. From the shared pages alone: no
 * question of it reaches the database.
 */
#include "pages.h"

#include <string.h>

#include <event2/buffer.h>

#include "metrics.h"

static int page_ready(const struct pages_view *view, struct evbuffer *body)
{
    struct crew_state state = {0};
    if (view->current >= 0)
        crew_look(view->crews[view->current], &state);
    if (view->stopping)
        evbuffer_add_printf(body, "stopping\n");
    else if (view->current < 0)
        evbuffer_add_printf(body, "starting\n");
    else if (state.connected < state.wanted)
        evbuffer_add_printf(body, "waiting for the database: %u of %u workers connected\n",
                            state.connected, state.wanted);
    else if (state.ready < state.wanted)
        evbuffer_add_printf(body, "the database has not answered lately: %u of %u workers heard\n",
                            state.ready, state.wanted);
    else
        evbuffer_add_printf(body, "ready%s\n", view->paused ? ", paused" : "");
    return !view->stopping && view->current >= 0 && state.ready == state.wanted ? 200 : 503;
}

static int page_metrics(const struct pages_view *view, struct evbuffer *body)
{
    struct metrics m = {.total = shared_new(), .live = shared_new(), .restarts = view->restarts};
    int64_t now = shared_now_ms();
    m.poll_age_s = -1;
    m.paused = view->paused;
    if (m.total == NULL || m.live == NULL) {
        shared_free(m.total);
        shared_free(m.live);
        return 503;
    }
    shared_add(m.total, view->dead);
    for (int i = 0; i < view->crew_count; i++) {
        struct crew_state state;
        const struct shared_page *page;
        unsigned number;
        crew_look(view->crews[i], &state);
        m.restarts += state.restarts;
        m.workers += i == view->current ? state.wanted : 0;
        m.connected += i == view->current ? state.connected : 0;
        for (size_t k = 0; (page = crew_page(view->crews[i], k, &number)) != NULL; k++) {
            int64_t polled = atomic_load(&page->polled_ms);
            double age = (double)(now - polled) / 1000;
            shared_add(m.live, page);
            if (polled != 0 && age > m.poll_age_s)
                m.poll_age_s = age;
        }
    }
    shared_add(m.total, m.live);
    metrics_write(body, &m);
    shared_free(m.total);
    shared_free(m.live);
    return 200;
}

int pages_serve(const struct pages_view *view, const char *path, struct evbuffer *body,
                const char **type)
{
    if (strcmp(path, "/livez") == 0) {
        evbuffer_add_printf(body, "alive\n");
        return 200;
    }
    if (strcmp(path, "/readyz") == 0)
        return page_ready(view, body);
    if (strcmp(path, "/metrics") == 0) {
        *type = "text/plain; version=0.0.4; charset=utf-8";
        return page_metrics(view, body);
    }
    evbuffer_add_printf(body, "there are /livez, /readyz and /metrics\n");
    return 404;
}
