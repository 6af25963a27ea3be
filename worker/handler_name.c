/* SPDX-License-Identifier: MIT */
/*
 * handler_name.c: takes the value of handler = KIND:REST apart. Knows no section and judges
 * nothing.
 */
#include "handler_name.h"

#include <string.h>

struct handler_name handler_name_parse(const char *value)
{
    struct handler_name name = {HANDLER_UNKNOWN, value, 0, ""};
    if (strncmp(value, "exec:", 5) == 0) {
        name.kind = HANDLER_EXEC;
        name.rest = value + 5 + strspn(value + 5, " ");
    } else if (strncmp(value, "http:", 5) == 0) {
        name.kind = HANDLER_HTTP;
        name.rest = value + 5;
    } else if (strncmp(value, "module:", 7) == 0) {
        name.kind = HANDLER_MODULE;
        name.rest = value + 7;
        const char *colon = strrchr(name.rest, ':');
        name.file_len = colon != NULL ? (size_t)(colon - name.rest) : strlen(name.rest);
        name.function = colon != NULL ? colon + 1 : "";
    }
    return name;
}
