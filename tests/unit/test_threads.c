/* SPDX-License-Identifier: MIT */
/* The pool of threads: every job once, recalls, ends. */
#include "run/threads.h"

#include "tap.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { JOBS = 20000 };
static struct pgqueue_job jobs[JOBS];
static atomic_int runs[JOBS], now, most, slots[8];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void run(void *user, struct pgqueue_job *job, int slot)
{
    int n = atomic_fetch_add(&now, 1) + 1, m = atomic_load(&most);
    while (n > m && !atomic_compare_exchange_weak(&most, &m, n))
        ;
    atomic_fetch_add(&runs[job - jobs], 1);
    atomic_fetch_add(&slots[slot], 1);
    if (user != NULL) {
        pthread_mutex_lock(&gate);
        pthread_mutex_unlock(&gate);
    }
    atomic_fetch_sub(&now, 1);
}

static struct job_list list(int from, int to)
{
    struct job_list l = {NULL, NULL};
    for (int i = from; i < to; i++)
        pgqi_list_push(&l, &jobs[i]);
    return l;
}

static int collect(struct threads *t, int fd, int want)
{
    int got = 0;
    while (got < want) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        eventfd_t v;
        struct job_list l = pgqi_threads_done(t);
        for (struct pgqueue_job *j; (j = pgqi_list_pop(&l)) != NULL;)
            got++;
        if (got < want && poll(&p, 1, 10000) != 1)
            bail("%d of %d jobs, and no bell", got, want);
        if (p.revents)
            eventfd_read(fd, &v);
    }
    return got;
}

int main(void)
{
    struct threads t;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct job_list l = list(0, 3);
    ok(pgqi_list_pop(&l) == &jobs[0] && pgqi_list_pop(&l) == &jobs[1] &&
           pgqi_list_pop(&l) == &jobs[2] && pgqi_list_pop(&l) == NULL,
       "a list is first in, first out");
    pgqi_list_push(&l, &jobs[5]);
    ok(pgqi_list_pop(&l) == &jobs[5], "emptied it can be used again");

    is_int(pgqi_threads_start(&t, 4, fd, run, NULL), 0, "four threads start");
    for (int i = 0; i < JOBS; i += 100) {
        l = list(i, i + 100);
        pgqi_threads_submit(&t, &l);
    }
    is_int(collect(&t, fd, JOBS), JOBS, "all jobs come back, each end rings");
    int wrong = 0, used = 0;
    for (int i = 0; i < JOBS; i++)
        wrong += atomic_load(&runs[i]) != 1;
    for (int i = 0; i < 4; i++)
        used += atomic_load(&slots[i]) > 0;
    is_int(wrong, 0, "each was run once");
    ok(atomic_load(&most) <= 4 && used >= 1, "by no more threads than there are");
    struct job_list none = {NULL, NULL};
    pgqi_threads_submit(&t, &none);
    pgqi_threads_stop(&t, 1);
    pgqi_threads_stop(&t, 1);
    ok(t.thread == NULL, "they stop, once");

    is_int(pgqi_threads_start(&t, 2, fd, run, &t), 0, "two threads start");
    pthread_mutex_lock(&gate);
    l = list(0, 10);
    pgqi_threads_submit(&t, &l);
    while (atomic_load(&now) < 2)
        usleep(100); /* both have one */
    l = pgqi_threads_recall(&t);
    int back = 0;
    for (struct pgqueue_job *j; (j = pgqi_list_pop(&l)) != NULL;)
        back++;
    is_int(back, 8, "what no thread has begun is taken back");
    pthread_mutex_unlock(&gate);
    is_int(collect(&t, fd, 2), 2, "what had begun ends");
    pgqi_threads_stop(&t, 1);
    is_int(pgqi_threads_start(&t, 0, fd, run, NULL), 0, "a pool may have no threads");
    pgqi_threads_stop(&t, 1);
    close(fd);
    return done();
}
