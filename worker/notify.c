/* SPDX-License-Identifier: MIT */
/*
 * notify.c: tells the service manager how the daemon is, by the protocol of sd_notify(3).
 */
#include "notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un address;
static socklen_t address_len; /* 0: nobody listens */
static int watchdog_ms;

static void read_socket(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path != NULL ? strlen(path) : 0;
    if (len < 2 || len >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* the abstract namespace */
    address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void notify_init(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    read_socket();
    if (usec != NULL && (pid == NULL || strtol(pid, NULL, 10) == getpid())) {
        long long ms = strtoll(usec, NULL, 10) / 2000;
        watchdog_ms = ms < 1 ? 0 : ms > 3600000 ? 3600000 : (int)ms;
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

int notify_watchdog_ms(void)
{
    return watchdog_ms;
}

void notify(const char *lines)
{
    if (address_len == 0)
        return;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* A manager that does not read must not stop the loop; the next message says it again. */
    (void)!sendto(fd, lines, strlen(lines), MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&address, address_len);
    close(fd);
}

void notify_reloading(void)
{
    struct timespec ts;
    char text[80];
    clock_gettime(CLOCK_MONOTONIC, &ts);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
    notify(text);
}
