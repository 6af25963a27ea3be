/* SPDX-License-Identifier: MIT */
/*
 * pgqueue.h: the public face of libpgqueue, a durable job queue inside PostgreSQL.
 *
 * Conventions
 *   Results     int: 0 or a negative PGQUEUE_E... code; outputs are set only on success.
 *   Detail      goes to the caller's pgqueue_error, which may be NULL.
 *   Ownership   copies (the default for inputs), borrows (valid until ...), takes, returns owned.
 *   Options     structs made by their _INIT macro, which leaves every member unset.
 *   Durations   carry their unit in the name. Text is UTF-8. Payloads are JSON.
 *   Threads     a handle belongs to one thread at a time, different handles are independent; where
 * a function may be called from anywhere, it says so. There is no global state. Delivery    at
 * least once: a handler may run again after a crash, so make its effects repeatable.
 */
#ifndef PGQUEUE_H
#define PGQUEUE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PGQUEUE_API __attribute__((visibility("default")))
#else
#define PGQUEUE_API
#endif

#define PGQUEUE_VERSION_MAJOR 0
#define PGQUEUE_VERSION_MINOR 1
#define PGQUEUE_VERSION_PATCH 0
#define PGQUEUE_VERSION       "0.1.0"

/* An integer option that was not given; the queue's value, else the default, holds. */
#define PGQUEUE_UNSET INT32_MIN

struct pg_conn; /* libpq's PGconn */

typedef struct pgqueue pgqueue;               /* one synchronous connection to a queue schema */
typedef struct pgqueue_job pgqueue_job;       /* one claimed job */
typedef struct pgqueue_jobs pgqueue_jobs;     /* the jobs of one fetch */
typedef struct pgqueue_worker pgqueue_worker; /* claims jobs and runs handlers */

/* The version of the library that is loaded, as PGQUEUE_VERSION of its header. Any thread.
 * Since: 0.1 */
PGQUEUE_API const char *pgqueue_version(void);

/* ------------------------------------------------------------------------------------------------
 * Errors
 */
enum pgqueue_code {
    PGQUEUE_OK = 0,
    PGQUEUE_EINVAL = -1, /* an argument or option is wrong; the message names it */
    PGQUEUE_ENOMEM = -2, /* out of memory */
    PGQUEUE_ECONN = -3, /* no database: cannot connect, or the connection broke before the change */
    PGQUEUE_EUNKNOWN = -4, /* the connection broke while a change was under way: done or not done */
    PGQUEUE_EDB = -5,      /* the server refused; see sqlstate */
    PGQUEUE_ENOTFOUND = -6,  /* no such queue, job, schedule */
    PGQUEUE_EDUPLICATE = -7, /* a policy refused the job: one with this key is already there */
    PGQUEUE_ELOST = -8,      /* the job is no longer yours: its lease ended or it was cancelled */
    PGQUEUE_ESCHEMA = -9,    /* the schema is missing, older or newer than this library */
    PGQUEUE_ESTATE = -10     /* the call does not fit the handle's state */
};

/* Why a call failed. Owned by the caller; may be reused. Allocate nothing for it, free nothing. */
typedef struct pgqueue_error {
    int code;          /* as returned */
    int retryable;     /* 1: the same call may succeed later without a change */
    char sqlstate[6];  /* five characters from the server, or "" */
    char message[506]; /* one line, says what to do where that is known */
    void *reserved[4];
} pgqueue_error;

/* The name of a code ("PGQUEUE_ELOST"), or "unknown". Borrows: static text. Any thread. Since: 0.1
 */
PGQUEUE_API const char *pgqueue_code_name(int code);

/* ------------------------------------------------------------------------------------------------
 * Log and events
 */
enum pgqueue_level { PGQUEUE_DEBUG = 0, PGQUEUE_INFO = 1, PGQUEUE_WARNING = 2, PGQUEUE_ERROR = 3 };

/* Receives the library's own messages: one line without newline, never a payload or a secret.
 * Called on the thread that works, no lock held. message: borrows, until return. */
typedef void pgqueue_log_fn(void *user, int level, const char *message);

/* ------------------------------------------------------------------------------------------------
 * Connection
 */
