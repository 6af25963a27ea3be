/* SPDX-License-Identifier: MIT */
/* send_file.c: the command send --file: streams the lines of a file in batches, in one transaction
 * or in several, and says exactly what was sent. It does not know what payloads mean. */
#include "commands.h"
#include "jsonout.h"
#include "output.h"
#include "payload.h"
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A statement takes so many lines, or as many as fill so many bytes. */
#define BATCH_LINES ((size_t)1000)
#define BATCH_BYTES ((size_t)4 * 1024 * 1024)

struct line {
    size_t start; /* in texts */
    size_t len;
    int64_t number; /* in the file, from 1 */
};
struct sent {
    int64_t number;
    int64_t id; /* 0: refused as a duplicate */
};

/* Invariants: lines[0..line_count) are read and not yet in the database; sent[0..sent_count) are in
 * the open transaction, if one is open; lines up to committed are there for good. */
struct sender {
    struct cli *cli;
    const char *queue;
    const char *name; /* of the file, for messages */
    FILE *file;
    struct buffer options;
    struct buffer texts;
    struct line lines[BATCH_LINES];
    size_t line_count;
    struct sent *sent;
    size_t sent_count;
    size_t sent_room;
    int open;             /* a transaction is */
    size_t every;         /* lines in a transaction; 0: all */
    int64_t number;       /* of the line read last */
    int64_t committed;    /* of the last line that is there for good */
    int64_t jobs;         /* sent so far, committed or not */
    int64_t refused;      /* duplicates among what is there for good */
    int64_t refused_line; /* the first of them */
    int64_t bytes;
    struct progress progress;
};

/* ---- messages ---- */

/* What the reader of an error wants to know next: which lines need not be sent again. */
static const char *outcome(const struct sender *s, char *text, size_t size)
{
    if (s->committed == 0)
        return "nothing was sent";
    snprintf(text, size, "lines 1 to %" PRId64 " were sent, the others were not", s->committed);
    return text;
}

static int fail_line(struct sender *s, int code, int64_t number, const char *why)
{
    char text[96];
    progress_end(&s->progress);
    return fail(s->cli, code, "%s, line %" PRId64 ": %s; %s", s->name, number, why,
                outcome(s, text, sizeof text));
}

static int fail_all(struct sender *s, const struct db_error *error)
{
    char text[96];
    progress_end(&s->progress);
    return fail(s->cli, error->exit, "%s: %s; %s", s->name, error->message,
                outcome(s, text, sizeof text));
}

/* ---- the database ---- */

static const char sql_payloads[] =
    "select /*schema*/send_many($1, array(select jsonb_build_object('data', l.t::jsonb) ||"
    " $3::jsonb from unnest($2::text[]) with ordinality l(t, n) order by l.n))";
static const char sql_objects[] =
    "select /*schema*/send_many($1, array(select $3::jsonb || l.t::jsonb"
    " from unnest($2::text[]) with ordinality l(t, n) order by l.n))";

static int send_lines(struct sender *s, size_t first, size_t count, struct rows **rows,
                      struct db_error *error)
{
    struct buffer array = BUFFER_INIT;
    for (size_t i = first; i < first + count; i++)
        array_add(&array, s->texts.data + s->lines[i].start, s->lines[i].len);
    array_end(&array);
    const char *values[] = {s->queue, array.data, s->options.data};
    const char *sql = option_given(&s->cli->parsed, "objects") ? sql_objects : sql_payloads;
    int r = db_run(&s->cli->db, sql, values, 3, rows, error);
    buffer_free(&array);
    return r;
}

static int transaction(struct sender *s, const char *sql, int open, struct db_error *error)
{
    if (db_run(&s->cli->db, sql, NULL, 0, NULL, error) != 0)
        return -1;
    s->open = open;
    return 0;
}

/* A batch was refused as a whole: sends its lines one by one, in a transaction that is rolled back,
 * to find the one to blame. */
