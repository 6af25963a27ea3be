/* SPDX-License-Identifier: MIT */
/* How many jobs a claim asks for: by free threads, by how long jobs take, by the bounds of memory.
 * Knows nothing of claims under way. */
#include "run/demand.h"

#include "run/worker.h"

/* Jobs claimed ahead of free slots cover this much time of the threads. */
#define PREFETCH_US 30000.0

/* Jobs of other queues in the pool that end within this time do not keep a queue from claiming. */
#define SOON_US 500000.0

/* How long a job takes of which none has ended yet: so long that nothing is claimed ahead. */
#define UNKNOWN_US 10000000.0

/* With so many outcomes on their way nothing more is claimed: they are what a crash of this process
 * would have run again, and what its memory holds. */
#define UNSETTLED_MOST (2 * SETTLE_MOST)

/* How long a job of this queue keeps its thread: as the last ones did, those of its handler in
 * other queues while none of its own has ended, and no less than the time in which none of those
 * that are at work has ended. It holds for as long as the queue is away, so one of a thousand
 * queues that take turns claims by the hundred, too. */
static double job_us(const struct work_queue *q, uint64_t now_us)
{
    double us = q->ended_us != 0 ? q->job_us : q->kin->kin_us > 0 ? q->kin->kin_us : UNKNOWN_US;
    uint64_t since = q->ended_us > q->busy_us ? q->ended_us : q->busy_us;
    if (q->handed > 0 && now_us > since && (double)(now_us - since) > us)
        us = (double)(now_us - since);
    return us < 1 ? 1 : us;
}

static double work_of(const struct work_queue *q, uint64_t now_us)
{
    int jobs = q->backlog_count + q->handed;
    return jobs > 0 ? jobs * job_us(q, now_us) : 0;
}

struct pool_load pgqi_pool_load(const struct pgqueue_worker *w, uint64_t now_us)
{
    struct pool_load load = {0, 0};
    for (size_t i = 0; i < w->queue_count; i++) {
        const struct work_queue *q = w->queues[i];
        if (q->on_loop)
            continue;
        load.jobs += q->backlog_count + q->handed;
        load.work_us += work_of(q, now_us);
    }
    return load;
}

/* How many jobs of a queue find a thread soon. The pool is shared: while the jobs of other queues
 * keep its threads for long, what is claimed would only wait here, its time to run going by. */
static int room_in_pool(const struct pgqueue_worker *w, const struct work_queue *mine,
                        const struct pool_load *load, uint64_t now_us)
{
    int others = load->jobs - mine->backlog_count - mine->handed;
    double others_us = load->work_us - work_of(mine, now_us);
    if (others == 0 || others_us < SOON_US * w->pool.count)
        return CLAIM_MOST;
    return w->pool.count - load->jobs;
}

/* Most jobs of one claim, by their size in the last ones. */
static int claim_most(const struct work_queue *q)
{
    if (q->job_bytes <= CLAIM_BYTES / CLAIM_MOST)
        return CLAIM_MOST;
    return q->job_bytes < CLAIM_BYTES ? (int)(CLAIM_BYTES / q->job_bytes) : 1;
}

int pgqi_demand(const struct pgqueue_worker *w, const struct work_queue *q,
                const struct pool_load *load, uint64_t now_us)
{
    int slots = q->on_loop || q->concurrency < w->pool.count ? q->concurrency : w->pool.count;
    int have = q->backlog_count + q->handed;
    if (w->outcome_count + w->settling_count >= UNSETTLED_MOST ||
        w->output_bytes - w->put_off_bytes >= OUTPUT_BYTES)
        return 0;
    if (q->put_off > slots || (q->put_off > 0 && w->put_off_bytes >= OUTPUT_BYTES))
        return 0; /* what ends there cannot be settled for now */
    int ahead = 0, full = w->held_bytes >= HELD_BYTES;
    if (w->options.prefetch != 0 && !q->on_loop && !full) {
        double jobs = PREFETCH_US * slots / job_us(q, now_us);
        ahead = jobs > CLAIM_MOST ? CLAIM_MOST : (int)jobs;
    }
    if (ahead > slots && have > slots + ahead / 2)
        return 0; /* enough for now: a few large claims beat many small ones */
    int n = slots + ahead - have;
    if (!q->on_loop) {
        int room = room_in_pool(w, q, load, now_us);
        n = n < room ? n : room;
    }
    if (w->options.max_jobs > 0 && n > w->options.max_jobs - w->claimed_total)
        n = (int)(w->options.max_jobs - w->claimed_total);
    int most = full ? 1 : claim_most(q);
    return n > most ? most : n;
}