typedef struct pgqueue_options {
    size_t size;
    const char *schema;           /* NULL: "pgqueue" */
    const char *application_name; /* NULL: "pgqueue"; shown in pg_stat_activity */
    int32_t connect_timeout_s;    /* unset: 10; 0: for ever; conninfo, PGCONNECT_TIMEOUT win */
    int32_t skip_schema_check;    /* 1: open although the schema is missing or of another version */
    pgqueue_log_fn *log;          /* NULL: silent */
    void *log_user;
    int32_t answer_timeout_s; /* unset or 0: none; a call is given up after so long in silence */
} pgqueue_options;
#define PGQUEUE_OPTIONS_INIT                                                                       \
    {                                                                                              \
        sizeof(pgqueue_options), NULL, NULL, PGQUEUE_UNSET, PGQUEUE_UNSET, NULL, NULL,             \
            PGQUEUE_UNSET                                                                          \
    }

/* Connects to the database and checks the version of the schema.
 *   conninfo  libpq connection string or URI; "" or NULL: libpq's own environment (PGHOST ...)
 *   options   may be NULL
 *   out       returns owned: free with pgqueue_close
 * Keepalives of seconds and a read-write server are asked for unless conninfo says otherwise.
 *
 * A call waits for a slow statement or a lock without end. After 30 s without a byte of the answer
 * the server is asked for a new connection; if it leaves two such tries unanswered for 10 s each,
 * it is hung: ECONN, EUNKNOWN for a change, and the next call connects anew. answer_timeout_s
 * bounds every call but pgqueue_migrate, of a server that is well, too: its statement may still be
 * done. Errors: EINVAL, ENOMEM, ECONN, ESCHEMA, EDB. Since: 0.1 */
PGQUEUE_API int pgqueue_open(const char *conninfo, const pgqueue_options *options, pgqueue **out,
                             pgqueue_error *error);

/* Closes the connection. NULL is allowed. Jobs fetched by it and not settled stay leased until
 * their expire_in ends. Since: 0.1 */
PGQUEUE_API void pgqueue_close(pgqueue *queue);

/* The handle's libpq connection, for statements and transactions of your own between the calls:
 * what the calls do is then part of your transaction. Borrows: until pgqueue_close. A call that
 * finds the connection broken outside a transaction reconnects, in place. Since: 0.1 */
PGQUEUE_API struct pg_conn *pgqueue_connection(pgqueue *queue);

/* ------------------------------------------------------------------------------------------------
 * Migrations
 */
typedef struct pgqueue_migration {
    int32_t
        version; /* > 0 for a numbered step, run once; 0: function, 1 file; -1: view; re-applied */
    const char *name; /* file name */
    const char *sql;  /* the marker for the schema is replaced before it runs */
} pgqueue_migration;

/* A set of migrations with its own version, for instance that of a handler module. */
typedef struct pgqueue_migration_set {
    const char *name; /* "queue" is the library's own set */
    const pgqueue_migration *items;
    size_t count;
} pgqueue_migration_set;

/* Called with each statement text in order. text: borrows, until return. */
typedef void pgqueue_plan_fn(void *user, const char *name, const char *text);

/* Brings the schema to this library's version: creates it, applies the steps that are missing, and
 * replaces all functions and views, all in one transaction. Two at once are safe: the second waits.
 *   set       NULL: the library's own
 *   plan      not NULL: nothing is changed, what would be done is handed to it
 *   from, to  may be NULL; the version found (0: none) and the version reached
 * Errors: EINVAL, ECONN, ESCHEMA (the database is newer than the library), EDB. Since: 0.1 */
PGQUEUE_API int pgqueue_migrate(pgqueue *queue, const pgqueue_migration_set *set,
                                pgqueue_plan_fn *plan, void *user, int32_t *from, int32_t *to,
                                pgqueue_error *error);

/* The version of a set that is installed (0: none) and the version that this library brings.
 * set NULL: the library's own. Errors: ECONN, EDB. Since: 0.1 */
PGQUEUE_API int pgqueue_schema_version(pgqueue *queue, const pgqueue_migration_set *set,
                                       int32_t *installed, int32_t *wanted, pgqueue_error *error);

/* ------------------------------------------------------------------------------------------------
 * Queues. options: a JSON object (policy, retry_limit, retry_delay, ...; README lists them) or
 * NULL.
 */

