/* SPDX-License-Identifier: MIT */
/*
 * module.c: opens handler modules, the shared objects of handler = module:FILE.so:NAME. Knows no
 * queue and no configuration.
 */
#include "module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *module_folder(void)
{
    const char *folder = getenv("PGQUEUE_MODULE_DIR");
    return folder != NULL && folder[0] != '\0' ? folder : PKGLIBDIR;
}

static int find_in(const char *folder, const char *file, char *real)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return realpath(path, real) == NULL ? -1 : 0;
}

/* real: PATH_MAX bytes. */
static int find(const char *file, const char *folder, char *real, char *why, size_t why_size)
{
    if (file[0] == '/') {
        if (realpath(file, real) != NULL)
            return 0;
        snprintf(why, why_size, "cannot open the module %s: %s", file, strerror(errno));
        return -1;
    }
    if ((folder != NULL && find_in(folder, file, real) == 0) ||
        find_in(module_folder(), file, real) == 0)
        return 0;
    if (folder != NULL)
        snprintf(why, why_size, "there is no module %s in %s or %s", file, folder, module_folder());
    else
        snprintf(why, why_size, "there is no module %s in %s", file, module_folder());
    return -1;
}

static int check_one(const char *path, const char *what, char *why, size_t why_size)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        snprintf(why, why_size, "cannot look at %s: %s", path, strerror(errno));
        return -1;
    }
    if (st.st_mode & S_IWOTH) {
        snprintf(why, why_size,
                 "%s %s can be changed by every user, so its code is not run: chmod o-w %s", what,
                 path, path);
        return -1;
    }
    return 0;
}

/* Who can write the folder can put another file there. */
static int check_rights(const char *path, char *why, size_t why_size)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = '\0';
    if (check_one(folder, "the module's folder", why, why_size) != 0)
        return -1;
    return check_one(path, "the module", why, why_size);
}

static int check_entry(const char *path, const pgqueue_module *entry, char *why, size_t why_size)
{
    if (entry == NULL) {
        snprintf(why, why_size, "%s is no handler module: it has no symbol pgqueue_module_entry",
                 path);
        return -1;
    }
    if (entry->abi != PGQUEUE_MODULE_ABI) {
        snprintf(why, why_size,
                 "the module %s was built for module ABI %u, this pgqueued has ABI %u: build it "
                 "anew with the pgqueue.h of this version",
                 path, (unsigned)entry->abi, (unsigned)PGQUEUE_MODULE_ABI);
        return -1;
    }
    return 0;
}

int module_open(const char *file, const char *folder, struct module **out, char *why,
                size_t why_size)
{
    char path[PATH_MAX];
    if (find(file, folder, path, why, why_size) != 0 || check_rights(path, why, why_size) != 0)
        return -1;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        snprintf(why, why_size, "cannot load the module: %s", dlerror());
        return -1;
    }
    const pgqueue_module *entry = dlsym(handle, "pgqueue_module_entry");
    struct module *module = NULL;
    int rc = check_entry(path, entry, why, why_size);
    if (rc == 0) {
        module = calloc(1, sizeof *module);
        if (module == NULL || (module->path = strdup(path)) == NULL) {
            snprintf(why, why_size, "out of memory");
            rc = -1;
        }
    }
    if (rc != 0) {
        free(module);
        dlclose(handle);
        return -1;
    }
    module->entry = entry;
    *out = module;
    return 0;
}

const pgqueue_module_handler *module_handler(const struct module *module, const char *name,
                                             char *why, size_t why_size)
{
    char list[512] = "";
    size_t used = 0;
    const pgqueue_module_handler *handler = module->entry->handlers;
    for (; handler != NULL && handler->name != NULL; handler++) {
        if (strcmp(handler->name, name) == 0)
            return handler;
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                                     handler->name);
    }
    snprintf(why, why_size, "the module %s has no handler \"%s\"; it has %s", module->path, name,
             used > 0 ? list : "none");
    return NULL;
}

int module_load(struct module *module, const pgqueue_host *host, char *why, size_t why_size)
{
    pgqueue_error error = {0};
    if (module->entry->load == NULL || module->loaded)
        return 0;
    if (module->entry->load(host, &module->state, &error) != 0) {
        snprintf(why, why_size, "the module %s does not start: %s",
                 module->entry->name != NULL ? module->entry->name : module->path,
                 error.message[0] != '\0' ? error.message : "it does not say why");
        return -1;
    }
    module->loaded = 1;
    return 0;
}

void module_close(struct module *module)
{
    if (module == NULL)
        return;
    if (module->loaded && module->entry->unload != NULL)
        module->entry->unload(module->state);
    /* It stays mapped: what it registered with atexit, and its threads' destructors, lie there. */
    free(module->path);
    free(module);
}
