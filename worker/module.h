/* SPDX-License-Identifier: MIT */
/*
 * module.h: opens handler modules, the shared objects of handler = module:FILE.so:NAME. Knows no
 * queue and no configuration.
 */
#ifndef PGQUEUED_MODULE_H
#define PGQUEUED_MODULE_H

#include <stddef.h>

#include <pgqueue.h>

struct module {
    struct module *next;
    char *path; /* absolute, without links */
    const pgqueue_module *entry;
    void *state; /* of its load function */
    int loaded;  /* load was called, unload is due */
};

/* The folder of the modules that are installed with the daemon. Borrows: static, or from
 * PGQUEUE_MODULE_DIR. */
const char *module_folder(void);

/* Finds file (absolute, else looked up in folder, which may be NULL, then in module_folder()),
 * refuses it if others could have changed it, opens it and checks its ABI. out: returns owned, free
 * with module_close. 0, or -1 and why. */
int module_open(const char *file, const char *folder, struct module **out, char *why,
                size_t why_size);

/* The handler of that name, or NULL and why, which lists those that there are. Borrows. */
const pgqueue_module_handler *module_handler(const struct module *module, const char *name,
                                             char *why, size_t why_size);

/* Calls its load function. 0, or -1 and why. */
int module_load(struct module *module, const pgqueue_host *host, char *why, size_t why_size);

/* Calls its unload function, if it was loaded. NULL is allowed. */
void module_close(struct module *module);

#endif
