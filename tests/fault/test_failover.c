/* SPDX-License-Identifier: MIT */
/* Several hosts in a connection string, of which one takes connections and says nothing, drops
 * them, or closes them: the worker goes on to the next. Sees the worker's inside, because the
 * patience of half a minute is shortened. */
#include "run/worker.h"
#include "tap.h"
#include "testdb.h"
#include "testworker.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FILLERS = 8 };

static PGconn *watch;
static struct testworker_seen seen;
static char black[80];     /* the folder of a server that is silent */
static int silent;         /* its socket */
static char rest[256];     /* the connection string without hosts */
static char dsn[1024];     /* that of a case */
static pid_t stopped;      /* a server process */
static atomic_int closing; /* whether the silent server closes its connections now */

/* A stopped server process would hold up the end of the test's database. */
static void wake_stopped(void)
{
    if (stopped != 0)
        kill(stopped, SIGCONT);
    stopped = 0;
}

static void be_silent(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const char *tmp = getenv("PGQUEUE_TEST_TMP");
    snprintf(black, sizeof black, "%s/black", tmp ? tmp : "/tmp");
    int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/.s.PGSQL.%s", black, PQport(watch));
    mkdir(black, 0700);
    unlink(a.sun_path);
    silent = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (n >= (int)sizeof a.sun_path || bind(silent, (const struct sockaddr *)&a, sizeof a) != 0 ||
        listen(silent, 100) != 0)
        bail("no silent server in %s", black);
}

/* How many asked the silent server since the last time; they are sent away. */
static int callers(void)
{
    int n = 0;
    for (int fd; (fd = accept(silent, NULL, NULL)) >= 0; n++)
        close(fd);
    return n;
}

static void *close_all(void *none)
{
    while (closing) {
        callers();
        testdb_pause(5);
    }
    return none;
}

static int do_nothing(pgqueue_job *job, void *user)
{
    (void)job, (void)user;
    return PGQUEUE_DONE;
}

static pgqueue_worker *connects(const char *what)
{
    pgqueue_worker_options o = testworker_options(&seen);
    pgqueue_work_options wo = PGQUEUE_WORK_OPTIONS_INIT;
    memset(&seen, 0, sizeof seen);
    wo.queue_options = "{}";
    pgqueue_worker *w = testworker_new(dsn, &o);
    testworker_work(w, "found", &wo, do_nothing, NULL);
    testworker_until(w, &seen.connected, 1, what);
    ok(1, "a worker finds the second host, %s", what);
    return w;
}

static void finds_second(const char *what, const char *why)
{
    pgqueue_worker *w = connects(what);
    ok(strstr(seen.why, why) != NULL, "and says what the first did (%s)", seen.why);
    is_int(testworker_end(w), PGQUEUE_OK, "it ends well");
}

static void silent_host(void)
{
    char why[200];
    snprintf(why, sizeof why, "no answer within 2 s from host %s port %s", black, PQport(watch));
    snprintf(dsn, sizeof dsn, "%s host=%s,%s port=%s connect_timeout=2", rest, black, PQhost(watch),
             PQport(watch));
    finds_second("when the first is silent, with one port for both", why);
    snprintf(dsn, sizeof dsn, "%s host=%s,%s,%s port=%s,%s,%s connect_timeout=2", rest, "/nowhere",
             black, PQhost(watch), PQport(watch), PQport(watch), PQport(watch));
    finds_second("when one is refused and one silent", why);
    snprintf(dsn, sizeof dsn, "%s", rest);
    char hosts[200];
    snprintf(hosts, sizeof hosts, "%s,%s", black, PQhost(watch));
    setenv("PGHOST", hosts, 1);
    setenv("PGPORT", PQport(watch), 1);
    setenv("PGCONNECT_TIMEOUT", "2", 1);
    finds_second("when the environment names them", why);
    unsetenv("PGHOST");
    unsetenv("PGPORT");
    unsetenv("PGCONNECT_TIMEOUT");
}

