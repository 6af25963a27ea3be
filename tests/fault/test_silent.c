/* SPDX-License-Identifier: MIT */
/* Blocking calls on a server that takes connections and says nothing, and on one that is only slow.
 * Between the library and the server stands a relay, a process group that is stopped and woken; the
 * kernel goes on accepting for it. Sees the handle's inside, because the patience of half a minute
 * is shortened. */
#include "core/client.h"
#include "tap.h"
#include "testdb.h"

#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOOK_MS = 200, BIG = 8 << 20 };

static PGconn *watch;
static pid_t relay;
static atomic_int *carried; /* connections that the relay has taken, in memory shared with it */
static char through[1024];  /* the connection string that leads through the relay */

static void end_relay(void)
{
    if (relay > 0)
        kill(-relay, SIGKILL);
}

static struct sockaddr_un address(const char *folder, const char *port)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s/.s.PGSQL.%s", folder, port);
    return a;
}

/* Bytes from one socket to the other and back, until one ends. */
static void carry(int a, int b)
{
    static char bytes[65536];
    struct pollfd fds[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    for (;;) {
        poll(fds, 2, -1);
        for (int i = 0; i < 2; i++) {
            if (!(fds[i].revents & (POLLIN | POLLHUP | POLLERR)))
                continue;
            ssize_t n = read(fds[i].fd, bytes, sizeof bytes);
            if (n <= 0)
                _exit(0);
            for (ssize_t at = 0, put; at < n; at += put)
                if ((put = write(fds[1 - i].fd, bytes + at, (size_t)(n - at))) <= 0)
                    _exit(0);
        }
    }
}

static void serve(int listener, const struct sockaddr_un *server)
{
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        atomic_fetch_add(carried, 1);
        if (client < 0 || fork() != 0) {
            close(client);
            continue;
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int to = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(to, (const struct sockaddr *)server, sizeof *server) == 0)
            carry(client, to);
        _exit(0);
    }
}

