/* SPDX-License-Identifier: MIT */
/* Makes the nth allocation of a stretch of code fail; see failalloc.h. Knows nothing of the code.
 */
#include "failalloc.h"

#include <stdatomic.h>
#include <stddef.h>

/* What the linker makes of the wrapped names. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static long round_no;     /* 1 in the first round */
static atomic_long count; /* allocations since the round was armed */
static atomic_bool armed;
static atomic_bool reached;

void failalloc_start(void)
{
    round_no = 0;
    atomic_store(&armed, false);
    atomic_store(&reached, true);
}

bool failalloc_next(void)
{
    if (!atomic_load(&reached)) {
        atomic_store(&armed, false);
        return false;
    }
    round_no++;
    atomic_store(&count, 0);
    atomic_store(&reached, false);
    atomic_store(&armed, true);
    return true;
}

void failalloc_off(void)
{
    atomic_store(&armed, false);
}

long failalloc_round(void)
{
    return round_no;
}

bool failalloc_hit(void)
{
    return atomic_load(&reached);
}

void failalloc_count(void)
{
    round_no = 0; /* no allocation has this number */
    atomic_store(&count, 0);
    atomic_store(&armed, true);
}

long failalloc_counted(void)
{
    return atomic_load(&count);
}

static bool fails(void)
{
    if (!atomic_load(&armed) || atomic_fetch_add(&count, 1) + 1 != round_no)
        return false;
    atomic_store(&reached, true);
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return fails() ? NULL : __real_reallocarray(p, n, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : __real_strndup(s, n);
}