static void in_a_service_file(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/service.conf", black);
    FILE *f = fopen(path, "w");
    if (f == NULL ||
        fprintf(f, "[queue]\nhost=%s,%s\nport=%s\n", black, PQhost(watch), PQport(watch)) < 0)
        bail("cannot write %s", path);
    fclose(f);
    setenv("PGSERVICEFILE", path, 1);
    snprintf(dsn, sizeof dsn, "%s service=queue connect_timeout=2", rest);
    finds_second("when a service file names them", "no answer within 2 s");
    unsetenv("PGSERVICEFILE");
}

/* A listener whose queue is full: the kernel drops the packets of those who come. */
static void packets_are_dropped(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t size = sizeof a;
    int fillers[FILLERS];
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int full = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(full, (const struct sockaddr *)&a, sizeof a) != 0 || listen(full, 0) != 0 ||
        getsockname(full, (struct sockaddr *)&a, &size) != 0)
        bail("no listener");
    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fillers[i], (const struct sockaddr *)&a, sizeof a);
    }
    int port = ntohs(a.sin_port);
    char why[100];
    snprintf(why, sizeof why, "no answer within 2 s from host db.example.org (127.0.0.1) port %d",
             port);
    snprintf(dsn, sizeof dsn,
             "%s host=db.example.org,%s hostaddr=127.0.0.1, port=%d,%s connect_timeout=2", rest,
             PQhost(watch), port, PQport(watch));
    finds_second("when the first drops packets", why);
    for (int i = 0; i < FILLERS; i++)
        close(fillers[i]);
    close(full);
}

/* A relay whose server is away. */
static void connections_are_closed(void)
{
    pthread_t thread;
    closing = 1;
    if (pthread_create(&thread, NULL, close_all, NULL) != 0)
        bail("no thread");
    snprintf(dsn, sizeof dsn, "%s host=%s,%s port=%s", rest, black, PQhost(watch), PQport(watch));
    finds_second("when the first closes what it took", black);
    closing = 0;
    pthread_join(thread, NULL);
}

static void after_a_loss(void)
{
    snprintf(dsn, sizeof dsn, "%s host=%s,%s port=%s", rest, black, PQhost(watch), PQport(watch));
    setenv("PGCONNECT_TIMEOUT", "2", 1);
    callers(); /* of the cases before */
    pgqueue_worker *w = connects("before it is lost");
    while (w->claim.state != CONN_IDLE || w->settle.state != CONN_IDLE)
        testworker_turn(w);
    ok(callers() >= 2, "both connections asked the silent one");
    setenv("PGCONNECT_TIMEOUT", "60", 1); /* of a busy machine */
    testdb_sql(watch, "select pg_terminate_backend(%d), pg_terminate_backend(%d)",
               PQbackendPID(w->claim.pg), PQbackendPID(w->settle.pg));
    testworker_until(w, &seen.connected, 2, "the connection after a loss");
    is_int(callers(), 0, "a lost host is the first that is tried again, not the silent one");
    while (w->claim.state != CONN_IDLE || w->settle.state != CONN_IDLE)
        testworker_turn(w);
    setenv("PGCONNECT_TIMEOUT", "2", 1);
    w->claim.patience_us = 400000;
    stopped = PQbackendPID(w->claim.pg);
    testdb_wait(watch, 60000, "select state = 'idle' from pg_stat_activity where pid = %d",
                (int)stopped);
    kill(stopped, SIGSTOP);
    int lost = seen.disconnected;
    w->poll_us = 0;
    testworker_until(w, &seen.disconnected, lost + 1, "the loss of a silent server");
    ok(strstr(seen.why, "no answer for 0.4 s") != NULL, "a host that falls silent is given up (%s)",
       seen.why);
    testworker_until(w, &seen.connected, 3, "the connection after that");
    ok(callers() >= 1, "and the next one is tried, then this one again");
    unsetenv("PGCONNECT_TIMEOUT");
    wake_stopped();
    is_int(testworker_end(w), PGQUEUE_OK, "the worker ends well");
}

int main(void)
{
    watch = testdb_connect(testdb_create());
    atexit(wake_stopped);
    snprintf(rest, sizeof rest, "user=%s dbname=%s", PQuser(watch), PQdb(watch));
    be_silent();
    silent_host();
    in_a_service_file();
    packets_are_dropped();
    connections_are_closed();
    after_a_loss();
    return done();
}
