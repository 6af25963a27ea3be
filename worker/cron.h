/* SPDX-License-Identifier: MIT */
/*
 * cron.h: whether the database would take a cron expression and a time zone, as far as that can be
 * told without it.
 */
#ifndef PGQUEUED_CRON_H
#define PGQUEUED_CRON_H

#include <stddef.h>

/* 0, or -1 with what is wrong. */
int cron_check(const char *text, char *why, size_t why_size);

/* The same of a zone's name: of its form only, the names are the database's business. */
int cron_zone_check(const char *name, char *why, size_t why_size);

#endif