/* Creates a queue. Errors: EINVAL (name, options), EDUPLICATE (it is there), ECONN, EDB. Since: 0.1
 */
PGQUEUE_API int pgqueue_queue_create(pgqueue *queue, const char *name, const char *options,
                                     pgqueue_error *error);

/* Changes the options given, leaves the others. Errors: EINVAL, ENOTFOUND, ECONN, EDB. Since: 0.1
 */
PGQUEUE_API int pgqueue_queue_update(pgqueue *queue, const char *name, const char *options,
                                     pgqueue_error *error);

/* Deletes a queue with all its jobs, live and finished. Errors: ENOTFOUND, ECONN, EDB. Since: 0.1
 */
PGQUEUE_API int pgqueue_queue_delete(pgqueue *queue, const char *name, pgqueue_error *error);

/* Stops claims from a queue; sends go on. reason: may be NULL. Errors: ENOTFOUND ... Since: 0.1 */
PGQUEUE_API int pgqueue_queue_pause(pgqueue *queue, const char *name, const char *reason,
                                    pgqueue_error *error);

/* Ends a pause. Errors: ENOTFOUND, ECONN, EDB. Since: 0.1 */
PGQUEUE_API int pgqueue_queue_resume(pgqueue *queue, const char *name, pgqueue_error *error);

/* ------------------------------------------------------------------------------------------------
 * Sending
 */
typedef struct pgqueue_send_options {
    size_t size;
    const char *start_after; /* a timestamptz as text; NULL: now, or after delay_s */
    double delay_s;          /* seconds from now, >= 0; used when start_after is NULL */
    int32_t priority;        /* higher first; unset: 0 */
    int32_t retry_limit;     /* runs after the first; 0..32000 */
    int32_t retry_delay_s;   /* before the first retry */
    int32_t retry_backoff;   /* 1: the delay doubles at each retry; 0: it stays */
    int32_t retry_delay_max_s;
    int32_t expire_in_s;       /* the longest an attempt may take, from its claim */
    int32_t keep_queued_s;     /* cancelled when not started this long after its start time */
    const char *singleton_key; /* at most one queued or running job of the queue has this key */
    const char *group_id;      /* a label, shown by the job view */
    const char *dead_letter;   /* queue that gets a copy when the job fails for good */
} pgqueue_send_options;
#define PGQUEUE_SEND_OPTIONS_INIT                                                                  \
    {                                                                                              \
        sizeof(pgqueue_send_options), NULL, 0.0, PGQUEUE_UNSET, PGQUEUE_UNSET, PGQUEUE_UNSET,      \
            PGQUEUE_UNSET, PGQUEUE_UNSET, PGQUEUE_UNSET, PGQUEUE_UNSET, NULL, NULL, NULL           \
    }

/* Enqueues a job and commits (or joins the transaction open on pgqueue_connection).
 *   name       the queue
 *   json, len  the payload, any JSON value; NULL: no payload
 *   options    may be NULL
 *   id         may be NULL; the job's id
 * Errors: EINVAL (option, invalid JSON, NUL byte, too large), ENOTFOUND (queue), EDUPLICATE, ECONN,
 * EUNKNOWN (with a singleton_key it is safe to send again while the first has not ended), EDB.
 * Since: 0.1 */
PGQUEUE_API int pgqueue_send(pgqueue *queue, const char *name, const void *json, size_t len,
                             const pgqueue_send_options *options, int64_t *id,
                             pgqueue_error *error);

/* The same on a connection of the caller's, in its transaction if one is open: the job is there
 * exactly if that transaction commits. The connection must be idle (no asynchronous command under
 * way). schema  NULL: "pgqueue" Errors: as pgqueue_send. After an error inside a transaction the
 * caller rolls back. Since: 0.1 */
PGQUEUE_API int pgqueue_send_on(struct pg_conn *conn, const char *schema, const char *name,
                                const void *json, size_t len, const pgqueue_send_options *options,
                                int64_t *id, pgqueue_error *error);

typedef struct pgqueue_payload {
    const void *json;
    size_t len;
} pgqueue_payload;

/* Enqueues many jobs with the same options in one statement: all or none.
 *   ids  may be NULL; room for count; 0 where a policy refused the job as a duplicate
 * Errors: as pgqueue_send, except EDUPLICATE. Since: 0.1 */
