/* SPDX-License-Identifier: MIT */
/* Tests the token vault against published vectors and every kind of damage. */
#include "../../orchestrator/base64.h"
#include "../../orchestrator/vault.h"

#include "tap.h"

#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static const char zero_key[] = "0000000000000000000000000000000000000000000000000000000000000000";
static const char count_key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char gcm_key[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
static const char column[] = "access_token_encrypted";

static struct vault_error why;

static struct vault *with_key(const char *key, enum vault_format format)
{
    struct vault *vault = NULL;
    setenv("ENCRYPTION_MASTER_KEY", key, 1);
    if (vault_open(NULL, format, &vault, &why) != VAULT_OK)
        bail("no vault: %s", why.message);
    return vault;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, mode) != 0)
        bail("cannot write %s", path);
}

/* The code of decrypting stored; token, if not NULL, is what it must give. */
static int decrypts(const struct vault *vault, const char *stored, int64_t id, const char *token)
{
    char *got = NULL;
    size_t len = 0;
    int rc = vault_decrypt(vault, stored, id, column, &got, &len, NULL, &why);
    if (rc == VAULT_OK && token != NULL && (len != strlen(token) || memcmp(got, token, len) != 0))
        rc = 1;
    vault_wipe(got, len);
    return rc;
}

static void published_vectors(void)
{
    struct vault *vault = with_key(zero_key, VAULT_KID);
    char *token = NULL;
    size_t len = 0;
    is_int(vault_decrypt(vault, "AAAAAAAAAAAAAAAA::Uw+K+8dFNrmpY7TxxMtzi0==", 1, column, &token,
                         &len, NULL, &why),
           VAULT_EVALUE, "base64 with bits behind its end is refused");
    is_int(vault_decrypt(vault, "AAAAAAAAAAAAAAAA::Uw+K+8dFNrmpY7TxxMtziw==", 1, column, &token,
                         &len, NULL, &why),
           VAULT_OK, "test case 13 of the GCM paper: nothing, encrypted with the zero key");
    is_int(len, 0, "it is empty");
    vault_wipe(token, len);
    is_int(vault_decrypt(vault,
                         "AAAAAAAAAAAAAAAA:zqdAPU1ga24HTsXTuvOdGA==:0NHIp5mZa/AmW5i11Iq5GQ==", 1,
                         column, &token, &len, NULL, &why),
           VAULT_OK, "test case 14 opens");
    ok(len == 16 && memcmp(token, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) == 0,
       "it is 16 zero bytes");
    vault_wipe(token, len);
    vault_close(vault);

    vault = with_key(gcm_key, VAULT_KID);
    is_int(decrypts(vault,
                    "yv66vvrO263eyviI:Ui3B8JlWfQf0fzejKoRCfWQ6jNy/5cDJdZiivSVV"
                    "0aqMsI5IWQ27PaewixBWgog4xfYeY5O6egq8yfZiiYAVrQ==:sJTaxdk0cb3sGlAicOPMbA==",
                    1, NULL),
           VAULT_OK, "test case 15 opens");
    vault_close(vault);

    vault = with_key(count_key, VAULT_KID);
    const char *other = "k1:ZGVmZ2hpamtsbW5v:DUOfKymlE7NKoemDGcwE:WHip4N629++dwN/IAS0LlA==";
    is_int(decrypts(vault, other, INT64_MAX, "EXAMPLE-t\xc3\xb6k\xc3\xa9n"), VAULT_OK,
           "a named value made by another implementation opens");
    is_int(decrypts(vault, other, INT64_MAX - 1, NULL), VAULT_EWRONG,
           "moved to another connection it does not");
    is_int(
        vault_decrypt(vault, other, INT64_MAX, "refresh_token_encrypted", &token, &len, NULL, &why),
        VAULT_EWRONG, "moved to another column it does not");
    is_int(decrypts(vault, other + 3, INT64_MAX, NULL), VAULT_EWRONG,
           "without its name it does not: the binding cannot be taken off");
    vault_close(vault);
}

