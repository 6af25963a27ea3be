/* SPDX-License-Identifier: MIT */
/* Feeds a function with a corpus and its mutations; see fuzz.h. Knows nothing of the function. */
#include "fuzz.h"
#include "tap.h"

#include <dirent.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILES_MAX = 256, INPUT_MAX = 16384, ROUNDS = 2000, ROUNDS_LONG = 100000, CHANGES_MAX = 8 };

struct input {
    char *data;
    size_t len;
};

static struct input files[FILES_MAX];
static size_t n_files;
static uint64_t state; /* of the numbers that choose mutations */

static uint64_t draw(void)
{
    /* xorshift64*: the same everywhere, which rand() is not. */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1DULL;
}

static size_t below(size_t n)
{
    return n == 0 ? 0 : (size_t)(draw() % n);
}

void fuzz_check(bool holds, const char *what)
{
    if (holds)
        return;
    printf("# does not hold: %s\n", what);
    fflush(stdout);
    _exit(3);
}

static void load(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    if (dir == NULL)
        bail("no corpus %s", folder);
    while ((entry = readdir(dir)) != NULL) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *f = fopen(path, "r");
        if (f == NULL || n_files == FILES_MAX)
            bail("cannot read %s", path);
        char *data = malloc(INPUT_MAX);
        if (data == NULL)
            bail("out of memory");
        files[n_files].len = fread(data, 1, INPUT_MAX, f);
        files[n_files++].data = data;
        fclose(f);
    }
    closedir(dir);
}

/* Order of a folder is the file system's; the inputs have to be the same everywhere. */
static int by_content(const void *a, const void *b)
{
    const struct input *x = a;
    const struct input *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int order = n > 0 ? memcmp(x->data, y->data, n) : 0;
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static void change(char *data, size_t *len)
{
    static const char tokens[][8] = {"\"",    "\\", "{",    "}",    "[",       "]",
                                     "=",     ":",  "\r\n", "\n",   "\\u0000", "\\ud800",
                                     "1e400", "-0", "%",    "\xff", "\xc3",    "\xe2\x82",
                                     "#",     ";",  ",",    "\t",   " "};
    size_t at = below(*len + 1);
    switch (draw() % 6) {
    case 0: /* another byte */
        if (at < *len)
            data[at] = (char)draw();
        break;
    case 1: /* cut out */
        if (at < *len) {
            size_t n = below(*len - at) % 32 + 1;
            n = n > *len - at ? *len - at : n;
            memmove(data + at, data + at + n, *len - at - n);
            *len -= n;
        }
        break;
    case 2: /* double a stretch */
        if (at < *len) {
            size_t n = below(*len - at) + 1;
            if (*len + n > INPUT_MAX)
                break;
            memmove(data + at + n, data + at, *len - at);
            *len += n;
        }
        break;
    case 3: { /* put in what has a meaning somewhere */
        const char *token = tokens[below(sizeof tokens / sizeof tokens[0])];
        size_t n = strlen(token);
        if (*len + n > INPUT_MAX)
            break;
        memmove(data + at + n, data + at, *len - at);
        memcpy(data + at, token, n);
        *len += n;
        break;
    }
    case 4: /* flip a bit */
        if (at < *len)
            data[at] = (char)(data[at] ^ (1 << draw() % 8));
        break;
    default: /* cut off */
        *len = at;
    }
}

/* The n-th input of a file: 0 is the file itself. An owned block of its very size. */
static struct input input(size_t file, long n)
{
    static char work[INPUT_MAX];
    size_t len = files[file].len;
    memcpy(work, files[file].data, len);
    state = 0x9E3779B97F4A7C15ULL ^ ((uint64_t)file << 40) ^ (uint64_t)n;
    for (size_t i = n == 0 ? 0 : below(CHANGES_MAX) + 1; i > 0; i--)
        change(work, &len);
    struct input made = {malloc(len > 0 ? len : 1), len};
    if (made.data == NULL)
        bail("out of memory");
    memcpy(made.data, work, len);
    return made;
}

/* Tries inputs from..to-1 of a file in a child; whether it lived. */
static bool lives(size_t file, long from, long to)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        bail("cannot fork");
    if (pid == 0) {
        alarm(60);
        for (long n = from; n < to; n++) {
            struct input one = input(file, n);
            fuzz_one(one.data, one.len);
            free(one.data);
        }
        /* The children share the test's output and are no tests. */
        _exit(0);
    }
    int status = 0;
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static void tell(size_t file, long n)
{
    struct input bad = input(file, n);
    diag("input %ld of file %zu, %zu bytes, as hexadecimal:", n, file, bad.len);
    printf("# ");
    for (size_t i = 0; i < bad.len; i++)
        printf("%02x", (unsigned)(unsigned char)bad.data[i]);
    printf("\n");
    free(bad.data);
}

/* Halves the stretch until the input that kills is found. */
static void find(size_t file, long from, long to)
{
    while (to - from > 1) {
        long middle = from + (to - from) / 2;
        if (lives(file, from, middle))
            from = middle;
        else
            to = middle;
    }
    tell(file, from);
}

int main(void)
{
    const char *top = getenv("PGQUEUE_TEST_SRCDIR");
    long rounds = getenv("PGQUEUE_TEST_LONG") != NULL ? ROUNDS_LONG : ROUNDS;
    char folder[2048];
    long bad = 0;
    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top != NULL ? top : ".", fuzz_name);
    load(folder);
    qsort(files, n_files, sizeof files[0], by_content);
    for (size_t i = 0; i < n_files; i++) {
        if (lives(i, 0, 1))
            continue;
        bad++;
        tell(i, 0);
    }
    is_int(bad, 0, "%s stands each of the %zu files of its corpus", fuzz_name, n_files);
    bad = 0;
    for (size_t i = 0; i < n_files; i++) {
        if (lives(i, 1, rounds / (long)n_files + 2))
            continue;
        bad++;
        find(i, 1, rounds / (long)n_files + 2);
    }
    is_int(bad, 0, "and their mutations, some %ld", rounds);
    for (size_t i = 0; i < n_files; i++)
        free(files[i].data);
    return done();
}
