/* SPDX-License-Identifier: MIT */
/* jsonscan.h: checks JSON text byte by byte before anybody relies on it; builds no tree. */
#ifndef SYNC_JSONSCAN_H
#define SYNC_JSONSCAN_H

#include <stddef.h>

enum {
    JSON_MAX_DEPTH = 100,   /* of arrays and objects within each other */
    JSON_MAX_EXPONENT = 400 /* of a number; jsonb would write 1e100000 out in full */
};

enum json_fault {
    JSON_FINE = 0,
    JSON_BROKEN,    /* not JSON, or cut off */
    JSON_ENCODING,  /* not UTF-8 */
    JSON_SURROGATE, /* half of a \u pair without its other half */
    JSON_DEPTH,     /* nested deeper than JSON_MAX_DEPTH */
    JSON_NUMBER     /* an exponent beyond JSON_MAX_EXPONENT */
};

/* Checks a whole text (RFC 8259, one value) and removes each escaped U+0000, which PostgreSQL
 * cannot store, in place.
 *   text, len  the bytes; *len shrinks by 6 for each one removed, the rest moves up
 *   removed    how many were
 *   offset     of the fault, in bytes of the text as given */
enum json_fault json_scan(char *text, size_t *len, size_t *removed, size_t *offset);

/* "is not valid JSON", "holds invalid UTF-8" ... Static text. */
const char *json_fault_text(enum json_fault fault);

/* The length of the UTF-8 character that text begins with, or 0 if that is none. len > 0. */
size_t json_character(const char *text, size_t len);

#endif
