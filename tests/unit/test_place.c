/* SPDX-License-Identifier: MIT */
/* Where the next claim of a queue begins, after which answers. */
#include "run/place.h"
#include "run/worker.h"

#include "tap.h"

#define MS     UINT64_C(1000)
#define SECOND UINT64_C(1000000)

static struct pgqueue_worker worker;
static struct work_queue queue = {.worker = &worker};
static uint64_t now = 1000 * SECOND;

/* A claim is sent, and answered 1 ms later with one job, or none. How far it looked back, in ms. */
static uint32_t claim(const char *start_after, int64_t id, int left_some)
{
    struct pgqueue_job job = {.id = id, .start_after = start_after};
    struct pgqueue_jobs batch = {.count = start_after != NULL, .jobs = &job};
    struct work_queue *one = &queue;
    pgqi_place_choose(&one, 1, now);
    uint32_t back = pgqi_place_back_ms(&queue, now);
    queue.claim_us = now;
    now += MS;
    worker.claim.first_us = now;
    pgqi_place_claimed(&queue, &batch, left_some, now);
    return back;
}

/* One that takes 50 ms. */
static void slow_claim(void)
{
    now += 100 * MS;
    queue.claim_us = now;
    pgqi_place_back_ms(&queue, now);
    now += 50 * MS;
    worker.claim.first_us = now;
    pgqi_place_claimed(&queue, &(struct pgqueue_jobs){0}, 0, now);
}

static void looks_back(void)
{
    claim("2024-05-01 12:00:00+00", 1, 0);
    ok(queue.from_start, "the first claim is from the start");
    ok(queue.rescan_us == now + 20 * MS, "the next such rests 20 times as long as it took");
    queue.rescan_us = now + 3600 * SECOND;
    is_int(claim(NULL, 0, 0), 0, "the next one begins at the last key taken");
    now += 100 * MS;
    is_int(claim(NULL, 0, 0), 202, "after 0.1 s one looks back over 0.1 s more than since then");
    is_int(claim(NULL, 0, 0), 0, "the one behind it does not");
    now += 2 * SECOND;
    is_int(claim(NULL, 0, 0), 4104, "after 2 s one looks back over 2 s more than since then");
    now += 30 * SECOND;
    is_int(claim(NULL, 0, 0), 32001, "so does the first claim after a long pause");
    queue.look_far = 1;
    is_int(claim(NULL, 0, 0), 2001, "and one to which a bell or a poll wakes");
    ok(!queue.look_far && !queue.from_start, "once");
    now += 200000 * SECOND;
    queue.rescan_us = now + SECOND;
    is_int(claim(NULL, 0, 0), 86400000, "a day at most");
    slow_claim();
    ok(queue.late[0].due_us < now + 100 * MS, "one that waited for a lock says nothing");
    slow_claim();
    ok(queue.late[0].due_us == now + SECOND, "what takes long rests 20 times as long, too");
}

static int is_at(const char *after, int64_t id)
{
    return strcmp(queue.positions[0].after, after) == 0 && queue.positions[0].after_id == id;
}

static void goes_on(void)
{
    queue.rescan_us = now + 3600 * SECOND;
    now += SECOND;
    claim("2024-05-01 12:00:05+00", 7, 0);
    ok(is_at("2024-05-01 12:00:05+00", 7), "a claim begins behind the last job of the one before");
    now += SECOND;
    claim("2024-05-01 12:00:03+00", 5, 0);
    ok(is_at("2024-05-01 12:00:05+00", 7), "a single late job does not take the place back");
    now += SECOND;
    claim("2024-05-01 12:00:04.5+00", 6, 1);
    ok(is_at("2024-05-01 12:00:04.5+00", 6), "where more may lie behind it, it does");
    now += SECOND;
    claim("2024-05-01 12:00:04.51+00", 3, 0);
    ok(is_at("2024-05-01 12:00:04.51+00", 3), "a later start counts, not a higher id");
    claim("2024-10-27 02:10:00+01", 9, 0);
    claim("2024-10-27 02:05:00+01", 10, 0);
    ok(is_at("2024-10-27 02:05:00+01", 10), "what a claim from the place found lies behind it");
}

static void too_many(void)
{
    static struct position many[20001];
    struct work_queue big = {.worker = &worker, .positions = many, .position_count = 20001};
    struct work_queue *both[] = {&queue, &big};
    queue.rescan_us = big.rescan_us = now + SECOND;
    pgqi_place_choose(both, 1, now);
    ok(!queue.from_start, "places go with a statement");
    pgqi_place_choose(both, 2, now);
    ok(queue.from_start && big.from_start, "unless there are too many of them");
}

int main(void)
{
    looks_back();
    goes_on();
    too_many();
    free(queue.positions);
    return done();
}
