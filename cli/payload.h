/* SPDX-License-Identifier: MIT */
/* payload.h: how much the command line reads before it asks the database, whose own limit is lower
 * and decides. */
#ifndef CLI_PAYLOAD_H
#define CLI_PAYLOAD_H

/* Bytes of one payload as text. */
#define PAYLOAD_MAX ((size_t)64 * 1024 * 1024)

#endif