static void round_trips(void)
{
    for (int format = VAULT_KID; format <= VAULT_PLAIN; format++) {
        struct vault *vault = with_key(count_key, (enum vault_format)format);
        bool all = true;
        for (size_t n = 0; n < 70; n++) {
            char token[80] = "", *stored = NULL;
            memset(token, 'x', n);
            all = vault_encrypt(vault, token, n, 7, column, &stored, &why) == VAULT_OK &&
                  decrypts(vault, stored, 7, token) == VAULT_OK && all;
            free(stored);
        }
        ok(all, "tokens of 0 to 69 bytes come back (%s)", format == VAULT_KID ? "kid" : "plain");
        char *a = NULL, *b = NULL;
        vault_encrypt(vault, "same", 4, 7, column, &a, &why);
        vault_encrypt(vault, "same", 4, 7, column, &b, &why);
        ok(strcmp(a, b) != 0, "the same token twice gives two values");
        is_int(strncmp(a, "k1:", 3) == 0, format == VAULT_KID, "only kid writes the key's name");
        free(a);
        free(b);
        vault_close(vault);
    }
    struct vault *vault = with_key(count_key, VAULT_KID);
    size_t big = 70000;
    char *token = calloc(1, big), *stored = NULL;
    is_int(vault_encrypt(vault, token, big, 7, column, &stored, &why), VAULT_EVALUE,
           "a token of 70,000 bytes is refused");
    free(token);
    vault_close(vault);
}

