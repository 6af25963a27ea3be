/* SPDX-License-Identifier: MIT */
/* The worker's state, shared by the files of run/. Each function runs on the loop's thread unless
 * it says otherwise.
 *
 * A job's way, one owner at a time:
 *   claim.c     a claim answers -> held list, backlog of its queue
 *   dispatch.c  backlog -> the pool's ready list, or the handler on the loop -> done list
 *               -> outcomes
 *   settle.c    outcomes -> one statement -> the job's memory is released
 */
#ifndef PGQI_RUN_WORKER_H
#define PGQI_RUN_WORKER_H

#include <stdatomic.h>

#include "base/log.h"
#include "core/job.h"
#include "db/conn.h"
#include "run/loop.h"
#include "run/threads.h"

/* Most jobs of one claim, and of one settle. */
#define CLAIM_MOST  1000
#define SETTLE_MOST 2000
#define ASK_MOST    1000 /* running jobs that a poll asks about */

/* Bounds of memory, told in pgqueue.h. A claim asks for so few jobs that they come to CLAIM_BYTES,
 * reckoned from the claims before; the server cuts it off at PGQUEUE_CLAIM_BYTES. While claims
 * whose jobs have not all ended hold HELD_BYTES, jobs are claimed one by one and only for free
 * slots: the memory of a batch stays until its last job has ended, that of a single job is its own.
 * Outputs that wait for a settle keep more from being claimed at OUTPUT_BYTES; a settle takes
 * SETTLE_BYTES of them. */
#define CLAIM_BYTES  (PGQUEUE_CLAIM_BYTES / 2)
#define HELD_BYTES   ((size_t)32 << 20)
#define OUTPUT_BYTES ((size_t)16 << 20)
#define SETTLE_BYTES ((size_t)4 << 20)

/* The last key that a claim took, of one rank. */
struct position {
    int32_t rank;
    char after[48];
    int64_t after_id;
};

/* How many spans a claim may look back, beside not at all and to the start. */
#define LATE_LOOKS 2

/* Such a look: when a claim last looked so far back, or from the start, and when to again. */
struct late_look {
    uint64_t looked_us, due_us;
    uint64_t took_us; /* how long it took; 0: there was none */
};

enum job_place { JOB_BACKLOG, JOB_IN_POOL, JOB_RUNNING, JOB_ENDED };

struct work_queue {
    struct pgqueue_worker *worker;
    char *name;
    char *options; /* JSON, or NULL */
    pgqueue_handler *handler;
    void *user;
    int on_loop;
    int concurrency;
    struct job_list backlog; /* claimed, not handed over */
    int backlog_count;
    int handed;        /* in the pool or on the loop, not ended */
    int maybe;         /* there may be due jobs: claim */
    int need_rescan;   /* the last claim began behind the start: look from the start before sleeping
                        */
    int asleep;        /* announced: sends ring until asleep_until_us */
    int awaken;        /* the announcement is to be taken back, by a claim or poll; 2: under way */
    uint64_t woken_us; /* since then */
    uint64_t asleep_until_us;
    struct position *positions;
    int position_count;
    int from_start;     /* the claim or poll under way looks at it from the start */
    int asked;          /* and the claim asked for so many */
    uint64_t claim_us;  /* and was sent then */
    uint64_t rescan_us; /* no look from the start before */
    uint64_t look_us;   /* how long a claim's last look from the start took; 0: there was none */
    struct late_look late[LATE_LOOKS];
    int look_far;       /* the next claim looks back as far as any */
    int seen;           /* a poll saw jobs, and no claim has come since */
    int missed;         /* how often in a row such a claim got none */
    uint64_t seen_us;   /* what polls see counts for nothing before */
    uint64_t barred_us; /* no claim at all before: the last one failed */
    int refused;        /* claims in a row that failed for good */
    uint64_t found_us;  /* when a claim last found jobs */
    uint64_t again_us;  /* jobs flow: claim again then instead of sleeping; 0: no */
    size_t job_bytes;   /* memory of a job in the last claims, on average; 0: not known */
    double job_us;      /* how long the last jobs kept a thread, the newer the more; and */
    uint64_t ended_us;  /* when the last one ended; 0: none yet */
    /* The first queue of the same handler and user. It keeps, as kin_us, how long the last jobs of
     * all of them took, for those of which none has ended yet; 0: none of any has. */
    struct work_queue *kin;
    double kin_us;
    uint64_t busy_us; /* when the first was handed over of those that have not ended */
    double rate;      /* jobs ended per second, recent */
    uint64_t rate_us;
    int rate_count;
    /* Outcomes that are put off: those refused for now, and, while held_up, those behind them. */
    struct job_list refused_outcomes, outcomes_behind;
    int put_off;           /* of both */
    int held_up;           /* one was refused alone, and none has gone through since */
    uint64_t try_us;       /* when to send one of them again */
    uint64_t try_pause_us; /* after the last refusal */
};

struct declared_schedule {
    char *field[6]; /* key, queue, cron, tz, data, options */
};

