/* SPDX-License-Identifier: MIT */
/* Reads a folder of recorded pages into one list, newest first; knows neither users nor paging. */
#include "recorded.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <event2/buffer.h>

#include "json.h"

enum { FILES_MAX = 10000, FILE_BYTES_MAX = 64 * 1024 * 1024 };

struct item {
    int64_t created_at;
    size_t position; /* in reading order, which decides between check-ins of one second */
    struct slice id;
    struct slice text; /* points into one of the files */
    bool next_run;
};

struct recorded {
    char **files; /* the whole text of each, kept as long as the history */
    size_t n_files;
    struct item *items; /* all of them, in reading order */
    size_t n_items, cap_items;
    struct item *shown; /* those that are served, newest first */
    size_t n_shown;
    int64_t announced;
    bool has_next_run;
};

static char *read_file(const char *path, size_t *len)
{
    char *text = NULL;
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    if (fstat(fileno(f), &st) != 0)
        goto out;
    errno = EFBIG;
    if (st.st_size > FILE_BYTES_MAX)
        goto out;
    size_t size = (size_t)st.st_size;
    text = malloc(size + 1);
    if (text && fread(text, 1, size, f) != size) {
        errno = EIO;
        free(text);
        text = NULL;
    }
    if (text)
        text[size] = '\0';
    *len = size;
out:
    fclose(f);
    return text;
}

static int add_item(struct recorded *r, struct slice text, bool next_run)
{
    struct item item = {.text = text, .position = r->n_items, .next_run = next_run};
    struct slice value;
    if (!json_member(text, "createdAt", &value) || !json_integer(value, &item.created_at))
        return -1;
    if (!json_member(text, "id", &value) || !json_plain_string(value, &item.id))
        return -1;
    if (r->n_items == r->cap_items) {
        size_t cap = r->cap_items ? r->cap_items * 2 : 256;
        struct item *items = realloc(r->items, cap * sizeof(*items));
        if (!items)
            return -1;
        r->items = items;
        r->cap_items = cap;
    }
    r->items[r->n_items++] = item;
    return 0;
}

static int add_page(struct recorded *r, struct slice page, bool next_run)
{
    struct slice response;
    struct slice checkins;
    struct slice items;
    struct slice count;
    int64_t announced = 0;
    if (!json_is_valid(page) || !json_member(page, "response", &response) ||
        !json_member(response, "checkins", &checkins) || !json_member(checkins, "items", &items))
        return -1;
    if (json_member(checkins, "count", &count) && json_integer(count, &announced) &&
        announced > r->announced)
        r->announced = announced;
    struct slice item;
    while (json_next_element(&items, &item)) {
        if (add_item(r, item, next_run) < 0)
            return -1;
    }
    r->has_next_run = r->has_next_run || next_run;
    return 0;
}

static int add_file(struct recorded *r, const char *path, char *error, size_t error_size)
{
    size_t len = 0;
    char *text = read_file(path, &len);
    if (!text) {
        snprintf(error, error_size, "cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    r->files[r->n_files++] = text; /* taken: freed with r */
    bool next_run = fnmatch("*/checkins-next-run.json", path, 0) == 0;
    if (add_page(r, (struct slice){text, len}, next_run) < 0) {
        snprintf(error, error_size, "%s is no recorded page of check-ins", path);
        return -1;
    }
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    size_t shorter = x->id.len < y->id.len ? x->id.len : y->id.len;
    int order = memcmp(x->id.at, y->id.at, shorter);
    if (order != 0 || x->id.len != y->id.len)
        return order != 0 ? order : x->id.len < y->id.len ? -1 : 1;
    /* the next run brings the later version; of two pages the first one read is kept */
    if (x->next_run != y->next_run)
        return x->next_run ? -1 : 1;
    return x->position < y->position ? -1 : 1;
}

static int newest_first(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    if (x->created_at != y->created_at)
        return x->created_at > y->created_at ? -1 : 1;
    return x->position < y->position ? -1 : 1;
}

static bool same_id(const struct item *x, const struct item *y)
{
    return x->id.len == y->id.len && memcmp(x->id.at, y->id.at, x->id.len) == 0;
}

bool recorded_show_next_run(struct recorded *r, bool show)
{
    if (show && !r->has_next_run)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < r->n_items; i++) {
        if (show || !r->items[i].next_run)
            r->shown[n++] = r->items[i];
    }
    qsort(r->shown, n, sizeof(*r->shown), by_id);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || !same_id(&r->shown[kept - 1], &r->shown[i]))
            r->shown[kept++] = r->shown[i];
    }
    qsort(r->shown, kept, sizeof(*r->shown), newest_first);
    r->n_shown = kept;
    return true;
}

static int find_files(const char *folder, const char *name, int flags, glob_t *found)
{
    char pattern[4200];
    int n = snprintf(pattern, sizeof(pattern), "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof(pattern))
        return -1;
    return glob(pattern, flags, NULL, found);
}

bool recorded_is_folder(const char *folder)
{
    glob_t found;
    if (find_files(folder, "checkins-offset-*.json", 0, &found) != 0)
        return false;
    globfree(&found);
    return true;
}

struct recorded *recorded_load(const char *folder, char *error, size_t error_size)
{
    glob_t found;
    if (find_files(folder, "checkins-offset-*.json", 0, &found) != 0) {
        snprintf(error, error_size, "%s holds no checkins-offset-*.json", folder);
        return NULL;
    }
    /* a second glob appends: GLOB_APPEND keeps the first result if nothing matches */
    find_files(folder, "checkins-next-run.json", GLOB_APPEND, &found);
    struct recorded *r = NULL;
    bool good = false;
    snprintf(error, error_size, "out of memory");
    if (found.gl_pathc > FILES_MAX) {
        snprintf(error, error_size, "%s holds more than %d pages", folder, FILES_MAX);
        goto out;
    }
    r = calloc(1, sizeof(*r));
    if (!r)
        goto out;
    r->files = calloc(found.gl_pathc, sizeof(*r->files));
    if (!r->files)
        goto out;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (add_file(r, found.gl_pathv[i], error, error_size) < 0)
            goto out;
    }
    r->shown = calloc(r->n_items + 1, sizeof(*r->shown));
    if (!r->shown)
        goto out;
    good = recorded_show_next_run(r, false);
out:
    globfree(&found);
    if (good)
        return r;
    recorded_free(r);
    return NULL;
}

void recorded_free(struct recorded *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_files; i++)
        free(r->files[i]);
    free(r->files);
    free(r->items);
    free(r->shown);
    free(r);
}

size_t recorded_size(const struct recorded *r)
{
    return r->n_shown;
}

int64_t recorded_announced(const struct recorded *r)
{
    return r->announced;
}

int64_t recorded_created_at(const struct recorded *r, size_t index)
{
    return r->shown[index].created_at;
}

int recorded_append(const struct recorded *r, size_t index, struct evbuffer *out)
{
    return evbuffer_add(out, r->shown[index].text.at, r->shown[index].text.len);
}