PGQUEUE_API int pgqueue_send_many(pgqueue *queue, const char *name, const pgqueue_payload *payloads,
                                  size_t count, const pgqueue_send_options *options, int64_t *ids,
                                  pgqueue_error *error);

/* ------------------------------------------------------------------------------------------------
 * Jobs: what a handler or a fetch gets. Texts and data borrow: until the handler returns, or
 * pgqueue_jobs_free.
 */
PGQUEUE_API int64_t pgqueue_job_id(const pgqueue_job *job);    /* Since: 0.1 */
PGQUEUE_API int64_t pgqueue_job_lease(const pgqueue_job *job); /* for settles in SQL. Since: 0.1 */
PGQUEUE_API const char *pgqueue_job_queue(const pgqueue_job *job); /* Since: 0.1 */
PGQUEUE_API int32_t
pgqueue_job_attempt(const pgqueue_job *job); /* this start; 1 first. Since: 0.1 */
PGQUEUE_API int32_t pgqueue_job_retry_limit(const pgqueue_job *job); /* Since: 0.1 */
PGQUEUE_API int32_t pgqueue_job_priority(const pgqueue_job *job);    /* Since: 0.1 */
PGQUEUE_API double pgqueue_job_expire_in_s(
    const pgqueue_job *job); /* limit of this attempt. Since: 0.1 */

/* The payload as JSON text, NUL-terminated beyond *len; "null" if it has none. Since: 0.1 */
PGQUEUE_API const char *pgqueue_job_data(const pgqueue_job *job, size_t *len);

/* Where the job comes from as a JSON object, or NULL: {"schedule", "due"} of a schedule,
 * {"id", "queue", "error"} of a dead letter, {"run_key", "item"} of a fan-out. Since: 0.1 */
PGQUEUE_API const char *pgqueue_job_origin(const pgqueue_job *job);

/* 1: the job was cancelled or its lease lost, the handler had better stop; its outcome will not
 * count. Any thread. Since: 0.1 */
PGQUEUE_API int pgqueue_job_cancelled(pgqueue_job *job);

/* ------------------------------------------------------------------------------------------------
 * Working by hand: fetch, then settle each job
 */

/* One claim takes jobs until their payloads come to so many bytes: less than this and one payload
 * (16 MiB at most) altogether, one job at least. Sizes are those of the JSON text,
 * or of the stored jsonb where that is larger. */
#define PGQUEUE_CLAIM_BYTES (4 << 20)

/* Claims up to n due jobs of a queue; fewer than are due when n or PGQUEUE_CLAIM_BYTES is reached.
 * out: returns owned, free with pgqueue_jobs_free; may hold none. The lease of each ends by its
 * expire_in unless it is settled or touched. Errors: EINVAL, ENOTFOUND, ECONN, EUNKNOWN (their
 * leases end by expire_in), EDB. Since: 0.1 */
PGQUEUE_API int pgqueue_fetch(pgqueue *queue, const char *name, int n, pgqueue_jobs **out,
                              pgqueue_error *error);
PGQUEUE_API size_t pgqueue_jobs_count(const pgqueue_jobs *jobs); /* Since: 0.1 */
/* Borrows: until pgqueue_jobs_free; NULL beyond the end. Since: 0.1 */
PGQUEUE_API pgqueue_job *pgqueue_jobs_get(pgqueue_jobs *jobs, size_t index);
PGQUEUE_API void pgqueue_jobs_free(pgqueue_jobs *jobs); /* NULL is allowed. Since: 0.1 */

/* The settles. Each answers ELOST, and changes nothing, if the job is no longer open in its lease.
 * Other errors: EINVAL, ECONN, EUNKNOWN (settle again: ELOST then means that it was done), EDB. */

/* Done. output: JSON or NULL. Since: 0.1 */
PGQUEUE_API int pgqueue_complete(pgqueue *queue, pgqueue_job *job, const void *output, size_t len,
                                 pgqueue_error *error);
/* Failed: retried after retry_in_s (negative: by the job's own backoff), or for good when final is
 * 1 or no retry is left. detail: JSON or NULL, kept as the job's output. Since: 0.1 */
PGQUEUE_API int pgqueue_fail(pgqueue *queue, pgqueue_job *job, const void *detail, size_t len,
                             double retry_in_s, int final, pgqueue_error *error);
