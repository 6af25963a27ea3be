/* SPDX-License-Identifier: MIT */
/*
 * config.c: the configuration of the daemon in memory: its sections and the values of their keys.
 * Knows neither how it is read nor what is right.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    while (config->sections != NULL) {
        struct config_section *section = config->sections;
        while (section->entries != NULL) {
            struct config_entry *entry = section->entries;
            section->entries = entry->next;
            free(entry->text);
            free(entry->value);
            free(entry);
        }
        config->sections = section->next;
        free(section->name);
        free(section);
    }
    free(config->conninfo);
    free(config->folder);
    free(config->path);
    free(config);
}

const struct config_section *config_section(const struct config *config, const char *kind,
                                            size_t index)
{
    for (struct config_section *s = config->sections; s != NULL; s = s->next)
        if (strcmp(s->kind->name, kind) == 0 && index-- == 0)
            return s;
    return NULL;
}

static const struct config_entry *find_entry(const struct config_section *section, const char *key)
{
    if (section == NULL)
        return NULL;
    for (struct config_entry *e = section->entries; e != NULL; e = e->next)
        if (strcmp(e->key->name, key) == 0)
            return e;
    return NULL;
}

const char *config_value(const struct config_section *section, const char *kind, const char *key)
{
    const struct config_entry *entry = find_entry(section, key);
    if (entry != NULL)
        return entry->value;
    const struct key *known = key_find(kind, key);
    return known != NULL ? known->fallback : NULL;
}

double config_number(const struct config *config, const char *kind, const char *key)
{
    const char *value = config_value(config_section(config, kind, 0), kind, key);
    return value != NULL ? strtod(value, NULL) : 0;
}

int config_line(const struct config_section *section, const char *key)
{
    const struct config_entry *entry = find_entry(section, key);
    return entry != NULL ? entry->line : section->line;
}
