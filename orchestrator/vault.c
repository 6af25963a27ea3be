/* SPDX-License-Identifier: MIT */
/* vault.c: encrypts and decrypts the tokens of connections; the only file that knows OpenSSL. */
#include "vault.h"

#include "base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_SIZE = 32,
    IV_SIZE = 12,
    TAG_SIZE = 16,
    NAME_MAX_LENGTH = 32,
    KEYS_MAX = 64,
    FILE_MAX = 16384,
    TOKEN_MAX = 65536, /* bytes of a token; real ones stay under 5,000 */
    AAD_MAX = 128
};

static const char environment_name[] = "ENCRYPTION_MASTER_KEY";

struct key {
    char name[NAME_MAX_LENGTH + 1];
    unsigned char bytes[KEY_SIZE];
};

/* keys[0] writes. */
struct vault {
    enum vault_format format;
    size_t count;
    struct key keys[KEYS_MAX];
};

/* A stored value, taken apart; name is empty in the three-field form. */
struct sealed {
    char name[NAME_MAX_LENGTH + 1];
    unsigned char iv[IV_SIZE];
    unsigned char tag[TAG_SIZE];
    unsigned char *data;
    size_t len;
};

__attribute__((format(printf, 3, 4))) static int refuse(struct vault_error *error, int code,
                                                        const char *format, ...)
{
    if (error != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(error->message, sizeof error->message, format, args);
        va_end(args);
    }
    return code;
}

bool vault_format_parse(const char *text, enum vault_format *format)
{
    if (strcmp(text, "kid") == 0)
        *format = VAULT_KID;
    else if (strcmp(text, "plain") == 0)
        *format = VAULT_PLAIN;
    else
        return false;
    return true;
}

/* ------------------------------------------------------------------------------------------------
 * Keys
 */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_key(const char *text, size_t len, unsigned char key[KEY_SIZE])
{
    if (len == 2 * KEY_SIZE) {
        for (size_t i = 0; i < KEY_SIZE; i++) {
            int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
            if (high < 0 || low < 0)
                return false;
            key[i] = (unsigned char)(high << 4 | low);
        }
        return true;
    }
    /* Decoding may write 33 bytes before the length is known to be wrong. */
    unsigned char bytes[BASE64_LENGTH(KEY_SIZE) / 4 * 3];
    bool good = len == BASE64_LENGTH(KEY_SIZE) && base64_decode(text, len, bytes) == KEY_SIZE;
    if (good)
        memcpy(key, bytes, KEY_SIZE);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return good;
}

