/* SPDX-License-Identifier: MIT */
/* main.c: from the command line to a command and to its exit code. It does not know what the
 * commands do. */
#include "commands.h"
#include "output.h"

#include <pgqueue.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With one of the standard descriptors closed, the database's socket would take its place and get
 * what is printed. Standard output opened for reading only lets each write fail, as it should. */
static int hold_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
            open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR) != fd)
            return -1;
    }
    return 0;
}

/* ps shows the arguments of all processes to everybody: takes the passwords out of ours. */
static void hide_password(char *conninfo)
{
    char *at = strstr(conninfo, "password");
    char *scheme = strstr(conninfo, "://");
    if (scheme != NULL) {
        char *host = strchr(scheme + 3, '@');
        char *colon = strchr(scheme + 3, ':');
        for (char *c = colon; colon != NULL && host != NULL && c < host; c++)
            *c = *c == ':' && c == colon ? ':' : 'x';
    }
    if (at == NULL)
        return;
    at += strlen("password");
    at += strspn(at, " =");
    char quote = *at == '\'' ? '\'' : ' ';
    if (quote == '\'')
        at++;
    for (; *at != '\0' && *at != quote && !(scheme != NULL && *at == '&'); at++) {
        if (*at == '\\' && at[1] != '\0')
            *at++ = 'x';
        *at = 'x';
    }
}

/* Lets the command work with a copy of -d, and hides the one that others can see. */
static char *take_conninfo(struct parsed *parsed)
{
    if (parsed->conninfo == NULL)
        return NULL;
    char *visible = (char *)(uintptr_t)parsed->conninfo; /* argv is ours to write */
    char *copy = strdup(visible);
    if (copy != NULL) {
        hide_password(visible);
        parsed->conninfo = copy;
    }
    return copy;
}

static int run(struct cli *cli)
{
    const struct parsed *parsed = &cli->parsed;
    if (parsed->help) {
        struct buffer help = BUFFER_INIT;
        help_print(commands, parsed, &help);
        print_text(help.data);
        buffer_free(&help);
        return EXIT_DONE;
    }
    if (parsed->version_only) {
        print_line("pgqueue %s", PGQUEUE_VERSION);
        return EXIT_DONE;
    }
    return parsed->command->run(cli);
}

int main(int argc, char **argv)
{
    struct cli cli;
    struct buffer problem = BUFFER_INIT;
    int code;
    memset(&cli, 0, sizeof cli);
    if (hold_descriptors() != 0)
        return EXIT_FAILED;
    signal(SIGPIPE, SIG_IGN);
    char *conninfo = NULL;
    if (options_parse(commands, argc, argv, &cli.parsed, &problem) != 0) {
        code = fail(&cli, EXIT_USAGE, "%s", problem.data);
    } else {
        conninfo = take_conninfo(&cli.parsed);
        code = run(&cli);
    }
    code = output_finish(&cli, code);
    db_close(&cli.db);
    if (conninfo != NULL)
        explicit_bzero(conninfo, strlen(conninfo));
    free(conninfo);
    parsed_free(&cli.parsed);
    buffer_free(&problem);
    return code;
}
