/* SPDX-License-Identifier: MIT */
/* sync_connection.c: the commands that connect users to providers and end that. Tokens come from
 * standard input, are encrypted here, and never reach the database or a message in plain. */
#include "commands.h"
#include "each.h"
#include "output.h"

#include "../orchestrator/json.h"
#include "../orchestrator/vault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKENS_MAX 65536 /* bytes of standard input */

const struct option connect_options[] = {
    {"account", 0, VALUE_TEXT, "ACCOUNT", "the provider's account, if the user has several", 0, 0,
     0},
    {"expires", 0, VALUE_TEXT, "TIME", "when the access token ends", 0, 0, 0},
    {"key-file", 0, VALUE_PATH, "FILE", "key of the token vault; else ENCRYPTION_MASTER_KEY", 0, 0,
     0},
    {"token-format", 0, VALUE_TEXT, "FORMAT", "how tokens are stored: kid or plain (kid)", 0, 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0},
};

/* What standard input said. The strings borrow from json. */
struct tokens {
    char *input; /* TOKENS_MAX + 1 bytes */
    struct json *json;
    const char *access;
    const char *refresh; /* NULL: none */
};

static void tokens_free(struct tokens *tokens)
{
    json_free(tokens->json);
    if (tokens->input != NULL)
        explicit_bzero(tokens->input, TOKENS_MAX + 1);
    free(tokens->input);
}