/* A name is k and 1 to 31 letters or digits. */
static bool is_name(const char *text, size_t len)
{
    if (len < 2 || len > NAME_MAX_LENGTH || text[0] != 'k')
        return false;
    for (size_t i = 1; i < len; i++) {
        char c = text[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'))
            return false;
    }
    return true;
}

static const struct key *find_key(const struct vault *vault, const char *name)
{
    for (size_t i = 0; i < vault->count; i++) {
        if (strcmp(vault->keys[i].name, name) == 0)
            return &vault->keys[i];
    }
    return NULL;
}

/* Adds one line of a key file; where says which, for the message. */
static int add_line(struct vault *vault, const char *line, size_t len, const char *file, int number,
                    struct vault_error *error)
{
    while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    if (len == 0 || line[0] == '#')
        return VAULT_OK;
    if (vault->count == KEYS_MAX)
        return refuse(error, VAULT_EKEY, "%s line %d: more than %d keys", file, number, KEYS_MAX);
    struct key *key = &vault->keys[vault->count];
    const char *sign = line[0] == 'k' ? memchr(line, '=', len) : NULL;
    size_t name_len = sign != NULL ? (size_t)(sign - line) : 0;
    char name[NAME_MAX_LENGTH + 1] = "k1";
    /* A bare key in base64 ends in its only '=', so it can never be taken for NAME=KEY. */
    if (sign != NULL && name_len + 1 < len) {
        if (!is_name(line, name_len))
            return refuse(error, VAULT_EKEY,
                          "%s line %d: a key's name is k and up to 31 letters or digits", file,
                          number);
        memcpy(name, line, name_len);
        name[name_len] = '\0';
        line += name_len + 1;
        len -= name_len + 1;
    }
    if (find_key(vault, name) != NULL)
        return refuse(error, VAULT_EKEY, "%s line %d: key %s is there twice", file, number, name);
    if (!parse_key(line, len, key->bytes))
        return refuse(error, VAULT_EKEY,
                      "%s line %d: the key is neither 64 hex digits nor base64 of 32 bytes", file,
                      number);
    memcpy(key->name, name, sizeof name);
    vault->count++;
    return VAULT_OK;
}

/* Reads at most size bytes. Returns the length, or -1 with errno (EFBIG: there is more). */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
    size_t used = 0;
    for (;;) {
        ssize_t n = read(fd, buffer + used, size - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        used += (size_t)n;
        if (n == 0)
            return (ssize_t)used;
        if (used == size) {
            errno = EFBIG;
            return -1;
        }
    }
}

static int parse_file(struct vault *vault, const char *text, size_t len, const char *path,
                      struct vault_error *error)
{
    int number = 0;
    for (size_t start = 0; start < len;) {
        const char *end = memchr(text + start, '\n', len - start);
        size_t line_len = end != NULL ? (size_t)(end - text) - start : len - start;
        int rc = add_line(vault, text + start, line_len, path, ++number, error);
        if (rc != VAULT_OK)
            return rc;
        start += line_len + 1;
    }
    if (vault->count == 0)
        return refuse(error, VAULT_ENOKEY, "the key file %s holds no key", path);
    return VAULT_OK;
}

static int load_file(struct vault *vault, const char *path, struct vault_error *error)
{
    int rc = VAULT_OK;
    struct stat st;
    char text[FILE_MAX];
    ssize_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return refuse(error, VAULT_ENOKEY, "cannot open the key file %s: %s", path,
                      strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        rc = refuse(error, VAULT_EKEY, "the key file %s is not a regular file", path);
    } else if ((st.st_mode & 077) != 0) {
        rc =
            refuse(error, VAULT_EKEY, "the key file %s is open to others (mode %04o): chmod 600 %s",
                   path, (unsigned)(st.st_mode & 07777), path);
    } else {
        len = read_all(fd, text, sizeof text);
        rc = len < 0 ? refuse(error, VAULT_EKEY, "cannot read the key file %s: %s", path,
                              strerror(errno))
                     : parse_file(vault, text, (size_t)len, path, error);
        OPENSSL_cleanse(text, sizeof text);
    }
    close(fd);
    return rc;
}

static int load_environment(struct vault *vault, struct vault_error *error)
{
    const char *text = getenv(environment_name);
    if (text == NULL || text[0] == '\0')
        return refuse(error, VAULT_ENOKEY,
                      "no key for the tokens: set %s (64 hex digits or base64 of 32 bytes) or "
                      "a key file: key_file in [sync], --key-file of pgqueue",
                      environment_name);
    struct key *key = &vault->keys[0];
    if (!parse_key(text, strlen(text), key->bytes))
        return refuse(error, VAULT_EKEY, "%s is neither 64 hex digits nor base64 of 32 bytes",
                      environment_name);
    memcpy(key->name, "k1", sizeof "k1");
    vault->count = 1;
    return VAULT_OK;
}

int vault_open(const char *key_file, enum vault_format format, struct vault **out,
               struct vault_error *error)
{
    struct vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL)
        return refuse(error, VAULT_ESYSTEM, "out of memory");
    vault->format = format;
    int rc = key_file != NULL && key_file[0] != '\0' ? load_file(vault, key_file, error)
                                                     : load_environment(vault, error);
    if (rc != VAULT_OK) {
        vault_close(vault);
        return rc;
    }
    *out = vault;
    return VAULT_OK;
}

