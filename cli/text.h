/* SPDX-License-Identifier: MIT */
/* text.h: UTF-8 text on its way to a person's terminal or to a JSON reader. It does not know where
 * the text comes from. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "buffer.h"

#include <stddef.h>

/* 1 if the bytes are UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
int text_is_utf8(const char *text, size_t len);

/* Adds text for a terminal: control characters, terminal escapes (C0, C1), marks that change the
 * direction or the line, and bytes that are not UTF-8 appear as \n, \x1b or \u202e. With lines = 1
 * a newline stays one. */
void text_for_terminal(struct buffer *out, const char *text, size_t len, int lines);

/* The number of terminal columns that text takes, which text_for_terminal has made. */
size_t text_columns(const char *text);

/* Adds JSON text that the server wrote, with the characters that a terminal would obey (DEL, C1,
 * direction marks) escaped: they can only stand inside strings. */
void text_for_json(struct buffer *out, const char *json, size_t len);

#endif