static int blame(struct sender *s, const struct db_error *error)
{
    struct db_error one;
    struct buffer reason = BUFFER_INIT;
    int code = 0;
    if (transaction(s, "rollback", 0, &one) != 0 || transaction(s, "begin", 1, &one) != 0)
        return fail_all(s, error);
    for (size_t i = 0; i < s->line_count && code == 0; i++) {
        if (send_lines(s, i, 1, NULL, &one) == 0)
            continue;
        if (transaction(s, "rollback", 0, &(struct db_error){0}) == 0 &&
            db_json_problem(&s->cli->db, s->texts.data + s->lines[i].start, &reason) == 1) {
            code = fail_line(s, EXIT_USAGE, s->lines[i].number, reason.data);
        } else if (one.exit == EXIT_NOT_FOUND || one.exit == EXIT_NO_DATABASE) {
            code = fail_all(s, &one); /* not the line's fault */
        } else {
            code = fail_line(s, one.exit, s->lines[i].number, one.message);
        }
    }
    buffer_free(&reason);
    return code != 0 ? code : fail_all(s, error);
}

static void remember(struct sender *s, int64_t number, int64_t id)
{
    if (s->sent_count == s->sent_room) {
        s->sent_room = s->sent_room > 0 ? s->sent_room * 2 : 1024;
        struct sent *grown = zeroed(s->sent_room, sizeof *grown);
        if (s->sent != NULL)
            memcpy(grown, s->sent, s->sent_count * sizeof *grown);
        free(s->sent);
        s->sent = grown;
    }
    s->sent[s->sent_count].number = number;
    s->sent[s->sent_count++].id = id;
}

/* Sends the batch that was read. Returns an exit code, after a message. */
static int flush(struct sender *s)
{
    struct rows *rows = NULL;
    struct db_error error;
    if (s->line_count == 0)
        return EXIT_DONE;
    if (!s->open && transaction(s, "begin", 1, &error) != 0)
        return fail_all(s, &error);
    if (send_lines(s, 0, s->line_count, &rows, &error) != 0)
        return error.exit == EXIT_NO_DATABASE ? fail_all(s, &error) : blame(s, &error);
    for (size_t i = 0; i < s->line_count && i < rows_count(rows); i++)
        remember(s, s->lines[i].number, rows_integer(rows, i, 0));
    rows_free(rows);
    s->jobs += (int64_t)s->line_count;
    s->line_count = 0;
    buffer_clear(&s->texts);
    progress_show(&s->progress, s->bytes, s->jobs);
    return EXIT_DONE;
}

static void print_sent(struct sender *s)
{
    int quiet = option_given(&s->cli->parsed, "quiet");
    struct buffer out = BUFFER_INIT;
    for (size_t i = 0; i < s->sent_count; i++) {
        const struct sent *sent = &s->sent[i];
        if (sent->id == 0 && s->refused++ == 0)
            s->refused_line = sent->number;
        if (quiet)
            continue;
        if (s->cli->parsed.json && sent->id == 0)
            buffer_format(&out, "{\"line\":%" PRId64 ",\"id\":null}\n", sent->number);
        else if (s->cli->parsed.json)
            buffer_format(&out, "{\"line\":%" PRId64 ",\"id\":%" PRId64 "}\n", sent->number,
                          sent->id);
        else if (sent->id != 0)
            buffer_format(&out, "%" PRId64 "\n", sent->id);
    }
    if (out.len > 0) {
        progress_end(&s->progress);
        print_text(out.data);
    }
    buffer_free(&out);
}

/* Sends the batch and makes all so far last. */
static int commit(struct sender *s)
{
    struct db_error error;
    int code = flush(s);
    if (code != EXIT_DONE || !s->open)
        return code;
    if (transaction(s, "commit", 0, &error) != 0) {
        progress_end(&s->progress);
        if (error.exit != EXIT_NO_DATABASE)
            return fail_all(s, &error);
        return fail(s->cli, EXIT_NO_DATABASE,
                    "%s: the connection broke during the commit: lines %" PRId64 " to %" PRId64
                    " were sent or not, all of them or none; see pgqueue ls: %s",
                    s->name, s->committed + 1, s->number, error.message);
    }
    s->committed = s->number;
    print_sent(s);
    s->sent_count = 0;
    return EXIT_DONE;
}

