/* SPDX-License-Identifier: MIT */
/*
 * jsontext.h: whether a text is a JSON value. Builds nothing of it.
 */
#ifndef PGQUEUED_JSONTEXT_H
#define PGQUEUED_JSONTEXT_H

/* The place of the first mistake, or NULL if the text is one JSON value that the database can
 * store. */
const char *jsontext_mistake(const char *text);

#endif
