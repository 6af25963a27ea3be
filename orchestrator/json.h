/* SPDX-License-Identifier: MIT */
/* json.h: reads single facts out of JSON text; the door to cJSON. Numbers pass through a double, so
 * ids and amounts are not read here: the text itself goes to PostgreSQL, where numbers are exact.
 */
#ifndef SYNC_JSON_H
#define SYNC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;      /* a parsed text, owned */
struct json_node; /* a value in it; borrows: until json_free */

/* Parses a text that json_scan found fine, or any other: what json_scan refuses is refused here,
 * too. message  may be NULL; why not, with the offset, and no part of the text Returns owned: free
 * with json_free. NULL: not valid, or out of memory. */
struct json *json_parse(const char *text, size_t len, char *message, size_t message_size);

/* Wipes all strings and frees. NULL is allowed. */
void json_free(struct json *json);

const struct json_node *json_root(const struct json *json);

/* The value at a path of object names like "meta.errorType" below a node; NULL: there is none. */
const struct json_node *json_at(const struct json_node *node, const char *path);

bool json_is_object(const struct json_node *node);
bool json_is_array(const struct json_node *node);

/* The text of a string, or NULL if it is none. Borrows: until json_free. */
const char *json_string(const struct json_node *node);

/* Reads a whole number within +-2^53. Answers false for everything else. */
bool json_integer(const struct json_node *node, int64_t *out);

/* Number of members of an object or array, else 0. */
size_t json_count(const struct json_node *node);

/* The members of an object or array in their order; NULL beyond the last. The name is NULL in an
 * array. */
const struct json_node *json_first(const struct json_node *node);
const struct json_node *json_next(const struct json_node *node);
const char *json_name(const struct json_node *node);

/* Writes text as a JSON string in quotes: bytes that are no UTF-8 become '?', what does not fit is
 * cut off between characters. size >= 3. Returns the length. */
size_t json_quote(const char *text, char *out, size_t size);

#endif
