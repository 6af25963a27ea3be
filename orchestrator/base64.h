/* SPDX-License-Identifier: MIT */
/* base64.h: strict base64 (RFC 4648, section 4); knows nothing of what it carries. */
#ifndef SYNC_BASE64_H
#define SYNC_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* Characters needed for n bytes, without a terminator. */
#define BASE64_LENGTH(n) (((n) + 2) / 3 * 4)

/* Writes BASE64_LENGTH(len) characters and a NUL to out. Returns the characters written. */
size_t base64_encode(const unsigned char *data, size_t len, char *out);

/* Decodes the whole text: the alphabet only, padding where it belongs, unused bits zero.
 *   out  room for len / 4 * 3 bytes
 * Returns the bytes written, or -1. */
ssize_t base64_decode(const char *text, size_t len, unsigned char *out);

#endif
