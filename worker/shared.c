/* SPDX-License-Identifier: MIT */
/*
 * shared.c: the memory that a worker process shares with its supervisor. Knows neither how it dies
 * nor what is made of the numbers.
 */
#include "shared.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

struct shared_page *shared_new(void)
{
    void *page = mmap(NULL, sizeof(struct shared_page), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : page; /* zeroed by the kernel */
}

void shared_free(struct shared_page *page)
{
    if (page != NULL)
        munmap(page, sizeof *page);
}

int64_t shared_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The slot of a job on the loop, or the first free one from where it would be: `job` finds, 0
 * searches a free one. Only the loop's thread writes these. */
static struct shared_slot *loop_slot(struct shared_page *page, int64_t from, int64_t job)
{
    for (uint64_t i = 0; i < SHARED_LOOP; i++) {
        struct shared_slot *slot =
            &page->slots[SHARED_THREADS + ((uint64_t)from + i) % SHARED_LOOP];
        if (atomic_load_explicit(&slot->job, memory_order_relaxed) == job)
            return slot;
    }
    return NULL;
}

struct shared_slot *shared_start(struct shared_page *page, int slot, int64_t job)
{
    struct shared_slot *own = slot >= 0 && slot < SHARED_THREADS ? &page->slots[slot]
                              : slot < 0                         ? loop_slot(page, job, 0)
                                                                 : NULL;
    if (own != NULL)
        atomic_store(&own->job, job);
    return own;
}

void shared_finish(struct shared_page *page, int slot, int64_t job)
{
    struct shared_slot *own = slot >= 0 && slot < SHARED_THREADS ? &page->slots[slot]
                              : slot < 0                         ? loop_slot(page, job, job)
                                                                 : NULL;
    if (own != NULL)
        atomic_store(&own->job, 0);
}

void shared_group(struct shared_page *page, pid_t group, int alive)
{
    /* Groups that begin announce themselves, two at once as well. */
    for (size_t i = 0; i < SHARED_GROUPS; i++) {
        pid_t before = alive ? 0 : group;
        if (atomic_compare_exchange_strong(&page->groups[i], &before, alive ? group : 0))
            return;
    }
}

static unsigned hash(const char *name)
{
    unsigned h = 2166136261u; /* FNV-1a */
    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

struct shared_queue *shared_queue(struct shared_page *page, const char *name)
{
    enum { NAMED = SHARED_QUEUES - 1 }; /* the last one is for all that find no place */
    unsigned at = hash(name) % NAMED;
    for (unsigned i = 0; i < NAMED; i++) {
        struct shared_queue *queue = &page->queues[(at + i) % NAMED];
        int state = 0;
        if (atomic_load_explicit(&queue->state, memory_order_acquire) == 0 &&
            atomic_compare_exchange_strong(&queue->state, &state, 1)) {
            snprintf(queue->name, sizeof queue->name, "%s", name);
            atomic_store_explicit(&queue->state, 2, memory_order_release);
            return queue;
        }
        while (atomic_load_explicit(&queue->state, memory_order_acquire) == 1)
            continue; /* another thread is copying the name, a few nanoseconds */
        if (strncmp(queue->name, name, sizeof queue->name - 1) == 0)
            return queue;
    }
    struct shared_queue *other = &page->queues[NAMED];
    int state = 0;
    if (atomic_compare_exchange_strong(&other->state, &state, 1)) {
        snprintf(other->name, sizeof other->name, "(other)");
        atomic_store_explicit(&other->state, 2, memory_order_release);
    }
    return other;
}

void shared_set_text(struct shared_page *page, const char *text)
{
    atomic_fetch_add(&page->text_version, 1);
    snprintf(page->text, sizeof page->text, "%s", text);
    atomic_fetch_add(&page->text_version, 1);
}

void shared_get_text(const struct shared_page *page, char *out)
{
    /* A process that died in the middle of it leaves half a text, which is good enough. */
    for (int i = 0; i < 100; i++) {
        unsigned before = atomic_load(&page->text_version);
        memcpy(out, page->text, sizeof page->text);
        out[sizeof page->text - 1] = '\0';
        if (before % 2 == 0 && atomic_load(&page->text_version) == before)
            return;
    }
}

void shared_add(struct shared_page *sum, const struct shared_page *page)
{
    atomic_fetch_add(&sum->settled, atomic_load(&page->settled));
    for (size_t i = 0; i < SHARED_QUEUES; i++) {
        const struct shared_queue *from = &page->queues[i];
        if (atomic_load(&from->state) != 2)
            continue;
        struct shared_queue *to = shared_queue(sum, from->name);
        atomic_fetch_add(&to->claimed, atomic_load(&from->claimed));
        atomic_fetch_add(&to->started, atomic_load(&from->started));
        atomic_fetch_add(&to->lost, atomic_load(&from->lost));
        atomic_fetch_add(&to->duration_us, atomic_load(&from->duration_us));
        for (size_t k = 0; k < SHARED_OUTCOMES; k++)
            atomic_fetch_add(&to->finished[k], atomic_load(&from->finished[k]));
    }
}

size_t shared_jobs(const struct shared_page *page, int64_t *started, int64_t *culprits,
                   size_t *culprit_count)
{
    size_t n = 0, guilty = 0;
    for (size_t i = 0; i < SHARED_SLOTS; i++) {
        int64_t job = atomic_load(&page->slots[i].job);
        if (job == 0)
            continue;
        started[n++] = job;
        if (atomic_load(&page->slots[i].culprit))
            culprits[guilty++] = job;
    }
    *culprit_count = guilty;
    return n;
}
