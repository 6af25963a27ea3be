/* SPDX-License-Identifier: MIT */
/* vault.h: encrypts and decrypts the tokens of connections; knows neither database nor network.
 *
 * AES-256-GCM, 12 random bytes of IV for each value, a tag of 16 bytes, all in strict base64:
 *   k1:IV:DATA:TAG  the key's name; bound to its place by "sync.connection:ID:COLUMN" as associated
 *                   data, so a value copied to another row or column does not open
 *   IV:DATA:TAG     the form that other programs share: no name, no associated data
 *
 * Threads: a vault is never changed after vault_open; any number may use it at once.
 */
#ifndef SYNC_VAULT_H
#define SYNC_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vault_code {
    VAULT_OK = 0,
    VAULT_ENOKEY = -1, /* no key is configured */
    VAULT_EKEY = -2,   /* the key or its file is unusable */
    VAULT_EVALUE = -3, /* not a value of one of the two forms: damaged */
    VAULT_EWRONG = -4, /* well formed, but does not open: another key, changed, or moved */
    VAULT_ESYSTEM = -5 /* out of memory, or the crypto library failed */
};

enum vault_format { VAULT_KID = 0, VAULT_PLAIN = 1 };

/* Why a call failed: one line, without any part of a key, a token or a stored value. */
struct vault_error {
    char message[256];
};

struct vault;

/* Reads "kid" or "plain". Answers false for anything else. */
bool vault_format_parse(const char *text, enum vault_format *format);

/* Loads the keys.
 *   key_file  a file that only its owner may read, with one line NAME=KEY for each key (NAME: k and
 *             up to 31 letters or digits; the first one writes, all read) or the bare KEY, called
 * k1; NULL or "": the environment's ENCRYPTION_MASTER_KEY, called k1 KEY       64 hex digits, or
 * base64 of 32 bytes out       returns owned: free with vault_close Errors: ENOKEY, EKEY, ESYSTEM.
 */
int vault_open(const char *key_file, enum vault_format format, struct vault **out,
               struct vault_error *error);

/* Wipes the keys and frees the vault. NULL is allowed. */
void vault_close(struct vault *vault);

/* Overwrites and removes ENCRYPTION_MASTER_KEY from the environment, so that child processes do not
 * get it. While the process has one thread. */
void vault_forget_environment(void);

/* Encrypts a token for a column of a connection.
 *   out  returns owned: the value to store; free() */
int vault_encrypt(const struct vault *vault, const void *token, size_t len, int64_t connection,
                  const char *column, char **out, struct vault_error *error);

/* Decrypts a stored value.
 *   token  returns owned: NUL-terminated beyond *len; free with vault_wipe(token, len)
 *   stale  may be NULL; true: a key wrote it that is no longer the writing one, encrypt it again
 * Errors: EVALUE, EWRONG, ESYSTEM. */
int vault_decrypt(const struct vault *vault, const char *stored, int64_t connection,
                  const char *column, char **token, size_t *len, bool *stale,
                  struct vault_error *error);

/* Overwrites a secret's len bytes and its terminator, then frees it. NULL is allowed. */
void vault_wipe(char *secret, size_t len);

#endif