/* ---- the file ---- */

/* Reads a line into the batch. Returns 1, 0 at the end, or -1 with the exit code after a message.
 */
static int read_line(struct sender *s, int *code)
{
    size_t start = s->texts.len;
    int c;
    *code = EXIT_DONE;
    while ((c = getc_unlocked(s->file)) != EOF && c != '\n') {
        buffer_char(&s->texts, (char)c);
        if (s->texts.len - start > PAYLOAD_MAX) {
            *code = fail_line(s, EXIT_USAGE, s->number + 1, "the payload is over the limit");
            return -1;
        }
    }
    size_t len = s->texts.len - start;
    if (c == EOF && ferror(s->file)) {
        char text[96];
        *code = fail(s->cli, EXIT_FAILED, "cannot read %s: %s; %s", s->name, strerror(errno),
                     outcome(s, text, sizeof text));
        return -1;
    }
    if (c == EOF && len == 0)
        return 0;
    s->number++;
    s->bytes += (int64_t)len + 1;
    buffer_add(&s->texts, "", 1); /* each line ends with a NUL of its own */
    if (memchr(s->texts.data + start, '\0', len) != NULL) {
        *code = fail_line(s, EXIT_USAGE, s->number, "a NUL byte, which JSON does not allow");
        return -1;
    }
    if (strspn(s->texts.data + start, " \t\r") == len) { /* an empty line is no job */
        s->texts.len = start;
        return 1;
    }
    struct line *line = &s->lines[s->line_count++];
    line->start = start;
    line->len = len;
    line->number = s->number;
    return 1;
}

static int stream(struct sender *s)
{
    int code = EXIT_DONE, more = 1;
    while (code == EXIT_DONE && (more = read_line(s, &code)) == 1) {
        size_t pending = s->sent_count + s->line_count;
        if (s->every > 0 && pending >= s->every)
            code = commit(s);
        else if (s->line_count == BATCH_LINES || s->texts.len >= BATCH_BYTES)
            code = flush(s);
    }
    return code == EXIT_DONE ? commit(s) : code;
}

/* Before the file is read: an unknown queue shows even if the file is empty. */
static int check_queue(struct sender *s)
{
    const char *values[] = {s->queue};
    struct db_error error;
    if (db_run(&s->cli->db, "select /*schema*/send_many($1, '{}')", values, 1, NULL, &error) == 0)
        return EXIT_DONE;
    return fail_db(s->cli, &error, NULL);
}

static int send_open_file(struct sender *s)
{
    struct stat info;
    int regular = fstat(fileno(s->file), &info) == 0 && S_ISREG(info.st_mode);
    progress_start(&s->progress, regular ? (int64_t)info.st_size : 0);
    jsonout_begin(&s->options, '{');
    options_json(&s->cli->parsed, &s->options);
    jsonout_end(&s->options, '}');
    s->every = (size_t)option_integer(&s->cli->parsed, "commit-every", 0);
    int code = check_queue(s);
    if (code == EXIT_DONE)
        code = stream(s);
    progress_end(&s->progress);
    if (s->refused > 0 && code == EXIT_DONE)
        code = fail(s->cli, EXIT_REFUSED,
                    "%s: %" PRId64 " of %" PRId64 " jobs were refused as duplicates, the first in "
                    "line %" PRId64 "; the others were sent",
                    s->name, s->refused, s->jobs, s->refused_line);
    return code;
}

int send_file(struct cli *cli, const char *queue, const char *path)
{
    int is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (file == NULL)
        return fail(cli, EXIT_FAILED, "cannot open %s: %s", path, strerror(errno));
    struct sender *s = zeroed(1, sizeof *s);
    s->cli = cli;
    s->queue = queue;
    s->name = is_stdin ? "standard input" : path;
    s->file = file;
    int code = send_open_file(s);
    if (!is_stdin)
        fclose(file);
    buffer_free(&s->options);
    buffer_free(&s->texts);
    free(s->sent);
    free(s);
    return code;
}
