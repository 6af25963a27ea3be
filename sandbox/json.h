/* SPDX-License-Identifier: MIT */
/* The door to JSON: checks it with cJSON, cuts the original text of members and elements out of it.
 */
#ifndef SANDBOX_JSON_H
#define SANDBOX_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;

/* A piece of somebody else's text, not NUL-terminated, valid as long as that text. */
struct slice {
    const char *at;
    size_t len;
};

bool json_is_valid(struct slice text);

/* The cutters below take text that json_is_valid() accepted. */

/* The value of the first member of that name; the name is compared as spelled. */
bool json_member(struct slice object, const char *name, struct slice *out);

/* The elements of an array one by one: *rest starts as the array, and is consumed. */
bool json_next_element(struct slice *rest, struct slice *out);

bool json_integer(struct slice value, int64_t *out);

/* The value is a string without escapes: the part between the quotes. */
bool json_plain_string(struct slice value, struct slice *out);

/* Calls each(user, name, value as text) for the scalar members of an object. False when the text is
 * no object, or holds anything but scalars. */
bool json_each_scalar(struct slice text,
                      void (*each)(void *user, const char *name, const char *value), void *user);

/* Appends text (UTF-8) as the inside of a JSON string, without the quotes. ascii: everything above
 * 0x7e becomes \uXXXX, in surrogate pairs where needed; otherwise slashes are escaped instead. */
void json_add_escaped(struct evbuffer *out, const char *utf8, bool ascii);

/* The length of text (UTF-8) in UTF-16 units. */
int json_utf16_length(const char *utf8);

#endif
