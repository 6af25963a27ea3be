/* SPDX-License-Identifier: MIT */
/*
 * config_load.c: reads the configuration from its file and checks it as far as that goes without a
 * database and without loading a module.
 */
#include "config_load.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_check.h"
#include "conninfo.h"
#include "ini.h"
#include "nearest.h"

enum { VALUE_MAX = 64 * 1024, MISTAKES_MAX = 50 };

struct load {
    struct config *config;
    struct config_section *section; /* that entries go to; NULL: before the first, or a wrong one */
    int skip;                       /* entries belong to a wrong section, which was reported */
    config_report_fn *report;
    void *user;
    int mistakes;
};

static int mistake(void *user, int line, const char *message)
{
    struct load *load = user;
    char text[1024];
    snprintf(text, sizeof text, "%s:%d: %s", load->config->path, line, message);
    load->report(load->user, text);
    return ++load->mistakes >= MISTAKES_MAX;
}

static int mistakef(struct load *load, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int mistakef(struct load *load, int line, const char *format, ...)
{
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mistake(load, line, text);
}

static const char *kind_item(const void *list, size_t index)
{
    const struct section_kind *kinds = list;
    return kinds[index].name;
}

/* The index-th key of the section called list. */
static const char *key_item(const void *list, size_t index)
{
    const struct key *key = keys;
    for (; key->name != NULL; key++)
        if (strcmp(key->section, list) == 0 && index-- == 0)
            return key->name;
    return NULL;
}

/* Adds "word" or "word NAME" to a list for a message; what does not fit is cut off. */
static void add_word(char *list, size_t size, const char *word, const char *name)
{
    size_t used = strlen(list);
    snprintf(list + used, size - used, "%s%s%s%s", used > 0 ? ", " : "", word,
             name != NULL ? " " : "", name != NULL ? name : "");
}

static int unknown_section(struct load *load, int line, const char *kind)
{
    const char *near = nearest(kind, kind_item, section_kinds);
    char list[512] = "";
    load->skip = 1;
    if (near != NULL)
        return mistakef(load, line, "unknown section [%s]; did you mean [%s]?", kind, near);
    for (const struct section_kind *k = section_kinds; k->name != NULL; k++)
        add_word(list, sizeof list, k->name, k->named);
    return mistakef(load, line, "unknown section [%s]; there are %s", kind, list);
}

static int unknown_key(struct load *load, int line, const char *name)
{
    const char *kind = load->section->kind->name;
    const char *near = nearest(name, key_item, kind);
    char list[512] = "";
    if (near != NULL)
        return mistakef(load, line, "unknown key \"%s\" in [%s]; did you mean \"%s\"?", name, kind,
                        near);
    for (size_t i = 0; key_item(kind, i) != NULL; i++)
        add_word(list, sizeof list, key_item(kind, i), NULL);
    return mistakef(load, line, "unknown key \"%s\" in [%s]; there are %s", name, kind, list);
}

static int on_section(void *user, int line, const char *kind_name, const char *name)
{
    struct load *load = user;
    const struct section_kind *kind = section_kind_find(kind_name);
    struct config_section **last = &load->config->sections;
    load->section = NULL;
    load->skip = 1;
    if (kind == NULL)
        return unknown_section(load, line, kind_name);
    if (kind->named != NULL && name[0] == '\0')
        return mistakef(load, line, "[%s] needs a name: [%s NAME]", kind_name, kind_name);
    if (kind->named == NULL && name[0] != '\0')
        return mistakef(load, line, "[%s] has no name: write [%s]", kind_name, kind_name);
    for (; *last != NULL; last = &(*last)->next)
        if ((*last)->kind == kind && strcmp((*last)->name, name) == 0)
            return mistakef(load, line, "[%s%s%s] is already there, in line %d", kind_name,
                            name[0] != '\0' ? " " : "", name, (*last)->line);
    struct config_section *section = calloc(1, sizeof *section);
    if (section == NULL || (section->name = strdup(name)) == NULL) {
        free(section);
        return -1;
    }
    section->kind = kind;
    section->line = line;
    *last = section;
    load->section = section;
    load->skip = 0;
    return 0;
}

/* A path in its one form is absolute. */
static char *copy_value(const struct config *config, const struct key *key, const char *value)
{
    size_t size = strlen(config->folder) + strlen(value) + 2;
    if (!(key->flags & KEY_PATH) || value[0] == '/')
        return strdup(value);
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s/%s", config->folder, value);
    return path;
}

static int add_entry(struct load *load, int line, const struct key *key, const char *text,
                     const char *value)
{
    struct config_entry **last = &load->section->entries;
    for (; *last != NULL; last = &(*last)->next)
        if ((*last)->key == key)
            return mistakef(load, line, "\"%s\" is already given in line %d", key->name,
                            (*last)->line);
    struct config_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return -1;
    *last = entry;
    entry->key = key;
    entry->line = line;
    entry->text = strdup(text);
    entry->value = copy_value(load->config, key, value);
    return entry->text == NULL || entry->value == NULL ? -1 : 0;
}

static int on_entry(void *user, int line, const char *name, const char *text)
{
    struct load *load = user;
    char why[256];
    if (load->skip)
        return 0;
    if (load->section == NULL)
        return mistakef(load, line, "\"%s\" stands before the first [section]", name);
    const struct key *key = key_find(load->section->kind->name, name);
    if (key == NULL)
        return unknown_key(load, line, name);
    char *value = malloc(VALUE_MAX);
    if (value == NULL)
        return -1;
    int rc = 0;
    if (value_check(&key->rule, text, value, VALUE_MAX, why, sizeof why) != 0)
        rc = mistakef(load, line, "%s = %.80s: %s", name,
                      key->flags & KEY_SECRET        ? "***"
                      : key->rule.type == VALUE_JSON ? "..." /* a payload is told to nobody */
                                                     : text,
                      why);
    else
        rc = add_entry(load, line, key, text, value);
    free(value);
    return rc;
}

/* The whole file as text; returns owned: free. NULL with errno. */
static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *text = malloc(INI_TEXT_MAX + 2);
    if (text != NULL) {
        *len = fread(text, 1, INI_TEXT_MAX + 1, file);
        if (ferror(file)) { /* of a folder, for instance */
            int error = errno;
            free(text);
            text = NULL;
            errno = error;
        }
    }
    fclose(file);
    return text;
}

