/* SPDX-License-Identifier: MIT */
/*
 * main.c: the command line of pgqueued.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pgqueue.h>

#include "config_load.h"
#include "reload.h"
#include "supervisor.h"

enum { EXIT_OK = 0, EXIT_USAGE = 2, CHECK_CONFIG = 256, PRINT_CONFIG, VERSION };

static const char usage_text[] =
    "usage: pgqueued -c FILE [--check-config | --print-config]\n"
    "\n"
    "Works the queues of a libpgqueue database: see pgqueued(1), and pgqueued(5) for FILE.\n"
    "\n"
    "  -c, --config FILE  the configuration\n"
    "  --check-config     check it, with the modules that it names, and end\n"
    "  --print-config     print it with all defaults and without secrets, and end\n"
    "  --version          print the version, and end\n"
    "  -h, --help         print this, and end\n"
    "\n"
    "Signals: TERM and INT drain (again: stop now), QUIT stops now, HUP reads FILE again,\n"
    "USR1 pauses, USR2 resumes.\n"
    "Exit status: 0 drained or all is well, 1 failed, 2 wrong usage or configuration.\n";

static int option_error(int kind, const char *word)
{
    fprintf(stderr, "pgqueued: %s: %s; try pgqueued --help\n", word,
            kind == ':' ? "needs a value" : "unknown option");
    return EXIT_USAGE;
}

static int usage_error(const char *what)
{
    fprintf(stderr, "pgqueued: %s; try pgqueued --help\n", what);
    return EXIT_USAGE;
}

/* Ends like everything on standard output: with an error if it could not be written. */
static int finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_OK;
    fprintf(stderr, "pgqueued: cannot write to standard output\n");
    return EXIT_FAILURE;
}

/* In a child: a module may crash when it is loaded. */
static int check_config(struct config *config)
{
    int status = 0;
    pid_t child = reload_check_in_child(config, 1);
    int ended = child > 0 && waitpid(child, &status, 0) == child;
    int good = ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (good)
        printf("%s: ok\n", config->path);
    else if (!ended)
        fprintf(stderr, "pgqueued: cannot check the configuration: %s\n", strerror(errno));
    else if (WIFSIGNALED(status))
        fprintf(stderr, "pgqueued: a module of the configuration crashes when it is loaded: %s\n",
                strsignal(WTERMSIG(status)));
    config_free(config);
    return good ? finish_output() : EXIT_USAGE;
}

static int print_config(struct config *config)
{
    config_print(config, stdout);
    config_free(config);
    return finish_output();
}

static int print_version(void)
{
    printf("pgqueued %s (libpgqueue %s, module ABI %d)\n", PGQUEUE_VERSION, pgqueue_version(),
           PGQUEUE_MODULE_ABI);
    return finish_output();
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, CHECK_CONFIG},
        {"print-config", no_argument, NULL, PRINT_CONFIG},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *path = NULL;
    struct config *config;
    int option, what = 0;
    while ((option = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case CHECK_CONFIG:
        case PRINT_CONFIG:
            what = option;
            break;
        case VERSION:
            return print_version();
        case 'h':
            fputs(usage_text, stdout);
            return finish_output();
        default:
            return option_error(option, argv[optind - 1]);
        }
    }
    if (optind < argc)
        return usage_error("it takes no arguments without an option");
    if (path == NULL)
        return usage_error("it needs a configuration: -c FILE");
    if (config_load(path, reload_print, NULL, &config) != 0)
        return EXIT_USAGE;
    if (what == CHECK_CONFIG)
        return check_config(config);
    if (what == PRINT_CONFIG)
        return print_config(config);
    return supervisor_run(config);
}
