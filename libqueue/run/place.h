/* SPDX-License-Identifier: MIT */
/* Where in the order of claims queues are looked at next. */
#ifndef PGQI_RUN_PLACE_H
#define PGQI_RUN_PLACE_H

#include <stddef.h>
#include <stdint.h>

struct pgqueue_jobs;
struct pgqueue_worker;
struct work_queue;

/* Decides of each queue whether the statement to come looks at it from the start (from_start). */
void pgqi_place_choose(struct work_queue *const *queues, size_t count, uint64_t now_us);

/* Parameters: the queue of each place where the others are looked at; and priority, time and id of
 * each, three arrays. */
void pgqi_place_names(struct pgqueue_worker *w, struct work_queue *const *queues, size_t count);
void pgqi_place_keys(struct pgqueue_worker *w, struct work_queue *const *queues, size_t count);

/* How far back from now the claim that is sent now looks, in ms; 0: it begins at its place. */
uint32_t pgqi_place_back_ms(struct work_queue *q, uint64_t now_us);

/* A claim was answered with these jobs, and may have left some: where the next one begins, and when
 * one may look from the start, or so far back, again. */
void pgqi_place_claimed(struct work_queue *q, const struct pgqueue_jobs *batch, int left_some,
                        uint64_t now_us);

/* How long to leave a look alone that was sent then and has just been answered, in us. Of this one
 * and the one before, which it keeps in before_us, the shorter counts: one that waited for a lock
 * says nothing of the next. */
uint64_t pgqi_place_rest(const struct pgqueue_worker *w, uint64_t sent_us, uint64_t *before_us);

#endif
