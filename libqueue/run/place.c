/* SPDX-License-Identifier: MIT */
/* Where in the order of claims queues are looked at next: behind the last key taken, so that the
 * dead entries of all jobs before are not walked over; somewhat before it, because a send has its
 * key before it commits; or from the start. Knows nothing of when claims and polls come. */
#include "run/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/worker.h"

/* A look from the start walks over dead index entries, so the next one waits 20 times as long as it
 * took: such looks cost 5 % at most. The same for looks back. */
#define REST_FACTOR 20

/* But no later than this: what only a look from the start finds waits no longer. Dead entries
 * enough to reach it, 36 million, take a snapshot held open for ten minutes at full speed. */
#define REST_MOST_US 300000000u

/* A send takes its place in the order of claims before it commits. Jobs that came to lie behind
 * the last key taken are looked for by claims that begin so far back, each time half of that has
 * passed: a job whose commit took half of it is found then, however seldom a look from the start
 * comes, and each job's entries are walked over four times. */
static const uint32_t span_us[LATE_LOOKS] = {200000, 4000000};

/* As far back as a claim looks at most, however long ago the last one was. */
#define BACK_MOST_US UINT64_C(86400000000)

/* More places are too many for a statement. */
#define PLACES_MOST 20000

/* What the first look may seem to take. */
#define FIRST_MOST_US 50000u

uint64_t pgqi_place_rest(const struct pgqueue_worker *w, uint64_t sent_us, uint64_t *before_us)
{
    uint64_t first = w->claim.first_us; /* what the rows took to come does not count */
    uint64_t took = first > sent_us ? first - sent_us : 0;
    uint64_t before = *before_us != 0 ? *before_us : FIRST_MOST_US;
    uint64_t rest = REST_FACTOR * (took < before ? took : before);
    *before_us = took;
    return rest < REST_MOST_US ? rest : REST_MOST_US;
}

static int place_count(const struct work_queue *q)
{
    return q->from_start ? 0 : q->position_count;
}

static size_t places_of(struct work_queue *const *queues, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += (size_t)place_count(queues[i]);
    return total;
}

void pgqi_place_choose(struct work_queue *const *queues, size_t count, uint64_t now_us)
{
    for (size_t i = 0; i < count; i++)
        queues[i]->from_start = queues[i]->position_count == 0 || now_us >= queues[i]->rescan_us;
    int too_many = places_of(queues, count) > PLACES_MOST;
    for (size_t i = 0; too_many && i < count; i++)
        queues[i]->from_start = 1;
}

void pgqi_place_names(struct pgqueue_worker *w, struct work_queue *const *queues, size_t count)
{
    struct params *p = &w->claim_params;
    pgqi_param_array(p, OID_TEXT, places_of(queues, count));
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < place_count(queues[i]); k++)
            pgqi_element_text(p, queues[i]->name, strlen(queues[i]->name));
    pgqi_param_array_end(p);
}

/* Times go back as the server printed them, so as text. */
void pgqi_place_keys(struct pgqueue_worker *w, struct work_queue *const *queues, size_t count)
{
    struct params *p = &w->claim_params;
    size_t total = places_of(queues, count), n = 0;
    pgqi_param_array(p, OID_INT4, total);
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < place_count(queues[i]); k++)
            pgqi_element_i32(p, queues[i]->positions[k].rank);
    pgqi_param_array_end(p);
    pgqi_buf_reset(&w->claim_times);
    pgqi_buf_text(&w->claim_times, "{");
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < place_count(queues[i]); k++)
            pgqi_buf_printf(&w->claim_times, "%s\"%s\"", n++ ? "," : "",
                            queues[i]->positions[k].after);
    pgqi_buf_text(&w->claim_times, "}");
    pgqi_param_text(p, w->claim_times.data);
    pgqi_param_array(p, OID_INT8, total);
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < place_count(queues[i]); k++)
            pgqi_element_i64(p, queues[i]->positions[k].after_id);
    pgqi_param_array_end(p);
}

/* Counted from the last such look, and not from now: a worker whose threads were busy meanwhile has
 * not looked. A longer look is a shorter one, too. */
uint32_t pgqi_place_back_ms(struct work_queue *q, uint64_t now_us)
{
    uint64_t back_us = 0;
    for (int i = LATE_LOOKS; i-- > 0;) {
        struct late_look *look = &q->late[i];
        int woken = q->look_far && i == LATE_LOOKS - 1;
        if (back_us == 0 && !q->from_start && !woken && now_us < look->due_us)
            continue;
        if (back_us == 0)
            back_us = span_us[i] / 2 + (now_us - look->looked_us);
        look->looked_us = now_us;
        look->due_us = now_us + span_us[i] / 2;
    }
    q->look_far = 0;
    return (uint32_t)((back_us < BACK_MOST_US ? back_us : BACK_MOST_US) / 1000);
}

/* The place of a rank; NULL: no memory, so that rank is claimed from the start: slower, not wrong.
 */
static struct position *position_of(struct work_queue *q, int32_t rank)
{
    for (int i = 0; i < q->position_count; i++)
        if (q->positions[i].rank == rank)
            return &q->positions[i];
    struct position *grown =
        realloc(q->positions, (size_t)(q->position_count + 1) * sizeof *q->positions);
    if (grown == NULL)
        return NULL;
    q->positions = grown;
    struct position *p = &grown[q->position_count++];
    p->rank = rank;
    p->after[0] = '\0';
    p->after_id = 0;
    return p;
}

/* Whether a job lies behind a place. Times are compared as text, which an hour of daylight saving
 * time can make wrong: then the place stays until the next claim that begins there. */
static int is_behind(const struct pgqueue_job *job, const struct position *p)
{
    int order = strcmp(job->start_after, p->after);
    return order > 0 || (order == 0 && job->id > p->after_id);
}

void pgqi_place_claimed(struct work_queue *q, const struct pgqueue_jobs *batch, int left_some,
                        uint64_t now_us)
{
    if (q->from_start)
        q->rescan_us = now_us + pgqi_place_rest(q->worker, q->claim_us, &q->look_us);
    int looked_back = 0;
    for (int i = 0; i < LATE_LOOKS; i++) {
        struct late_look *look = &q->late[i];
        if (look->looked_us != q->claim_us)
            continue;
        uint64_t due = now_us + pgqi_place_rest(q->worker, q->claim_us, &look->took_us);
        look->due_us = look->due_us > due ? look->due_us : due;
        looked_back = 1;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct pgqueue_job *job = &batch->jobs[i];
        /* They come in the order of claims, so of each priority the last one counts. */
        if (i + 1 < batch->count && batch->jobs[i + 1].priority == job->priority)
            continue;
        /* Back it goes only to go on where the claim was full: not for a single late job, or each
         * look from then on would walk over all that came after it. */
        struct position *p = position_of(q, -job->priority);
        if (p != NULL && (!looked_back || left_some || is_behind(job, p))) {
            snprintf(p->after, sizeof p->after, "%s", job->start_after);
            p->after_id = job->id;
        }
    }
}
