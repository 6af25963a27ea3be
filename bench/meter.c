/* SPDX-License-Identifier: MIT */
/* CPU times come from /proc and the WAL from the server's position in it, before and after. */
#include "meter.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db.h"
#include "report.h"

double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void sleep_s(double s)
{
    struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - floor(s)) * 1e9)};
    nanosleep(&t, NULL);
}

/* Fields 4 and 14 to 17 of /proc/PID/stat. */
struct stat_fields {
    long parent;
    unsigned long own;
    long reaped;
};

static int read_stat(const char *pid, struct stat_fields *fields)
{
    char path[64], text[1024];
    unsigned long user, system;
    long user_reaped, system_reaped;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    size_t len = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[len] = '\0';
    const char *rest = strrchr(text, ')');
    if (rest == NULL ||
        sscanf(rest + 2, "%*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
               &fields->parent, &user, &system, &user_reaped, &system_reaped) != 5)
        return 0;
    fields->own = user + system;
    fields->reaped = user_reaped + system_reaped;
    return 1;
}

/* Ticks of the running children of a process. */
static unsigned long children(long parent)
{
    struct stat_fields fields;
    unsigned long ticks = 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        die("no /proc");
    for (struct dirent *e; (e = readdir(proc)) != NULL;)
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && read_stat(e->d_name, &fields) &&
            fields.parent == parent)
            ticks += fields.own;
    closedir(proc);
    return ticks;
}

double server_cpu(PGconn *conn)
{
    struct stat_fields fields, after;
    unsigned long ticks;
    char backend[24], postmaster[24];
    snprintf(backend, sizeof backend, "%d", PQbackendPID(conn));
    if (!read_stat(backend, &fields))
        die("the server's processes are not on this machine");
    long parent = fields.parent;
    snprintf(postmaster, sizeof postmaster, "%ld", parent);
    if (!read_stat(postmaster, &after))
        die("the server has ended");
    /* A child that ends between the looks at the server and at its children is seen by neither, or,
     * the other way round, by both. */
    do {
        fields = after;
        ticks = children(parent);
        if (!read_stat(postmaster, &after))
            die("the server has ended");
    } while (after.reaped != fields.reaped);
    return ((double)ticks + (double)after.own + (double)after.reaped) /
           (double)sysconf(_SC_CLK_TCK);
}

double process_cpu(pid_t pid)
{
    struct stat_fields fields;
    char text[24];
    snprintf(text, sizeof text, "%d", (int)pid);
    if (!read_stat(text, &fields))
        die("a process of the measurement is gone");
    return (double)fields.own / (double)sysconf(_SC_CLK_TCK);
}

double own_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double wal_position(PGconn *conn)
{
    return db_number(conn, "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')");
}

struct meter meter_start(PGconn *conn)
{
    struct meter meter = {.conn = conn, .wal = wal_position(conn), .cpu_s = server_cpu(conn)};
    meter.start_s = seconds();
    return meter;
}

struct usage meter_stop(const struct meter *meter)
{
    struct usage usage = {.s = seconds() - meter->start_s};
    usage.cpu_s = server_cpu(meter->conn) - meter->cpu_s;
    usage.wal = wal_position(meter->conn) - meter->wal;
    return usage;
}
