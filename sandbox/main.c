/* SPDX-License-Identifier: MIT */
/* pgqueue-sandbox from start to end; knows the order of things and none of their insides. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/http.h>

#include "options.h"
#include "sandbox.h"
#include "server.h"

enum { FILES_WANTED = 8192, ERROR_MAX = 1024 };

static int fail(int status, const char *what, const char *why)
{
    fprintf(stderr, "pgqueue-sandbox: %s%s%s\n", what, *what ? ": " : "", why);
    return status;
}

/* Hundreds of connections at a time are more than the usual soft limit likes. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FILES_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Every folder of recorded pages is a user of that name; others hold something else. */
static int add_data_users(struct sandbox *sandbox, const char *data)
{
    char error[ERROR_MAX];
    char spec[4096];
    int rc = 0;
    DIR *dir = opendir(data);
    if (!dir)
        return fail(1, data, strerror(errno));
    const struct dirent *entry = NULL;
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        int n = snprintf(spec, sizeof(spec), "dir:%s/%s", data, entry->d_name);
        if (n < 0 || (size_t)n >= sizeof(spec) || !user_token_is_valid(entry->d_name) ||
            entry->d_name[0] == '.' || !recorded_is_folder(spec + 4))
            continue;
        if (!users_set(sandbox->users, entry->d_name, spec, error, sizeof(error)))
            rc = fail(1, "--data", error);
    }
    closedir(dir);
    return rc;
}

static int add_users(struct sandbox *sandbox)
{
    const struct options *options = sandbox->options;
    char error[ERROR_MAX];
    char token[USER_TOKEN_MAX + 2];
    if (options->data && add_data_users(sandbox, options->data) != 0)
        return 1;
    for (size_t i = 0; i < options->n_user_args; i++) {
        /* a token may end in =, so the name ends where the kind of history starts */
        const char *arg = options->user_args[i];
        const char *spec = strstr(arg, "=dir:");
        if (!spec)
            spec = strstr(arg, "=gen:");
        if (!spec)
            return fail(2, arg, "--user takes TOKEN=dir:PATH or TOKEN=gen:COUNT");
        snprintf(token, sizeof(token), "%.*s", (int)(spec - arg), arg);
        if (!users_set(sandbox->users, token, spec + 1, error, sizeof(error)))
            return fail(2, "--user", error);
    }
    return 0;
}

static int add_faults(struct sandbox *sandbox)
{
    char error[ERROR_MAX];
    for (size_t i = 0; i < sandbox->options->n_fault_args; i++) {
        struct fault_rule rule;
        if (fault_rule_parse(&rule, sandbox->options->fault_args[i], error, sizeof(error)) < 0)
            return fail(2, "--fault", error);
        rule.from_command_line = true;
        if (faults_add(&sandbox->faults, &rule) < 0)
            return fail(2, "--fault", "too many");
    }
    return 0;
}

/* By renaming, so that a reader finds the whole number or no file. */
static int write_port_file(const char *path, int port)
{
    char draft[4096];
    int n = snprintf(draft, sizeof(draft), "%s.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof(draft))
        return fail(1, path, "the name is too long");
    FILE *f = fopen(draft, "w");
    if (!f)
        return fail(1, draft, strerror(errno));
    fprintf(f, "%d\n", port);
    if (fclose(f) != 0 || rename(draft, path) != 0) {
        int rc = fail(1, path, strerror(errno));
        unlink(draft);
        return rc;
    }
    return 0;
}

static int open_log(struct sandbox *sandbox)
{
    const char *path = sandbox->options->log;
    if (!path)
        return 0;
    sandbox->log = strcmp(path, "-") == 0 ? stderr : fopen(path, "ae");
    if (!sandbox->log)
        return fail(1, path, strerror(errno));
    setvbuf(sandbox->log, NULL, _IOLBF, 0);
    return 0;
}

static void on_signal(evutil_socket_t signal_number, short events, void *arg)
{
    (void)signal_number;
    (void)events;
    event_base_loopbreak(arg);
}

static int serve(struct sandbox *sandbox)
{
    char error[ERROR_MAX];
    int port = 0;
    int rc = 1;
    struct event *term = evsignal_new(sandbox->base, SIGTERM, on_signal, sandbox->base);
    struct event *interrupt = evsignal_new(sandbox->base, SIGINT, on_signal, sandbox->base);
    struct evhttp *http = NULL;
    if (!term || !interrupt || event_add(term, NULL) < 0 || event_add(interrupt, NULL) < 0) {
        fail(1, "signals", strerror(errno));
        goto out;
    }
    http = server_start(sandbox, &port, error, sizeof(error));
    if (!http) {
        fail(1, "", error);
        goto out;
    }
    if (sandbox->options->port_file && write_port_file(sandbox->options->port_file, port) != 0)
        goto out;
    printf("listening on %s\n", sandbox->url);
    if (fflush(stdout) != 0) {
        fail(1, "standard output", strerror(errno));
        goto out;
    }
    rc = event_base_dispatch(sandbox->base) < 0 ? 1 : 0;
out:
    if (http)
        server_stop(sandbox, http);
    if (term)
        event_free(term);
    if (interrupt)
        event_free(interrupt);
    return rc;
}

int main(int argc, char **argv)
{
    static struct options options;
    static struct sandbox sandbox;
    int rc = options_parse(argc, argv, &options);
    if (rc != OPTIONS_GO_ON)
        return rc;
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    sandbox.options = &options;
    sandbox.base = event_base_new();
    sandbox.users = users_new(&options.users);
    if (!sandbox.base || !sandbox.users)
        rc = fail(1, "", "out of memory");
    else if ((rc = add_users(&sandbox)) == 0 && (rc = add_faults(&sandbox)) == 0 &&
             (rc = open_log(&sandbox)) == 0)
        rc = serve(&sandbox);
    users_free(sandbox.users);
    if (sandbox.base)
        event_base_free(sandbox.base);
    if (sandbox.log && sandbox.log != stderr)
        fclose(sandbox.log);
    libevent_global_shutdown();
    return rc;
}