static void start_relay(const char *dsn)
{
    const char *folder = getenv("PGQUEUE_TEST_TMP");
    struct sockaddr_un server = address(PQhost(watch), PQport(watch));
    struct sockaddr_un mine = address(folder ? folder : "/tmp", "5432");
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    unlink(mine.sun_path);
    carried =
        mmap(NULL, sizeof *carried, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (carried == MAP_FAILED)
        bail("no shared memory");
    if (bind(listener, (const struct sockaddr *)&mine, sizeof mine) != 0 || listen(listener, 20))
        bail("no relay at %s", mine.sun_path);
    snprintf(through, sizeof through, "%s host=%s port=5432", dsn, folder ? folder : "/tmp");
    relay = fork();
    if (relay == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(listener, &server);
    }
    setpgid(relay, relay);
    close(listener);
}

static pgqueue *open_through(int32_t answer_timeout_s)
{
    pgqueue_options o = PGQUEUE_OPTIONS_INIT;
    pgqueue_error error;
    pgqueue *queue;
    o.schema = testdb_schema();
    o.answer_timeout_s = answer_timeout_s;
    if (pgqueue_open(through, &o, &queue, &error) != PGQUEUE_OK)
        bail("%s", error.message);
    return queue;
}

/* Only now patience is short: until here a busy machine may take its time. */
static void stop_relay(pgqueue *queue)
{
    queue->session.patience.look_us = LOOK_MS * 1000;
    queue->session.patience.look_s = 2;
    kill(-relay, SIGSTOP);
}

static void wake_relay(pgqueue *queue)
{
    kill(-relay, SIGCONT);
    pgqi_patience_init(&queue->session.patience);
}

static void hung_server_is_given_up(const char *json, size_t len, const char *what)
{
    pgqueue_error error;
    pgqueue *queue = open_through(PGQUEUE_UNSET);
    is_int(pgqueue_send(queue, "q", NULL, 0, NULL, NULL, &error), PGQUEUE_OK, "a send is answered");
    stop_relay(queue);
    is_int(pgqueue_send(queue, "q", json, len, NULL, NULL, &error), PGQUEUE_EUNKNOWN,
           "%s that is not answered ends, its outcome unknown", what);
    ok(strstr(error.message, "no answer for") && strstr(error.message, "takes no new connection"),
       "the message says why (%s)", error.message);
    wake_relay(queue);
    is_int(pgqueue_send(queue, "q", NULL, 0, NULL, NULL, &error), PGQUEUE_OK,
           "the next send connects anew");
    is_int(PQisnonblocking(pgqueue_connection(queue)), 0, "the caller's connection blocks as ever");
    pgqueue_close(queue);
}

static void within_a_transaction(void)
{
    pgqueue_error error;
    pgqueue *queue = open_through(PGQUEUE_UNSET);
    int32_t installed, wanted;
    testdb_sql(pgqueue_connection(queue), "begin");
    stop_relay(queue);
    is_int(pgqueue_send(queue, "q", NULL, 0, NULL, NULL, &error), PGQUEUE_ECONN,
           "within a transaction there is no doubt");
    wake_relay(queue);
    is_int(pgqueue_send(queue, "q", NULL, 0, NULL, NULL, &error), PGQUEUE_OK, "and life goes on");
    stop_relay(queue);
    is_int(pgqueue_schema_version(queue, NULL, &installed, &wanted, &error), PGQUEUE_ECONN,
           "what changes nothing is not in doubt either");
    wake_relay(queue);
    is_int(pgqueue_schema_version(queue, NULL, &installed, &wanted, &error), PGQUEUE_OK,
           "and the next such question connects anew, too");
    pgqueue_close(queue);
}

/* Holds the table of jobs. */
static PGconn *hold_table(const char *dsn)
{
    PGconn *lock = testdb_connect(dsn);
    testdb_sql(lock, "begin; lock table /*schema*/job_live in access exclusive mode");
    return lock;
}

/* Lets go of the table when the server has been looked at three times. */
static void *let_go_after_looks(void *lock)
{
    int before = atomic_load(carried);
    long long end = testdb_ms() + 60000;
    while (atomic_load(carried) < before + 3 && testdb_ms() < end)
        testdb_pause(20);
    testdb_sql(lock, "rollback");
    return NULL;
}

static void slow_is_not_hung(const char *dsn)
{
    pgqueue_error error;
    pthread_t thread;
    pgqueue *queue = open_through(PGQUEUE_UNSET);
    PGconn *lock = hold_table(dsn);
    queue->session.patience.look_us = LOOK_MS * 1000;
    queue->session.patience.look_s = 30; /* of a busy machine */
    int before = atomic_load(carried);
    if (pthread_create(&thread, NULL, let_go_after_looks, lock) != 0)
        bail("no thread");
    is_int(pgqueue_send(queue, "q", NULL, 0, NULL, NULL, &error), PGQUEUE_OK,
           "a send that waits for a lock is waited for");
    pthread_join(thread, NULL);
    ok(atomic_load(carried) >= before + 3, "though the server was looked at meanwhile");
    PQfinish(lock);
    pgqueue_close(queue);
}

static void the_caller_may_set_a_limit(const char *dsn)
{
    pgqueue_options o = PGQUEUE_OPTIONS_INIT;
    pgqueue_error error;
    long long took = 0;
    pgqueue *queue = open_through(60), *none = NULL;
    ok(queue->session.patience.most_us == 60000000, "the limit is given in seconds");
    queue->session.patience.most_us = 1000000; /* a busy machine may need more to open */
    PGconn *lock = hold_table(dsn);
    is_int(pgqueue_send(queue, "q", NULL, 0, NULL, NULL, &error), PGQUEUE_EUNKNOWN,
           "a send ends at the limit that its caller set");
    ok(strstr(error.message, "no answer for") && !strstr(error.message, "connection"),
       "and says so (%s)", error.message);
    testdb_sql(lock, "rollback");
    PQfinish(lock);
    queue->session.patience.most_us = 0; /* of a busy machine */
    is_int(pgqueue_send(queue, "q", NULL, 0, NULL, NULL, &error), PGQUEUE_OK,
           "the next send connects anew");
    queue->session.patience.most_us = 1000000;
    is_int(pgqi_exec(&queue->session, "select pg_sleep(1.5)", &error), PGQUEUE_OK,
           "a step of a migration may take longer");
    for (int tries = 0; tries < 3; tries++) { /* on a busy machine it may take longer */
        queue->session.patience.most_us = 0;
        pgqueue_send(queue, "q", NULL, 0, NULL, NULL, &error);
        stop_relay(queue);
        queue->session.patience.most_us = 1000000;
        took = testdb_ms();
        pgqueue_send(queue, "q", NULL, 0, NULL, NULL, &error);
        took = testdb_ms() - took;
        wake_relay(queue);
        if (took < 2000)
            break;
    }
    ok(took < 2000, "no look at the server takes it beyond the limit (%lld ms)", took);
    pgqueue_close(queue);
    o.answer_timeout_s = -1;
    is_int(pgqueue_open(through, &o, &none, &error), PGQUEUE_EINVAL, "a negative limit is refused");
}

int main(void)
{
    const char *dsn = testdb_create();
    watch = testdb_connect(dsn);
    testdb_sql(watch, "select /*schema*/create_queue('q')");
    start_relay(dsn);
    atexit(end_relay);
    char *big = malloc(BIG);
    memset(big, 'x', BIG);
    big[0] = big[BIG - 1] = '"';
    hung_server_is_given_up("1", 1, "a send");
    hung_server_is_given_up(big, BIG, "a send larger than any buffer");
    free(big);
    within_a_transaction();
    slow_is_not_hung(dsn);
    the_caller_may_set_a_limit(dsn);
    return done();
}
