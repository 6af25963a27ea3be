/* SPDX-License-Identifier: MIT */
/*
 * front.c: where the daemon is reached by HTTP, and how that changes with the configuration. Knows
 * neither workers nor what the pages say.
 *
 * A place is first bound, which shows whether it can be had and keeps others away; clients are
 * refused until it is served.
 */
#include "front.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgqueue.h>

#include "listen.h"
#include "log.h"
#include "reload.h"

void front_init(struct front *front, struct event_base *base, http_page_fn *page, void *user)
{
    *front = (struct front){.base = base, .page = page, .user = user, .plan.fd = -1};
}

void front_forget(struct front *front)
{
    if (front->plan.fd >= 0)
        listen_close(front->plan.fd);
    free(front->plan.key);
    front->plan = (struct front_plan){.fd = -1};
    front->planned = 0;
}

void front_free(struct front *front)
{
    front_forget(front);
    http_free(front->http);
    front->http = NULL;
}

/* The socket of a plan: the one that is served, or bound already, if it is for the same place. */
static int take_place(struct front *front, struct front_plan *plan)
{
    struct listen_address address;
    char why[256];
    if (front->http != NULL && strcmp(front->listen, plan->listen) == 0)
        return 0;
    if (front->plan.fd >= 0 && strcmp(front->plan.listen, plan->listen) == 0) {
        plan->fd = front->plan.fd;
        front->plan.fd = -1;
        return 0;
    }
    if (listen_parse(plan->listen, &address, why, sizeof why) == 0) {
        plan->fd = listen_bind(&address);
        snprintf(why, sizeof why, "%s", strerror(errno));
    }
    if (plan->fd >= 0)
        return 0;
    LOG(PGQUEUE_ERROR, "cannot listen", log_text("address", plan->listen), log_text("why", why));
    return -1;
}

int front_prepare(struct front *front, const struct config *config)
{
    const char *listen = config_value(config_section(config, "http", 0), "http", "listen");
    struct front_plan plan = {.fd = -1};
    char why[PATH_MAX + 128];
    snprintf(plan.listen, sizeof plan.listen, "%s", listen != NULL ? listen : "");
    if (listen != NULL && reload_http_key(config, &plan.key, why, sizeof why) != 0) {
        LOG(PGQUEUE_ERROR, "no HTTP", log_text("why", why));
        return -1;
    }
    if (listen != NULL && take_place(front, &plan) != 0) {
        free(plan.key);
        return -1;
    }
    front_forget(front);
    front->plan = plan;
    front->planned = 1;
    return 0;
}

static int serve(struct front *front, int fd)
{
    char place[256];
    struct http *http = listen_start(fd) == 0
                            ? http_new(front->base, fd, front->plan.key, front->page, front->user)
                            : NULL;
    if (http == NULL) {
        LOG(PGQUEUE_ERROR, "cannot listen", log_text("address", front->plan.listen),
            log_text("why", strerror(errno)));
        return -1;
    }
    http_free(front->http);
    front->http = http;
    listen_tell(fd, place, sizeof place);
    LOG(PGQUEUE_INFO, "listening", log_text("address", place));
    return 0;
}

int front_switch(struct front *front)
{
    int rc = 0;
    if (!front->planned)
        return 0;
    if (front->plan.listen[0] == '\0') {
        http_free(front->http);
        front->http = NULL;
    } else if (front->plan.fd < 0) {
        rc = http_set_key(front->http, front->plan.key);
    } else {
        int fd = front->plan.fd;
        rc = serve(front, fd);
        front->plan.fd = rc == 0 ? -1 : fd; /* the server's from now on */
    }
    if (rc == 0)
        memcpy(front->listen, front->plan.listen, sizeof front->listen);
    front_forget(front);
    return rc;
}
