/* SPDX-License-Identifier: MIT */
/* Stored tokens that were damaged or forged: none opens. */
#include "fuzz.h"

#include "../../orchestrator/vault.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char fuzz_name[] = "vault";

void fuzz_one(const char *data, size_t len)
{
    static struct vault *vault;
    struct vault_error error = {""};
    char *text = malloc(len + 1);
    char *token = NULL;
    size_t n = 0;
    bool stale = false;
    if (vault == NULL) {
        setenv("ENCRYPTION_MASTER_KEY",
               "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1);
        fuzz_check(vault_open(NULL, VAULT_KID, &vault, &error) == VAULT_OK, "the vault opens");
    }
    if (text == NULL)
        abort();
    memcpy(text, data, len);
    text[len] = '\0';
    int rc = vault_decrypt(vault, text, 1, "access_token_encrypted", &token, &n, &stale, &error);
    fuzz_check(rc != VAULT_OK && token == NULL, "nothing in the corpus was written by this key");
    fuzz_check(error.message[0] != '\0', "a refusal says why");
    fuzz_check(strlen(text) < 12 || strstr(error.message, text) == NULL,
               "and does not quote the value");
    free(text);
}