void vault_close(struct vault *vault)
{
    if (vault == NULL)
        return;
    OPENSSL_cleanse(vault, sizeof *vault);
    free(vault);
}

void vault_forget_environment(void)
{
    char *text = getenv(environment_name);
    if (text == NULL)
        return;
    OPENSSL_cleanse(text, strlen(text));
    unsetenv(environment_name);
}

void vault_wipe(char *secret, size_t len)
{
    if (secret == NULL)
        return;
    OPENSSL_cleanse(secret, len + 1);
    free(secret);
}

/* ------------------------------------------------------------------------------------------------
 * Values
 */

/* Runs AES-256-GCM over len bytes; decrypting succeeds only if the tag fits. aad "": none. */
static bool run_cipher(bool encrypt, const unsigned char *key, const unsigned char *iv,
                       const char *aad, const unsigned char *in, size_t len, unsigned char *out,
                       unsigned char *tag)
{
    bool good = false;
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL)
        return false;
    if (EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv, encrypt ? 1 : 0) != 1)
        goto out;
    if (aad[0] != '\0' &&
        EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)aad, (int)strlen(aad)) != 1)
        goto out;
    if (len > 0 && EVP_CipherUpdate(ctx, out, &n, in, (int)len) != 1)
        goto out;
    if (!encrypt && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) != 1)
        goto out;
    unsigned char rest[EVP_MAX_BLOCK_LENGTH];
    if (EVP_CipherFinal_ex(ctx, rest, &n) != 1)
        goto out;
    good = !encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1;
out:
    EVP_CIPHER_CTX_free(ctx); /* wipes its copy of the key */
    return good;
}

static void make_aad(char aad[AAD_MAX], int64_t connection, const char *column)
{
    snprintf(aad, AAD_MAX, "sync.connection:%" PRId64 ":%s", connection, column);
}

int vault_encrypt(const struct vault *vault, const void *token, size_t len, int64_t connection,
                  const char *column, char **out, struct vault_error *error)
{
    if (len > TOKEN_MAX)
        return refuse(error, VAULT_EVALUE, "the token is longer than %d bytes", TOKEN_MAX);
    const struct key *key = &vault->keys[0];
    bool named = vault->format == VAULT_KID;
    char aad[AAD_MAX] = "";
    if (named)
        make_aad(aad, connection, column);
    unsigned char iv[IV_SIZE], tag[TAG_SIZE];
    size_t room = NAME_MAX_LENGTH + 1 + BASE64_LENGTH(IV_SIZE) + 1 + BASE64_LENGTH(len) + 1 +
                  BASE64_LENGTH(TAG_SIZE) + 1;
    unsigned char *data = malloc(len + 1);
    char *text = malloc(room);
    if (data == NULL || text == NULL || RAND_bytes(iv, IV_SIZE) != 1 ||
        !run_cipher(true, key->bytes, iv, aad, token, len, data, tag)) {
        free(data);
        free(text);
        return refuse(error, VAULT_ESYSTEM,
                      "the token cannot be encrypted: the crypto library "
                      "failed or memory is out");
    }
    char *p = text;
    if (named)
        p += snprintf(p, room, "%s:", key->name);
    p += base64_encode(iv, IV_SIZE, p);
    *p++ = ':';
    p += base64_encode(data, len, p);
    *p++ = ':';
    base64_encode(tag, TAG_SIZE, p);
    free(data);
    *out = text;
    return VAULT_OK;
}

/* Decodes a field that must hold exactly size bytes. */
static bool parse_fixed(const char *text, size_t len, unsigned char *out, size_t size)
{
    unsigned char bytes[24]; /* the IV is 16 characters, the tag 24 */
    if (len != BASE64_LENGTH(size) || len > sizeof bytes ||
        base64_decode(text, len, bytes) != (ssize_t)size)
        return false;
    memcpy(out, bytes, size);
    return true;
}