static void damage(void)
{
    struct vault *vault = with_key(count_key, VAULT_KID);
    char *stored = NULL;
    vault_encrypt(vault, "secret-token", 12, 7, column, &stored, &why);
    bool refused = true, silent = true;
    for (size_t i = 0; stored[i] != '\0'; i++) {
        for (int c = 1; c < 256; c++) {
            char was = stored[i];
            if ((unsigned char)was == c)
                continue;
            stored[i] = (char)c;
            refused = decrypts(vault, stored, 7, NULL) < 0 && refused;
            silent = strstr(why.message, "secret") == NULL && silent;
            stored[i] = was;
        }
    }
    ok(refused, "no value with one byte changed opens");
    ok(silent, "and no message tells the token");
    refused = true;
    for (size_t n = 0; n < strlen(stored); n++) {
        char *cut = strndup(stored, n);
        refused = decrypts(vault, cut, 7, NULL) < 0 && refused;
        free(cut);
    }
    ok(refused, "no value that was cut off opens");

    static const char *const bad[] = {
        "",
        ":",
        "::",
        ":::",
        "::::",
        "AAAA:AAAA:AAAA",
        "AAAAAAAAAAAAAAAA:zqdAPU1ga24HTsXTuvOdGA==",
        "AAAAAAAAAAAAAAAA:zqdAPU1ga24HTsXTuvOdGA==:0NHIp5mZa/AmW5i11A==",
        "AAAAAAAAAAAAAAAA:zqdAPU1ga24HTsXTuvOdGA==:0NHIp5mZa/AmW5i11Iq5GQAA",
        "AAAAAAAAAAAAAAAA :zqdAPU1ga24HTsXTuvOdGA==:0NHIp5mZa/AmW5i11Iq5GQ==",
        "AAAAAAAAAAAAAAAA:zqdAPU1ga24HTsXTuvOdGA:0NHIp5mZa/AmW5i11Iq5GQ==",
        "AAAAAAAAAAAAAAAA:zqdAPU1ga24HTsXTuvOdGA==:0NHIp5mZa_AmW5i11Iq5GQ==",
        "AAAAAAAAAAAAAAAA:zqdAPU1ga24HTsXTuvOdGA==\n:0NHIp5mZa/AmW5i11Iq5GQ==",
        "AAAAAAAAAAAAAAAA:zqdAPU1g=wduB07FrfOdGA==:0NHIp5mZa/AmW5i11Iq5GQ==",
        "x1:AAAAAAAAAAAAAAAA:zqdAPU1ga24HTsXTuvOdGA==:0NHIp5mZa/AmW5i11Iq5GQ==",
        "k:AAAAAAAAAAAAAAAA:zqdAPU1ga24HTsXTuvOdGA==:0NHIp5mZa/AmW5i11Iq5GQ==",
        "k12345678901234567890123456789012:AAAAAAAAAAAAAAAA::0NHIp5mZa/AmW5i11Iq5GQ==",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        is_int(decrypts(vault, bad[i], 7, NULL), VAULT_EVALUE,
               "malformed value %zu is called damaged", i);
    char *endless = calloc(1, 200001);
    memset(endless, 'A', 200000);
    is_int(decrypts(vault, endless, 7, NULL), VAULT_EVALUE,
           "a value of 200,000 bytes is called damaged");
    free(endless);
    free(stored);
    vault_close(vault);
}

static int opens(const char *key)
{
    struct vault *vault = NULL;
    setenv("ENCRYPTION_MASTER_KEY", key, 1);
    int rc = vault_open(NULL, VAULT_KID, &vault, &why);
    vault_close(vault);
    return rc;
}

static void keys_of_the_environment(void)
{
    struct vault *hex = with_key(count_key, VAULT_KID);
    struct vault *base64 = with_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", VAULT_KID);
    char *stored = NULL;
    vault_encrypt(hex, "t", 1, 7, column, &stored, &why);
    is_int(decrypts(base64, stored, 7, "t"), VAULT_OK, "a key is the same in hex and in base64");
    vault_close(base64);
    struct vault *other = with_key(zero_key, VAULT_KID);
    is_int(decrypts(other, stored, 7, NULL), VAULT_EWRONG, "another key does not open the value");
    ok(strstr(why.message, "another key") != NULL, "and the message says so");
    vault_close(other);
    vault_close(hex);
    free(stored);

    is_int(opens(""), VAULT_ENOKEY, "an empty variable is no key");
    is_int(opens("0123"), VAULT_EKEY, "a short key is refused");
    is_int(opens("zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"), VAULT_EKEY,
           "a key with a letter beyond f is refused");
    is_int(opens("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg=="), VAULT_EKEY,
           "base64 of 31 bytes is refused");
    is_int(opens("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"), VAULT_EKEY,
           "base64 of 33 bytes is refused");
    ok(strstr(why.message, "AAEC") == NULL, "and the message does not tell the key");
    setenv("ENCRYPTION_MASTER_KEY", count_key, 1);
    vault_forget_environment();
    struct vault *vault = NULL;
    is_int(vault_open(NULL, VAULT_KID, &vault, &why), VAULT_ENOKEY, "a forgotten variable is gone");
    ok(strstr(why.message, "ENCRYPTION_MASTER_KEY") != NULL &&
           strstr(why.message, "key_file") != NULL,
       "and the message names both places for a key");
}

static int opens_file(const char *path, const char *text, mode_t mode, struct vault **vault)
{
    write_file(path, text, mode);
    *vault = NULL;
    return vault_open(path, VAULT_KID, vault, &why);
}

static void key_files(void)
{
    const char *tmp = getenv("PGQUEUE_TEST_TMP");
    char path[512], text[1024];
    snprintf(path, sizeof path, "%s/keys", tmp != NULL ? tmp : "/tmp");
    struct vault *old = NULL, *vault = NULL;
    snprintf(text, sizeof text, "%s\n", count_key);
    is_int(opens_file(path, text, 0600, &old), VAULT_OK, "a bare key in a file is enough");
    char *first = NULL, *second = NULL;
    vault_encrypt(old, "t", 1, 7, column, &first, &why);
    ok(strncmp(first, "k1:", 3) == 0, "it is called k1");

    snprintf(text, sizeof text, "# newest first\nk2=%s\r\n\nk1=%s", gcm_key, count_key);
    is_int(opens_file(path, text, 0400, &vault), VAULT_OK, "a file with two keys is read");
    bool stale = false;
    char *token = NULL;
    size_t len = 0;
    is_int(vault_decrypt(vault, first, 7, column, &token, &len, &stale, &why), VAULT_OK,
           "a value of the older key opens");
    ok(stale, "and is known to be stale");
    vault_wipe(token, len);
    vault_encrypt(vault, "t", 1, 7, column, &second, &why);
    ok(strncmp(second, "k2:", 3) == 0, "the first key writes");
    is_int(vault_decrypt(vault, second, 7, column, &token, &len, &stale, &why), VAULT_OK,
           "and reads");
    ok(!stale, "what it wrote is not stale");
    vault_wipe(token, len);
    is_int(decrypts(old, second, 7, NULL), VAULT_EWRONG,
           "a value of a key that is not there does not open");
    ok(strstr(why.message, "k2") != NULL, "and the message names the key");
    char *plain = NULL;
    struct vault *writer = with_key(count_key, VAULT_PLAIN);
    vault_encrypt(writer, "p", 1, 7, column, &plain, &why);
    is_int(decrypts(vault, plain, 7, "p"), VAULT_OK,
           "a value without a name opens with whichever key wrote it");
    vault_close(writer);
    vault_close(old);
    vault_close(vault);
    free(first);
    free(second);
    free(plain);

    snprintf(text, sizeof text, "%s\n", count_key);
    is_int(opens_file(path, text, 0640, &vault), VAULT_EKEY,
           "a file that its group may read is refused");
    ok(strstr(why.message, "chmod 600") != NULL, "and the message says what to do");
    is_int(opens_file(path, text, 0604, &vault), VAULT_EKEY,
           "a file that others may read is refused");
    is_int(opens_file(path, "# none\n", 0600, &vault), VAULT_ENOKEY,
           "a file without a key is refused");
    snprintf(text, sizeof text, "k1=%s\nk1=%s\n", count_key, gcm_key);
    is_int(opens_file(path, text, 0600, &vault), VAULT_EKEY,
           "a name that is there twice is refused");
    snprintf(text, sizeof text, "k1=%s\nk2=0123\n", count_key);
    is_int(opens_file(path, text, 0600, &vault), VAULT_EKEY,
           "a bad key in the second line is refused");
    ok(strstr(why.message, "line 2") != NULL && strstr(why.message, "0123") == NULL,
       "the message names the line and not the key");
    snprintf(text, sizeof text, "key one=%s\n", count_key);
    is_int(opens_file(path, text, 0600, &vault), VAULT_EKEY, "a name with a blank is refused");
    unlink(path);
    is_int(vault_open(path, VAULT_KID, &vault, &why), VAULT_ENOKEY, "a missing file is no key");
    is_int(vault_open("/", VAULT_KID, &vault, &why), VAULT_EKEY, "a folder is refused");
}

static void base64_is_strict(void)
{
    unsigned char out[64];
    static const char *const good[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                       "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t n = 0; n < 7; n++) {
        char text[16];
        base64_encode((const unsigned char *)"foobar", n, text);
        is_str(text, good[n], "%zu bytes are encoded", n);
        is_int(base64_decode(good[n], strlen(good[n]), out), (int)n, "and decoded");
    }
    static const char *const bad[] = {"Z",    "Zg",   "Zg=",  "Zh==",  "Zm9=", "Zg==Zg==",
                                      "=Zg=", "Z===", "====", "Zm 9v", "Zm9-", "Zg==\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        is_int(base64_decode(bad[i], strlen(bad[i]), out), -1, "malformed text %zu is refused", i);
}

int main(void)
{
    published_vectors();
    round_trips();
    damage();
    keys_of_the_environment();
    key_files();
    base64_is_strict();
    enum vault_format format;
    ok(vault_format_parse("kid", &format) && format == VAULT_KID, "kid is a format");
    ok(vault_format_parse("plain", &format) && format == VAULT_PLAIN, "plain is a format");
    ok(!vault_format_parse("hex", &format), "hex is none");
    return done();
}