/* Back to the queue for delay_s seconds, attempt not counted. Since: 0.1 */
PGQUEUE_API int pgqueue_snooze(pgqueue *queue, pgqueue_job *job, double delay_s,
                               pgqueue_error *error);
/* Back to the queue at once, attempt not counted. Since: 0.1 */
PGQUEUE_API int pgqueue_release(pgqueue *queue, pgqueue_job *job, pgqueue_error *error);
/* Gives the attempt its full expire_in again from now. Since: 0.1 */
PGQUEUE_API int pgqueue_touch(pgqueue *queue, pgqueue_job *job, pgqueue_error *error);
/* Stores how far the job is (JSON, shown as output while it runs). Since: 0.1 */
PGQUEUE_API int pgqueue_progress(pgqueue *queue, pgqueue_job *job, const void *json, size_t len,
                                 pgqueue_error *error);

/* ------------------------------------------------------------------------------------------------
 * Changing jobs by id. Errors: ENOTFOUND (no such job, or not in a state that allows it), ECONN,
 * EDB.
 */
PGQUEUE_API int pgqueue_cancel(pgqueue *queue, int64_t id, pgqueue_error *error); /* Since: 0.1 */
/* A failed or cancelled job is queued again with fresh attempts; a waiting retry starts now. Since:
 * 0.1 */
PGQUEUE_API int pgqueue_retry(pgqueue *queue, int64_t id, pgqueue_error *error);
/* A queued job becomes due now. Since: 0.1 */
PGQUEUE_API int pgqueue_run_now(pgqueue *queue, int64_t id, pgqueue_error *error);
/* Removes a job that is not running, without a trace. Since: 0.1 */
PGQUEUE_API int pgqueue_job_delete(pgqueue *queue, int64_t id, pgqueue_error *error);

/* ------------------------------------------------------------------------------------------------
 * Schedules
 */

/* Creates or replaces a schedule.
 *   cron     five fields or @daily and the like
 *   tz       IANA zone; NULL: UTC
 *   json     payload of each job, or NULL
 *   options  JSON object of send options, "missed" and "missed_limit", or NULL
 * Errors: EINVAL (cron, zone, option), ENOTFOUND (queue), ECONN, EDB. Since: 0.1 */
PGQUEUE_API int pgqueue_schedule(pgqueue *queue, const char *key, const char *name,
                                 const char *cron, const char *tz, const char *json,
                                 const char *options, pgqueue_error *error);
/* Errors: ENOTFOUND, ECONN, EDB. Since: 0.1 */
PGQUEUE_API int pgqueue_unschedule(pgqueue *queue, const char *key, pgqueue_error *error);

/* ------------------------------------------------------------------------------------------------
 * The managed worker
 *
 *     static int mail(pgqueue_job *job, void *user) { ...; return PGQUEUE_DONE; }
 *
 *     pgqueue_worker_new(conninfo, NULL, &worker, &error);
 *     pgqueue_work(worker, "mail", NULL, mail, NULL, &error);
 *     pgqueue_worker_run(worker, &error);
 *
 * It keeps two connections, waits for the database when it is away, claims in batches, runs
 * handlers on a pool of threads (or on the loop), and settles in batches. Threads: a worker belongs
 * to the thread that runs its loop; what may be called elsewhere says so.
 *
 * A job that was claimed and has not started after a quarter of its expire_in, 5 s at most, because
 * the handlers before it take longer than they used to, goes back to the queue, its attempt not
 * counted.
 *
 * A server that stops to answer, or a network that swallows everything, is noticed after 30 s: the
 * connection is given up and made anew. A statement that was only slow, or waits for a lock, is
 * then given 60 s, and so on to 16 min. A host that is silent is left for the next of conninfo.
 *
 * Memory: a payload is copied once, from the connection's buffer, and freed when the jobs claimed
 * with it have ended. A worker holds at most: the payloads of the jobs that run; of jobs that wait
 * or have ended 32 MiB and one claim (PGQUEUE_CLAIM_BYTES and one payload); a buffer of twice the
 * largest payload; outputs that wait for their settle of 16 MiB, of those that are refused for now
 * of 16 MiB more, and those of the jobs that each queue had claimed by then.
 */