/* Takes a stored value apart. On success the caller frees sealed->data. */
static int parse_value(const char *stored, struct sealed *sealed, struct vault_error *error)
{
    static const char damaged[] = "the stored token is damaged: it is not iv:data:tag in base64, "
                                  "with or without a key's name in front";
    const char *field[4];
    size_t len[4], count = 0;
    if (strlen(stored) > 2 * TOKEN_MAX)
        return refuse(error, VAULT_EVALUE, "the stored token is damaged: it is too long");
    for (const char *p = stored;;) {
        if (count == 4)
            return refuse(error, VAULT_EVALUE, "%s", damaged);
        field[count] = p;
        len[count] = strcspn(p, ":");
        p += len[count++];
        if (*p++ == '\0')
            break;
    }
    size_t first = count == 4 ? 1 : 0;
    if (count < 3 || (first == 1 && !is_name(field[0], len[0])) ||
        !parse_fixed(field[first], len[first], sealed->iv, IV_SIZE) ||
        !parse_fixed(field[first + 2], len[first + 2], sealed->tag, TAG_SIZE))
        return refuse(error, VAULT_EVALUE, "%s", damaged);
    size_t name_len = first == 1 ? len[0] : 0;
    memcpy(sealed->name, field[0], name_len);
    sealed->name[name_len] = '\0';
    sealed->data = malloc(len[first + 1] + 1);
    if (sealed->data == NULL)
        return refuse(error, VAULT_ESYSTEM, "out of memory");
    ssize_t n = base64_decode(field[first + 1], len[first + 1], sealed->data);
    if (n < 0) {
        free(sealed->data);
        return refuse(error, VAULT_EVALUE, "%s", damaged);
    }
    sealed->len = (size_t)n;
    return VAULT_OK;
}

/* The key that opens the value, its text in plain; NULL: none does. The named key only, if named.
 */
static const struct key *open_value(const struct vault *vault, struct sealed *sealed,
                                    const char *aad, unsigned char *plain)
{
    for (size_t i = 0; i < vault->count; i++) {
        const struct key *key = &vault->keys[i];
        if (sealed->name[0] != '\0' && strcmp(sealed->name, key->name) != 0)
            continue;
        if (run_cipher(false, key->bytes, sealed->iv, aad, sealed->data, sealed->len, plain,
                       sealed->tag))
            return key;
        OPENSSL_cleanse(plain, sealed->len);
    }
    return NULL;
}

int vault_decrypt(const struct vault *vault, const char *stored, int64_t connection,
                  const char *column, char **token, size_t *len, bool *stale,
                  struct vault_error *error)
{
    struct sealed sealed;
    int rc = parse_value(stored, &sealed, error);
    if (rc != VAULT_OK)
        return rc;
    char aad[AAD_MAX] = "";
    if (sealed.name[0] != '\0')
        make_aad(aad, connection, column);
    unsigned char *plain = malloc(sealed.len + 1);
    if (plain == NULL) {
        rc = refuse(error, VAULT_ESYSTEM, "out of memory");
    } else if (sealed.name[0] != '\0' && find_key(vault, sealed.name) == NULL) {
        rc = refuse(error, VAULT_EWRONG,
                    "the stored token was encrypted with key %s, which is not configured",
                    sealed.name);
    } else {
        const struct key *key = open_value(vault, &sealed, aad, plain);
        if (key != NULL) {
            plain[sealed.len] = '\0';
            *token = (char *)plain;
            *len = sealed.len;
            if (stale != NULL)
                *stale = key != &vault->keys[0];
            plain = NULL;
        } else {
            rc = refuse(error, VAULT_EWRONG,
                        "the stored token does not open: it was encrypted with another key, or it "
                        "was changed or moved from another place");
        }
    }
    free(plain);
    free(sealed.data);
    return rc;
}