enum worker_state {
    WORKER_NEW,      /* leaves to RUNNING at the first process */
    WORKER_RUNNING,  /* leaves to DRAINING by a stop */
    WORKER_DRAINING, /* nothing is claimed; leaves to LEAVING when all outcomes are settled, or at
                        the deadline */
    WORKER_LEAVING,  /* unregisters; leaves to STOPPED */
    WORKER_STOPPED
};

/* Steps of the claiming connection after it has come up, in this order. */
enum setup {
    SETUP_SESSION,
    SETUP_VERSION,
    SETUP_REGISTER,
    SETUP_LISTEN,
    SETUP_CRASH,
    SETUP_CHECK,
    SETUP_QUEUES,
    SETUP_SCHEDULES,
    SETUP_DONE
};

struct pgqueue_worker {
    enum worker_state state;
    pgqueue_worker_options options;
    char *name, *schema;
    struct log log;
    struct conninfo info;
    struct stmt_texts texts;
    /* loop */
    int epoll_fd, event_fd;
    struct watch claim_watch, settle_watch;
    int deaf; /* one of them could not be watched */
    /* connections */
    struct conn claim, settle;
    struct params claim_params, settle_params;
    int claim_up, settle_up, reported_up;
    enum setup setup;
    size_t setup_index;
    int set_up_once;    /* the crash report is in */
    _Atomic int64_t id; /* as a worker in the database; 0: none; handler threads read it, too */
    int64_t id_before;
    /* crash report */
    int64_t crash_worker;
    int64_t *crash_ids; /* started, then culprits */
    size_t crash_started, crash_culprits;
    char *crash_reason;
    /* queues, schedules */
    struct work_queue **queues, **by_name; /* in the order of pgqueue_work; of their names */
    size_t queue_count, next_queue;
    struct declared_schedule *schedules;
    size_t schedule_count;
    struct work_queue *claiming;
    struct buf claim_times; /* parameters of the claim or poll under way */
    char claim_count[16], claim_back[16];
    uint64_t watch_us; /* claims ask to be looked out for then */
    int watch_asked;   /* the one under way does */
    int64_t claimed_total;
    /* looks */
    uint64_t poll_us;      /* when to poll */
    uint64_t look_out_us;  /* and again, for the sake of another worker; 0, or past: no */
    uint64_t poll_sent_us; /* the poll under way was sent then */
    uint64_t poll_took_us; /* how long the last one took; 0: there was none */
    /* running jobs that it asks about, the newest first */
    int64_t asked_ids[ASK_MOST], asked_leases[ASK_MOST];
    size_t asked_count;
    int look;             /* how many looks since something changed */
    int announcing;       /* the poll under way announces sleep */
    uint64_t announce_us; /* no poll only to announce sleep before, while other queues have jobs */
    uint64_t back_us;     /* nor to take announcements back: the last one failed */
    uint64_t setup_retry_us;
    /* jobs */
    struct threads pool;
    struct pgqueue_job *held; /* all jobs not yet released */
    size_t held_count;
    uint64_t wait_look_us;    /* some job that has not started may have waited too long then */
    size_t held_bytes;        /* of claims with a job that has not ended */
    struct job_list outcomes; /* ended, not yet sent */
    size_t outcome_count;
    struct pgqueue_job **settling; /* sent */
    size_t settling_count;
    size_t output_bytes; /* of both */
    int settle_single;   /* one by one, after a statement failed for a reason of its own */
    int settle_failures; /* in a row, for reasons that may pass */
    int settle_trying;   /* what was sent is one that was put off */
    uint64_t settle_sent_us, settle_retry_us;
    int put_off;          /* outcomes, of all queues */
    size_t put_off_bytes; /* their outputs */
    uint64_t put_off_us;  /* when to send one of them again; none before */
    uint64_t put_off_gap_us;
    int last_tries; /* they got the tries that all get at the end */
    /* stop */
    atomic_int stop; /* 1 drain, 2 now */
    atomic_int paused;
    uint64_t deadline_us;
    int abandoned; /* jobs whose handler outlived the worker */
    int refused;   /* polls in a row that failed for good */
    int rc;        /* why it stopped */
    pgqueue_error error;
};

/* worker.c */
void pgqi_worker_event(struct pgqueue_worker *w, const pgqueue_event *event); /* any thread */
void pgqi_worker_fatal(struct pgqueue_worker *w, const pgqueue_error *error);
void pgqi_worker_wake(struct pgqueue_worker *w); /* any thread, in a signal handler */
struct work_queue *pgqi_queue_named(const struct pgqueue_worker *w, const char *name); /* or NULL */

/* session.c: the two connections come up and go down */
void pgqi_session_init(struct pgqueue_worker *w);
void pgqi_register_again(struct pgqueue_worker *w);
void pgqi_setup_step(struct pgqueue_worker *w);
void pgqi_settle_setup(struct pgqueue_worker *w); /* the connection is IDLE, and not up */

/* next.c: what the claiming connection does next */
void pgqi_claim_step(struct pgqueue_worker *w, uint64_t now_us);
uint64_t pgqi_claim_wake_us(const struct pgqueue_worker *w);