/* How a handler ends. */
enum pgqueue_outcome {
    PGQUEUE_DONE = 0,  /* completed, with the output set by pgqueue_job_set_output */
    PGQUEUE_RETRY = 1, /* failed; runs again by its backoff while attempts are left */
    PGQUEUE_FAIL = 2,  /* failed for good */
    PGQUEUE_SNOOZE =
        3, /* back to the queue, attempt not counted; pgqueue_job_set_delay says how long */
    PGQUEUE_CANCEL = 4,  /* ends as cancelled */
    PGQUEUE_SETTLED = 5, /* the handler settled the job itself, in SQL with its lease */
    PGQUEUE_LATER = 6    /* on-loop handlers only: pgqueue_job_finish will be called */
};

/* Runs a job; returns a pgqueue_outcome (anything else counts as PGQUEUE_RETRY). Called on a pool
 * thread, or on the loop for work options with on_loop. It must not touch the worker's handle
 * except by calls marked "Any thread". job: borrows, until return (LATER: until
 * pgqueue_job_finish). */
typedef int pgqueue_handler(pgqueue_job *job, void *user);

/* Sets the output of a done job, or the detail of a failed one: a JSON value. Copies. Invalid JSON
 * is stored as a JSON string, what is beyond 1 MiB is cut off. Errors: ENOMEM. Handler only. Since:
 * 0.1 */
PGQUEUE_API int pgqueue_job_set_output(pgqueue_job *job, const void *json, size_t len);
/* Sets the output to {"message": text}: any bytes, made valid UTF-8, 8 KiB at most. Handler only.
 * Since: 0.1 */
PGQUEUE_API int pgqueue_job_set_message(pgqueue_job *job, const char *text);
/* Sets the seconds until the next start for PGQUEUE_SNOOZE or PGQUEUE_RETRY. Handler only. Since:
 * 0.1 */
PGQUEUE_API void pgqueue_job_set_delay(pgqueue_job *job, double delay_s);

/* Ends a job whose handler returned PGQUEUE_LATER. Takes the job. On the loop's thread. Since: 0.1
 */
PGQUEUE_API void pgqueue_job_finish(pgqueue_job *job, int outcome);

/* What happens in a worker, for metrics and logs. Fields that a kind does not name are 0 or NULL.
 *   CONNECTED     both connections are up, worker
 *   DISCONNECTED  the database went away; message: why
 *   CLAIMED       queue, count
 *   STARTED       queue, job, attempt, slot: the thread, -1 for the loop. Called on that thread.
 *   FINISHED      as STARTED, and outcome, duration_us. Called on that thread.
 *   SETTLED       count: jobs whose outcome is committed
 *   LOST          queue, job, attempt: the outcome did not count
 *   POLLED        the database answered a poll
 */
enum pgqueue_event_kind {
    PGQUEUE_EVENT_CONNECTED = 1,
    PGQUEUE_EVENT_DISCONNECTED = 2,
    PGQUEUE_EVENT_CLAIMED = 3,
    PGQUEUE_EVENT_STARTED = 4,
    PGQUEUE_EVENT_FINISHED = 5,
    PGQUEUE_EVENT_SETTLED = 6,
    PGQUEUE_EVENT_LOST = 7,
    PGQUEUE_EVENT_POLLED = 8
};
typedef struct pgqueue_event {
    size_t size;
    int kind;
    int slot;
    int outcome;
    int32_t attempt;
    int64_t worker;
    int64_t job;
    int64_t count;
    uint64_t duration_us;
    const char *queue;   /* borrows: until return */
    const char *message; /* borrows: until return */
    const char *detail;  /* FINISHED: the output or error text set by the handler, or NULL */
} pgqueue_event;
typedef void pgqueue_event_fn(void *user, const pgqueue_event *event);

/* What a supervisor knows of a worker process that died, so that exactly the jobs that deserve it
 * are charged an attempt. Given to the worker that takes its place. */
typedef struct pgqueue_crash {
    int64_t worker;         /* id of the dead worker, from PGQUEUE_EVENT_CONNECTED */
    const int64_t *started; /* jobs that had been handed to a handler and not finished */
    size_t started_count;
    const int64_t *culprits; /* of these: jobs on the thread that crashed; none: unknown */
    size_t culprit_count;
    const char *reason; /* "killed by signal 11 (Segmentation fault)" */
} pgqueue_crash;

