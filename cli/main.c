/* SPDX-License-Identifier: MIT */
/* main.c: from the command line to a command and to its exit code. It does not know what the
 * commands do. */
#include "commands.h"
#include "help.h"
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

/* Replaces the value after "password", in key = 'value' pairs or in a URI's ?key=value&... */
static char *hide_value(char *at, int is_uri)
{
    at += strspn(at, " =");
    char end = *at == '\'' ? '\'' : is_uri ? '&' : ' ';
    if (end == '\'')
        at++;
    for (; *at != '\0' && *at != end; at++) {
        if (*at == '\\' && at[1] != '\0')
            *at++ = 'x';
        *at = 'x';
    }
    return at;
}

/* ps shows the arguments of all processes to everybody: takes the passwords out of ours. */
static void hide_passwords(char *conninfo)
{
    static const char key[] = "password";
    char *uri = strstr(conninfo, "://");
    char *colon = uri != NULL ? strchr(uri + 3, ':') : NULL;
    char *host = colon != NULL ? strchr(colon, '@') : NULL;
    for (char *at = colon; host != NULL && ++at < host;)
        *at = 'x';
    for (char *at = conninfo; (at = strstr(at, key)) != NULL;)
        at = hide_value(at + sizeof key - 1, uri != NULL);
}

/* Lets the command work with a copy of -d, and hides the one that others can see. */
static char *take_conninfo(struct parsed *parsed)
{
    if (parsed->conninfo == NULL)
        return NULL;
    char *visible = (char *)(uintptr_t)parsed->conninfo; /* argv is ours to write */
    char *copy = strdup(visible);
    if (copy != NULL) {
        hide_passwords(visible);
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
