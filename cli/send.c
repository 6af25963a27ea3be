/* SPDX-License-Identifier: MIT */
/* send.c: the command send for one job. It does not know what payloads mean. */
#include "commands.h"
#include "each.h"
#include "jsonout.h"
#include "output.h"
#include "payload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct option send_options[] = {
    {"file", 'f', VALUE_PATH, "FILE", "one job per line of FILE; - is standard input", 0, 0, 0},
    {"objects", 0, VALUE_FLAG, NULL, "lines are {\"data\": ..., any option}, not payloads", 0, 0,
     0},
    {"commit-every", 0, VALUE_INTEGER, "N", "commit after N lines; else all or nothing", 1, 1000000,
     0},
    {"quiet", 'q', VALUE_FLAG, NULL, "print no ids", 0, 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

/* Reads all of standard input. Returns 0, or the exit code after a message. */
static int read_stdin(const struct cli *cli, struct buffer *out)
{
    for (;;) {
        ssize_t n = read(STDIN_FILENO, buffer_reserve(out, 65536), 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(cli, EXIT_FAILED, "cannot read standard input: %s", strerror(errno));
        if (n == 0)
            break;
        out->len += (size_t)n;
        if (out->len > PAYLOAD_MAX)
            return fail(cli, EXIT_USAGE, "the payload on standard input is over the limit");
    }
    buffer_add(out, "", 0);
    return EXIT_DONE;
}

/* The statement for a job failed: says whether the payload is to blame. */
static int explain(struct cli *cli, const struct db_error *error, const char *payload)
{
    struct buffer reason = BUFFER_INIT;
    int code = error->exit;
    if (error->from_server && payload != NULL && strncmp(error->sqlstate, "PQ", 2) != 0 &&
        db_json_problem(&cli->db, payload, &reason) == 1)
        code = fail(cli, EXIT_USAGE, "the payload is %s", reason.data);
    else
        fail_db(cli, error, NULL);
    buffer_free(&reason);
    return code;
}

/* payload NULL: the job has none. */
static int send_one(struct cli *cli, const char *queue, const char *payload)
{
    struct buffer options = BUFFER_INIT;
    struct rows *rows = NULL;
    struct db_error error;
    int code = EXIT_DONE;
    jsonout_begin(&options, '{');
    options_json(&cli->parsed, &options);
    jsonout_end(&options, '}');
    const char *values[] = {queue, payload, options.data};
    if (db_run(&cli->db, "select /*schema*/send($1, $2::jsonb, $3::jsonb)", values, 3, &rows,
               &error) != 0) {
        code = explain(cli, &error, payload);
    } else if (rows_text(rows, 0, 0) == NULL) {
        const char *key = option_text(&cli->parsed, "singleton-key");
        code = fail(cli, EXIT_REFUSED,
                    "not sent: a queued or running job of queue \"%s\" has the key \"%s\" already",
                    queue, key != NULL ? key : "");
    } else if (!option_given(&cli->parsed, "quiet")) {
        print_id(cli, rows_text(rows, 0, 0));
    }
    rows_free(rows);
    buffer_free(&options);
    return code;
}

int run_send(struct cli *cli)
{
    const struct parsed *parsed = &cli->parsed;
    const char *path = option_text(parsed, "file");
    const char *payload = argument(cli, 1);
    struct buffer input = BUFFER_INIT;
    int code = EXIT_DONE;
    if (path != NULL && payload != NULL)
        return fail(cli, EXIT_USAGE, "give a payload or --file, not both");
    if (path == NULL && (option_given(parsed, "objects") || option_given(parsed, "commit-every")))
        return fail(cli, EXIT_USAGE, "--objects and --commit-every belong to --file");
    if (payload != NULL && strcmp(payload, "-") == 0) {
        code = read_stdin(cli, &input);
        payload = input.data;
        if (code == EXIT_DONE && memchr(input.data, '\0', input.len) != NULL)
            code = fail(cli, EXIT_USAGE, "the payload holds a NUL byte, which JSON does not allow");
    }
    if (code == EXIT_DONE)
        code = need_database(cli, 0);
    if (code == EXIT_DONE)
        code = path != NULL ? send_file(cli, argument(cli, 0), path)
                            : send_one(cli, argument(cli, 0), payload);
    buffer_free(&input);
    return code;
}