typedef struct pgqueue_worker_options {
    size_t size;
    const char *schema;      /* NULL: "pgqueue" */
    const char *name;        /* NULL: host name and process id; shown in the worker table */
    int32_t threads;         /* handler threads, 1..1024; unset: 10; 0: on-loop handlers only */
    int32_t drain_timeout_s; /* after a stop, running handlers get this long; unset: 30 */
    int32_t prefetch; /* 0: never claim more than the free slots; unset: by the time jobs take */
    int32_t once;     /* 1: stop by itself when no job is due and none runs; with the error when the
                         database refuses for good, as without privileges, three times in a row */
    int64_t max_jobs; /* > 0: stop after so many were claimed */
    const pgqueue_crash *crash; /* borrows: until pgqueue_worker_new returns; NULL: none */
    pgqueue_log_fn *log;
    void *log_user;
    pgqueue_event_fn *event;
    void *event_user;
} pgqueue_worker_options;
#define PGQUEUE_WORKER_OPTIONS_INIT                                                                \
    {                                                                                              \
        sizeof(pgqueue_worker_options), NULL, NULL, PGQUEUE_UNSET, PGQUEUE_UNSET, PGQUEUE_UNSET,   \
            PGQUEUE_UNSET, 0, NULL, NULL, NULL, NULL, NULL                                         \
    }

/* Makes a worker. Does not connect yet. out: returns owned, free with pgqueue_worker_free.
 * Errors: EINVAL, ENOMEM. Since: 0.1 */
PGQUEUE_API int pgqueue_worker_new(const char *conninfo, const pgqueue_worker_options *options,
                                   pgqueue_worker **out, pgqueue_error *error);

typedef struct pgqueue_work_options {
    size_t size;
    int32_t concurrency;       /* jobs of this queue at once; unset: the number of threads */
    int32_t on_loop;           /* 1: the handler runs on the loop and must not block */
    const char *queue_options; /* JSON object: create the queue, or update these options; NULL: it
                                  must exist */
} pgqueue_work_options;
#define PGQUEUE_WORK_OPTIONS_INIT                                                                  \
    {                                                                                              \
        sizeof(pgqueue_work_options), PGQUEUE_UNSET, PGQUEUE_UNSET, NULL                           \
    }

/* Has the jobs of a queue run by handler. Before the worker runs. user: borrows, until the worker
 * is freed. Errors: EINVAL (also: this queue twice), ENOMEM, ESTATE. Since: 0.1 */
PGQUEUE_API int pgqueue_work(pgqueue_worker *worker, const char *queue,
                             const pgqueue_work_options *options, pgqueue_handler *handler,
                             void *user, pgqueue_error *error);

/* Declares a schedule each time the worker starts: created or updated, but not if an operator
 * removed it. Arguments as pgqueue_schedule. Before the worker runs. Errors: EINVAL, ENOMEM,
 * ESTATE. Since: 0.1 */
PGQUEUE_API int pgqueue_worker_schedule(pgqueue_worker *worker, const char *key, const char *name,
                                        const char *cron, const char *tz, const char *json,
                                        const char *options, pgqueue_error *error);

/* At its end, when the running handlers have finished or the drain timeout is over, a worker takes
 * so long at most, in milliseconds, to settle what has ended and to sign off. It does not wait
 * longer for a database that is away. Who ends worker processes from outside leaves them more than
 * that. */
#define PGQUEUE_LEAVE_MS 2000

/* Runs the worker on its own loop until it has stopped and drained, PGQUEUE_LEAVE_MS included.
 * Returns 0 after a drain; ESTATE if handlers still ran at the drain timeout (their jobs were given
 * back, the process should exit), or if finished jobs could not be settled because the database was
 * away at the end or still refused their outcomes (they run again); EINVAL, ENOTFOUND, ESCHEMA when
 * it cannot ever work. A database that is away is waited for. Since: 0.1 */
PGQUEUE_API int pgqueue_worker_run(pgqueue_worker *worker, pgqueue_error *error);

/* Asks the worker to stop: no more claims, unstarted jobs are given back, running ones finish.
 * Any thread; safe in a signal handler. Since: 0.1 */
