/* SPDX-License-Identifier: MIT */
/*
 * handler_name.h: takes the value of handler = KIND:REST apart. Knows no section and judges
 * nothing.
 */
#ifndef PGQUEUED_HANDLER_NAME_H
#define PGQUEUED_HANDLER_NAME_H

#include <stddef.h>

/* The parts of handler = KIND:REST; rest points into value. "" if it has no kind. */
struct handler_name {
    enum { HANDLER_UNKNOWN, HANDLER_MODULE, HANDLER_EXEC, HANDLER_HTTP } kind;
    const char *rest;     /* the command */
    size_t file_len;      /* of a module: rest is FILE:NAME */
    const char *function; /* NAME */
};
struct handler_name handler_name_parse(const char *value);

#endif