/* Its own buffer of fixed size: one that grows would leave copies of the tokens behind. */
static int read_input(const struct cli *cli, struct tokens *tokens, size_t *len)
{
    tokens->input = zeroed(1, TOKENS_MAX + 1);
    *len = 0;
    for (;;) {
        ssize_t n = read(STDIN_FILENO, tokens->input + *len, TOKENS_MAX + 1 - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(cli, EXIT_FAILED, "cannot read standard input: %s", strerror(errno));
        if (n == 0)
            return EXIT_DONE;
        *len += (size_t)n;
        if (*len > TOKENS_MAX)
            return fail(cli, EXIT_USAGE, "the tokens on standard input are longer than 64 KiB");
    }
}

static const char *token(const struct tokens *tokens, const char *name)
{
    const struct json_node *node = json_at(json_root(tokens->json), name);
    const char *text = node != NULL ? json_string(node) : NULL;
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static int tokens_read(const struct cli *cli, struct tokens *tokens)
{
    char why[160] = "";
    size_t len;
    if (isatty(STDIN_FILENO))
        fail(cli, EXIT_DONE,
             "paste the tokens, {\"access_token\": ..., \"refresh_token\": ...}, and end with "
             "Ctrl-D");
    int code = read_input(cli, tokens, &len);
    if (code != EXIT_DONE)
        return code;
    tokens->json = json_parse(tokens->input, len, why, sizeof why);
    if (tokens->json == NULL)
        return fail(cli, EXIT_USAGE,
                    "give the tokens as JSON on standard input, as {\"access_token\": ..., "
                    "\"refresh_token\": ...}; this %s",
                    why);
    tokens->access = token(tokens, "access_token");
    tokens->refresh = token(tokens, "refresh_token");
    if (tokens->access == NULL)
        return fail(cli, EXIT_USAGE, "standard input has no \"access_token\", a string");
    return EXIT_DONE;
}

/* Providers that this version can import from. */
static int check_provider(const struct cli *cli, const char *provider)
{
    if (strcmp(provider, "foursquare") == 0)
        return EXIT_DONE;
    return fail(cli, EXIT_USAGE, "provider \"%s\" is not known; known: foursquare", provider);
}

static int open_vault(const struct cli *cli, struct vault **vault)
{
    const char *format_text = option_text(&cli->parsed, "token-format");
    enum vault_format format = VAULT_KID;
    struct vault_error error = {""};
    if (format_text != NULL && !vault_format_parse(format_text, &format))
        return fail(cli, EXIT_USAGE, "--token-format: \"%s\" is neither kid nor plain",
                    format_text);
    if (vault_open(option_text(&cli->parsed, "key-file"), format, vault, &error) != VAULT_OK)
        return fail(cli, EXIT_FAILED, "%s", error.message);
    return EXIT_DONE;
}

/* Where users are kept here, a connection of somebody else is a mistake. An application with its
 * own users has none here. */
static int check_user(struct cli *cli, const char *user)
{
    struct db_error error;
    int known = call_boolean(cli,
                             "select not exists (select from sync.app_user)"
                             " or exists (select from sync.app_user where id = $1::bigint)",
                             user, &error);
    if (known < 0)
        return fail_db(cli, &error, NULL);
    return known ? EXIT_DONE : fail(cli, EXIT_NOT_FOUND, "user %s does not exist", user);
}

/* Encrypts and stores the tokens of a connection, in the open transaction. */
static int store(struct cli *cli, const struct tokens *tokens, const struct vault *vault,
                 const char *id)
{
    char *access = NULL, *refresh = NULL;
    struct vault_error failure = {""};
    struct db_error error;
    int64_t connection = strtoll(id, NULL, 10);
    int code = EXIT_DONE;
    if (vault_encrypt(vault, tokens->access, strlen(tokens->access), connection,
                      "access_token_encrypted", &access, &failure) != VAULT_OK ||
        (tokens->refresh != NULL &&
         vault_encrypt(vault, tokens->refresh, strlen(tokens->refresh), connection,
                       "refresh_token_encrypted", &refresh, &failure) != VAULT_OK)) {
        code = fail(cli, EXIT_FAILED, "%s", failure.message);
    } else {
        const char *values[] = {id, access, refresh, option_text(&cli->parsed, "expires")};
        if (db_run(&cli->db, "select sync.store_tokens($1::bigint, $2, $3, $4::timestamptz)",
                   values, 4, NULL, &error) != 0)
            code = fail_db(cli, &error, NULL);
    }
    free(access);
    free(refresh);
    return code;
}

/* One transaction: the tokens are bound to the id that the first statement makes. */
static int connect_user(struct cli *cli, const struct tokens *tokens, const struct vault *vault)
{
    const char *values[] = {argument(cli, 0), argument(cli, 1),
                            option_text(&cli->parsed, "account")};
    struct rows *rows = NULL;
    struct db_error error;
    if (db_run(&cli->db, "begin", NULL, 0, NULL, &error) != 0 ||
        db_run(&cli->db, "select sync.connect($1::bigint, $2, $3)", values, 3, &rows, &error) != 0)
        return fail_db(cli, &error, NULL);
    const char *id = rows_text(rows, 0, 0);
    int code = store(cli, tokens, vault, id);
    if (code == EXIT_DONE && db_run(&cli->db, "commit", NULL, 0, NULL, &error) != 0)
        code = fail_db(cli, &error, NULL);
    if (code == EXIT_DONE)
        print_id(cli, id);
    rows_free(rows);
    return code;
}

int run_sync_connect(struct cli *cli)
{
    struct tokens tokens = {NULL, NULL, NULL, NULL};
    struct vault *vault = NULL;
    int code = id_argument(cli, argument(cli, 0));
    if (code == EXIT_DONE)
        code = check_provider(cli, argument(cli, 1));
    if (code == EXIT_DONE)
        code = open_vault(cli, &vault);
    if (code == EXIT_DONE)
        code = tokens_read(cli, &tokens);
    if (code == EXIT_DONE)
        code = need_database(cli, 0);
    if (code == EXIT_DONE)
        code = check_type(cli, "expires", "timestamptz");
    if (code == EXIT_DONE)
        code = check_user(cli, argument(cli, 0));
    if (code == EXIT_DONE)
        code = connect_user(cli, &tokens, vault);
    tokens_free(&tokens);
    vault_close(vault);
    return code;
}

static int disconnect_one(struct cli *cli, const char *id, const void *context)
{
    struct db_error error;
    (void)context;
    int found =
        call_boolean(cli,
                     "select sync.disconnect(c.user_id, c.provider, c.account_id) is not null"
                     " from sync.connection c where c.id = $1::bigint",
                     id, &error);
    if (found < 0)
        return fail_db(cli, &error, NULL);
    if (!found)
        return fail(cli, EXIT_NOT_FOUND, "connection %s does not exist; see pgqueue sync status",
                    id);
    print_done(cli, "connection", "id", id, "disconnected");
    return EXIT_DONE;
}

int run_sync_disconnect(struct cli *cli)
{
    return each_id(cli, disconnect_one, NULL);
}