PGQUEUE_API int pgqueue_worker_stop(pgqueue_worker *worker);
/* The same without waiting for running handlers: their jobs are given back. Any thread; safe in a
 * signal handler. Since: 0.1 */
PGQUEUE_API int pgqueue_worker_stop_now(pgqueue_worker *worker);
/* Stops claiming until pgqueue_worker_resume. Any thread; safe in a signal handler. Since: 0.1 */
PGQUEUE_API int pgqueue_worker_pause(pgqueue_worker *worker);
PGQUEUE_API int pgqueue_worker_resume(pgqueue_worker *worker); /* Since: 0.1 */

/* Frees a worker that is not running. NULL is allowed. Handlers that outlived a drain and still
 * run keep what they use alive: then exit the process instead. Since: 0.1 */
PGQUEUE_API void pgqueue_worker_free(pgqueue_worker *worker);

/* The non-blocking face, for a loop of your own (pgqueue_libevent.h is 60 lines over these three):
 * call pgqueue_worker_process whenever the descriptor is readable or the timeout has passed. */

/* A descriptor to watch for reading; the same until pgqueue_worker_free. Since: 0.1 */
PGQUEUE_API int pgqueue_worker_fd(pgqueue_worker *worker);
/* Milliseconds until pgqueue_worker_process wants to be called without an event; -1: never. Since:
 * 0.1 */
PGQUEUE_API int pgqueue_worker_timeout_ms(pgqueue_worker *worker);
/* Does what can be done without blocking. Returns 1 while the worker lives, 0 when it has stopped
 * and drained, negative as pgqueue_worker_run. Since: 0.1 */
PGQUEUE_API int pgqueue_worker_process(pgqueue_worker *worker, pgqueue_error *error);

/* ------------------------------------------------------------------------------------------------
 * Handler modules: shared objects that pgqueued loads
 *
 * A module exports one object: const pgqueue_module pgqueue_module_entry = { ... };
 */
#define PGQUEUE_MODULE_ABI 1

/* What pgqueued offers to a module while it is loaded. */
typedef struct pgqueue_host {
    size_t size;
    void *context;        /* first argument of the functions below */
    const char *conninfo; /* the database, for connections of the module's own */
    const char *schema;   /* of the queue */
    /* The value of a key in the configuration, its default if it was not given, or NULL. section:
     * "sync", or a kind and a name, "provider foursquare". Durations come as seconds ("0.25"), yes
     * and no as true and false, paths absolute. Borrows: until unload. */
    const char *(*setting)(void *context, const char *section, const char *key);
    /* The name of the index-th section of a kind ("provider" gives "foursquare" of [provider
     * foursquare]), or NULL beyond the last. Borrows: until unload. */
    const char *(*section)(void *context, const char *kind, size_t index);
    /* Registers a handler for a queue, as pgqueue_work. */
    int (*work)(void *context, const char *queue, const pgqueue_work_options *options,
                pgqueue_handler *handler, void *user, pgqueue_error *error);
    /* As pgqueue_worker_schedule. */
    int (*schedule)(void *context, const char *key, const char *queue, const char *cron,
                    const char *tz, const char *json, const char *options, pgqueue_error *error);
    /* One line to the daemon's log. job: may be NULL; its id, queue and attempt are added. Any
     * thread. */
    void (*log)(void *context, int level, const pgqueue_job *job, const char *message);
} pgqueue_host;

typedef struct pgqueue_module_handler {
    const char *name; /* as in handler = module:FILE.so:NAME; NULL ends the list */
    pgqueue_handler *handler;
    int32_t on_loop;
} pgqueue_module_handler;

typedef struct pgqueue_module {
    uint32_t abi; /* PGQUEUE_MODULE_ABI */
    uint32_t reserved;
    const char *name;
    const char *version;
    const pgqueue_module_handler *handlers; /* may be NULL */
    /* Called once in each worker process before any handler, on the main thread. May be NULL.
     * host: borrows, until unload. state: becomes the user argument of the handlers in the list. */
    int (*load)(const pgqueue_host *host, void **state, pgqueue_error *error);
    /* Called when no handler runs any more. May be NULL. */
    void (*unload)(void *state);
} pgqueue_module;

#if defined(__GNUC__)
extern PGQUEUE_API const pgqueue_module pgqueue_module_entry;
#endif

#ifdef __cplusplus
}
#endif

#endif
