# SPDX-License-Identifier: MIT
"""Large claims of several workers on one queue: beyond two they wait for each other, but never for long; and who had to wait
begins behind what the others took. The worker that holds the others up is frozen: its answer does not fit into its
socket."""
import os

import psycopg2

import invariants
import testdb
from testdb import done, is_, ok

MANY, N = 1000, 200  # N: from so many on a claim is large

db = testdb.create()
a, d, b = db.connect(autocommit=False), db.connect(autocommit=False), db.connect()
eyes = testdb.Connection(os.environ["PGQUEUE_TEST_SUPER_DSN"])
b.sql("select /*schema*/create_queue('q')")
FETCH = "select id from /*schema*/fetch('q', %s, %s, %s::int[], %s::timestamptz[], %s::bigint[], false, %s)"
START = ["{}", "{}", "{}"]
BEHIND_ALL = ["{0}", "{-infinity}", "{0}"]


def clock(sql):
    b.sql("create or replace function /*schema*/clock() returns timestamptz language sql stable parallel safe as $f$ select "
          + sql + " $f$")


def take(session, n=N, place=START):
    return [i for (i,) in session.sql(FETCH, n, workers[session], *place, True)]


def claim(n=N, place=BEHIND_ALL, known="nobody"):
    """Ids that b claims, and whom it waited for in vain; known: the one before."""
    b.sql("select set_config('pgqueue.claim_waited_for', %s, false)", known)
    ids = take(b, n, place)
    return ids, b.one("select current_setting('pgqueue.claim_waited_for')")


def send(n, options="{}"):
    return [i for (i,) in b.sql("select /*schema*/send('q', jsonb_build_object('x', repeat('x', 1000)), %s)"
                                " from generate_series(1, %s)", options, n)]


def send_earlier():
    """A job that comes before all others, as if its transaction had begun long ago."""
    clock("timestamptz '2030-06-01 12:00+00'")
    sent = send(1)
    clock("timestamptz '2031-01-01 12:00+00'")
    return sent[0]


def give_back():
    a.rollback()
    d.rollback()
    b.sql("select /*schema*/release(id, lease) from /*schema*/job_lease, unnest(ids) id")


# The time stands, so that no pause ends before its time. Nobody's beat is old: a claim would wait to write it.
clock("timestamptz '2031-01-01 12:00+00'")
workers = {s: b.one("select /*schema*/register_worker('w')") for s in (a, d, b, "frozen")}
ids = send(MANY + 8 * N)

# What may be part of a long transaction keeps nobody waiting; small claims do not, either.
a.sql(FETCH, N, None, *START, False)
a.sql(FETCH, N, workers[a], *START, False)
take(a, N - 1)
take(d)
is_(claim()[1], "nobody", "fetches by hand, small claims, and one large claim in progress are not waited for")
give_back()
take(a)
take(d)
is_(claim(N - 1)[1], "nobody", "nor does a small one wait")
give_back()

frozen = psycopg2.connect(db.dsn, async_=1)
testdb.wait(lambda: frozen.poll() == psycopg2.extensions.POLL_OK, 10, "a connection")
frozen.cursor().execute(testdb.mark(FETCH).replace("select id", "select *"), [MANY, workers["frozen"], *START, True])
eyes.wait("select wait_event = 'ClientWrite' from pg_stat_activity where pid = %s", frozen.info.backend_pid)
holder = eyes.one("select virtualtransaction from pg_locks where pid = %s limit 1", frozen.info.backend_pid)
is_(claim()[1], "nobody", "while a frozen worker's claim cannot end the next one does not wait")
take(d)
first = claim()
is_((len(first[0]), first[1]), (N, holder), "nor do two at once, for long: the second claims beside")
second = claim(N, BEHIND_ALL, holder)
is_(len(second[0]), N, "again, after it has waited a second time")
third = claim()
is_((len(third[0]), third[1]), (N, "nobody"), "from then on it does not wait for the same claim")
is_(len({*first[0], *second[0], *third[0]}), 3 * N, "nothing is claimed twice")

# The key that the last one left: whoever claims in a crowd begins behind it.
early = send_earlier()
urgent = send(1, '{"priority": 5}')[0]
got = claim(N, BEHIND_ALL)[0]
is_(got[0], urgent, "a higher priority comes first, wherever another has claimed")
ok(len(got) == N and early not in got, "a claim begins behind what the others took")
got = claim(N, START)
is_((got[0][0], got[1]), (early, "nobody"), "a claim from the start begins there, and at once: it finds what came late")
early = send_earlier()
send(N)
for _ in range(70):
    b.sql("select pg_current_xact_id()")
is_(claim(N, BEHIND_ALL)[0][0], early, "a key left 64 transactions ago is not looked for")

clock("timestamptz '2031-01-01 12:00:06+00'")
send(N)
is_(claim()[1], holder, "some seconds later it waits again, once")
frozen.close()
eyes.wait("select not exists (select from pg_locks where virtualtransaction = %s)", holder)
d.rollback()
left = b.one("select count(*)::int from /*schema*/job_ready")
got = claim(2 * MANY, START)
is_((len(got[0]), got[1]), (left, "nobody"), "when the frozen worker is gone its jobs are there again")
ok(left >= MANY, "all of them")
invariants.holds(b, "after claims beside each other")

# The plain case: a claim waits for the end of another, and finds what is there then.
clock("pg_catalog.clock_timestamp()")
send(3 * N)
other = db.connect()


def waited(meanwhile=None):
    """What the first of two claims in progress held, and what a third one got that waited for its end."""
    for _ in range(20):
        b.sql("select set_config('pgqueue.claim_waited_for', 'nobody', false)")
        for _ in range(70):  # nobody's key is behind what is ready again
            b.sql("select pg_current_xact_id()")
        held = take(a)
        take(d)
        future = b.start(FETCH, N, workers[b], *BEHIND_ALL, True)
        testdb.wait(lambda: future.done() or eyes.one("select %s = any (pg_blocking_pids(%s))", a.pid, b.pid), 60, "a claim that waits")
        if meanwhile:
            other.sql(meanwhile)
        waits = eyes.one("select %s = any (pg_blocking_pids(%s))", a.pid, b.pid)
        a.rollback()
        got = [i for (i,) in future.result(60)]
        # Unless the machine was so slow that its time was over.
        if waits and b.one("select current_setting('pgqueue.claim_waited_for')") == "nobody":
            break
        other.sql("select /*schema*/resume_queue('q')")
        give_back()
    return held, got


held, got = waited()
is_(got, held, "a claim waits for the end of another, and takes what that left")
give_back()
is_(waited("select /*schema*/pause_queue('q')")[1], [], "but nothing of a queue that is paused meanwhile")
other.sql("select /*schema*/resume_queue('q')")
give_back()
held, got = waited("select /*schema*/send('q', (select jsonb_build_object('x', string_agg(md5(random()::text), '')) from generate_series(1, 3200)),"
                   " '{\"priority\": 5}') from generate_series(1, 100)")
ok(0 < len(got) < 60, f"and 4 MiB at most of payloads that came meanwhile, 100 kB each ({len(got)})")
done()
