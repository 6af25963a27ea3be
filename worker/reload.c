/* SPDX-License-Identifier: MIT */
/*
 * reload.c: checks a configuration in a process of its own, modules included, so that nothing of
 * theirs is ever in the supervisor.
 */
#include "reload.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pgqueue.h>

#include "log.h"
#include "registry.h"

enum { KEY_MIN = 16, KEY_MAX = 1024 };

void reload_print(void *user, const char *text)
{
    (void)user;
    fprintf(stderr, "pgqueued: %s\n", text);
}

void reload_log(void *user, const char *text)
{
    (void)user;
    LOG(PGQUEUE_ERROR, "the configuration is wrong", log_text("why", text));
}

int reload_check(const struct config *config, config_report_fn *report, void *user)
{
    struct registry *registry;
    char *key = NULL, why[PATH_MAX + 128];
    int rc = 0;
    if (reload_http_key(config, &key, why, sizeof why) != 0) {
        report(user, why);
        rc = -1;
    }
    free(key);
    if (registry_new(
            &(struct registry_options){.config = config, .report = report, .report_user = user},
            &registry) != 0)
        return -1;
    registry_free(registry);
    return rc;
}

pid_t reload_check_in_child(const struct config *config, int plain)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close_range(3, UINT_MAX, 0);
    exit(reload_check(config, plain ? reload_print : reload_log, NULL) == 0 ? 0 : 2);
}

static int read_key(FILE *file, const char *path, char **out, char *why, size_t why_size)
{
    char text[KEY_MAX + 2];
    struct stat st;
    if (fstat(fileno(file), &st) != 0 || st.st_mode & (S_IROTH | S_IWOTH)) {
        snprintf(why, why_size, "key_file: every user can read %s: chmod o-rw %s", path, path);
        return -1;
    }
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    len = strlen(text);
    if (len < KEY_MIN || len > KEY_MAX || text[strspn(text, " \t")] == '\0') {
        snprintf(why, why_size, "key_file: %s must hold a key of %d to %d characters in one line",
                 path, KEY_MIN, KEY_MAX);
        return -1;
    }
    *out = strdup(text);
    explicit_bzero(text, sizeof text);
    return *out == NULL ? -1 : 0;
}

int reload_http_key(const struct config *config, char **out, char *why, size_t why_size)
{
    const struct config_section *http = config_section(config, "http", 0);
    const char *path = config_value(http, "http", "key_file");
    *out = NULL;
    if (path == NULL)
        return 0;
    FILE *stream = fopen(path, "re");
    if (stream == NULL) {
        snprintf(why, why_size, "%s:%d: key_file: cannot read %s: %s", config->path,
                 config_line(http, "key_file"), path, strerror(errno));
        return -1;
    }
    snprintf(why, why_size, "out of memory");
    int rc = read_key(stream, path, out, why, why_size);
    fclose(stream);
    return rc;
}