/* claim.c: claims */
int pgqi_claim_wanted(const struct pgqueue_worker *w);         /* 0: it is paused, or stops */
int pgqi_try_claim(struct pgqueue_worker *w, uint64_t now_us); /* 0: there is nothing to claim */
void pgqi_claim_wake_queue(struct pgqueue_worker *w, const char *queue);
/* A poll saw jobs there. Answers when to poll again if it is too early for a claim, or UINT64_MAX.
 */
uint64_t pgqi_claim_seen(struct pgqueue_worker *w, const char *queue, uint64_t now_us);
void pgqi_claim_reset(struct pgqueue_worker *w);
int pgqi_claim_idle(const struct pgqueue_worker *w);  /* nothing due, as far as was seen */
int pgqi_claim_awake(const struct pgqueue_worker *w); /* some queue has: claims look, not polls */

/* poll.c: polls */
#define PGQI_LOOK_OUT_US 900000u /* who is told that another holds leases looks after so long */
void pgqi_look_out(struct pgqueue_worker *w, uint64_t now_us);
void pgqi_send_poll(struct pgqueue_worker *w, uint64_t now_us);
void pgqi_poll_after_claim(struct pgqueue_worker *w, uint64_t now_us); /* may bring it forward */

/* bell.c: announcements of sleep. The first two add a poll's parameter each: the queues to
 * announce, those whose announcement it takes back. */
void pgqi_bells_announce(struct pgqueue_worker *w, uint64_t now_us);
void pgqi_bells_take_back(struct pgqueue_worker *w, uint64_t now_us);
/* The poll's answer: what it announced holds until then; 0: it failed, and the next one tells all
 * again, and the looks after it begin anew. */
void pgqi_bells_told(struct pgqueue_worker *w, uint64_t until_us, uint64_t now_us);
/* A poll that announced nothing, a look, may allow a longer sleep than the announcement does: the
 * bell would be gone before its sleeper is up. Answers when to renew it, or until_us. */
uint64_t pgqi_bells_renew_us(const struct pgqueue_worker *w, uint64_t until_us, uint64_t now_us);
/* When to poll to announce queues that have gone idle since, or to take announcements back;
 * UINT64_MAX: there is none. Idle ones at once, unless others have jobs: each time that their
 * claims pause until a settle is done some more queues are idle, and a poll looks at all. */
uint64_t pgqi_bells_us(const struct pgqueue_worker *w, uint64_t now_us);

/* dispatch.c: jobs to handlers and back */
void pgqi_hold(struct pgqueue_worker *w, struct work_queue *q, struct pgqueue_job *job,
               uint64_t now_us);
void pgqi_dispatch(struct pgqueue_worker *w, struct work_queue *q);
void pgqi_collect(struct pgqueue_worker *w);
int pgqi_dispatch_start(struct pgqueue_worker *w);
void pgqi_recall_unstarted(struct pgqueue_worker *w);
void pgqi_return_waiting(struct pgqueue_worker *w, uint64_t now_us);
void pgqi_mark_cancelled(struct pgqueue_worker *w, int64_t id, int64_t lease);
void pgqi_job_done_with(struct pgqueue_worker *w, struct pgqueue_job *job);

/* putoff.c: outcomes that the database refuses for now. They are not among the outcomes. */
/* The job's outcome, sent alone, was refused; took_us: how long that took. */
void pgqi_put_off(struct pgqueue_worker *w, struct pgqueue_job *job, const char *why,
                  uint64_t took_us, uint64_t now_us);
int pgqi_put_behind(struct pgqueue_worker *w, struct pgqueue_job *job); /* 0: it may be sent */
struct pgqueue_job *pgqi_put_off_due(struct pgqueue_worker *w, uint64_t now_us); /* or NULL */
/* Such a one went through: others of its queue are outcomes again. */
void pgqi_put_off_over(struct pgqueue_worker *w, const struct pgqueue_job *job, uint64_t now_us);
/* Such a one is done with, but tells nothing of the others: the next one of its queue is sent. */
void pgqi_put_off_next(struct pgqueue_worker *w, const struct pgqueue_job *job, uint64_t now_us);
/* All are outcomes again, for a last try. */
void pgqi_put_off_end(struct pgqueue_worker *w);

/* settle.c */
void pgqi_outcome_push(struct pgqueue_worker *w, struct pgqueue_job *job);
void pgqi_settle_step(struct pgqueue_worker *w, uint64_t now_us);
uint64_t pgqi_settle_wake_us(const struct pgqueue_worker *w);

/* stop.c */
/* A claim from q, or a poll (NULL), has failed: a worker that runs once must not try for ever. */
void pgqi_refused(struct pgqueue_worker *w, struct work_queue *q, const pgqueue_error *error);
void pgqi_stop_step(struct pgqueue_worker *w, uint64_t now_us);
int pgqi_still_running(const struct pgqueue_worker *w); /* jobs that are with their handlers */
uint64_t pgqi_stop_wake_us(const struct pgqueue_worker *w);

/* Outcome of a job that no handler ran: back to the queue. Beyond the public ones. */
#define OUTCOME_RELEASE 100

#endif