static int find_folder(struct config *config)
{
    char real[PATH_MAX];
    if (realpath(config->path, real) == NULL)
        return -1;
    char *slash = strrchr(real, '/');
    slash[slash == real ? 1 : 0] = '\0';
    config->folder = strdup(real);
    return config->folder == NULL ? -1 : 0;
}

static int load_text(struct load *load)
{
    static const struct ini_events events = {on_section, on_entry, mistake};
    struct config *config = load->config;
    size_t len = 0;
    char *text = read_file(config->path, &len);
    if (text == NULL || find_folder(config) != 0) {
        char message[PATH_MAX + 128];
        snprintf(message, sizeof message, "%s: cannot read the configuration: %s", config->path,
                 strerror(errno));
        load->report(load->user, message);
        free(text);
        return ++load->mistakes;
    }
    int rc = ini_parse(text, len, &events, load);
    free(text);
    if (rc < 0)
        return rc;
    if (load->mistakes > 0)
        return load->mistakes;
    config->conninfo = conninfo_make(config_section(config, "database", 0));
    if (config->conninfo == NULL)
        return -1;
    config_check(config, mistake, load);
    return load->mistakes;
}

int config_load(const char *path, config_report_fn *report, void *user, struct config **out)
{
    struct config *config = calloc(1, sizeof *config);
    struct load load = {.config = config, .report = report, .user = user};
    int rc = -1;
    if (config != NULL && (config->path = strdup(path)) != NULL)
        rc = load_text(&load);
    if (rc < 0)
        report(user, "out of memory while reading the configuration");
    if (rc == 0)
        *out = config;
    else
        config_free(config);
    return rc < 0 ? 1 : rc;
}
