/* SPDX-License-Identifier: MIT */
/*
 * notify.h: tells the service manager how the daemon is, by the protocol of sd_notify(3). Does
 * nothing where there is none.
 */
#ifndef PGQUEUED_NOTIFY_H
#define PGQUEUED_NOTIFY_H

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC and takes them out of the environment. Once, at start. */
void notify_init(void);

/* How often notify("WATCHDOG=1") is wanted, in milliseconds; 0: not at all. */
int notify_watchdog_ms(void);

/* Sends lines like "READY=1\nSTATUS=2 workers ready". */
void notify(const char *lines);

/* RELOADING=1 with the time that systemd wants beside it. */
void notify_reloading(void);

#endif
