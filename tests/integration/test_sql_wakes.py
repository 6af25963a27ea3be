# SPDX-License-Identifier: MIT
"""Who is woken by a send or a claim, and how often somebody comes to look, in SQL."""
import invariants
import testdb
from testdb import done, is_, ok

db = testdb.create()
c = db.connect()
c.sql("select /*schema*/create_queue('q'); select /*schema*/create_queue('p')")


def one(sql, *values):
    return c.one("select /*schema*/" + sql, *values)


def sleeper(queue):
    """A worker that has announced that it sleeps, and the session that hears its bell."""
    s = db.connect()
    w = s.one("select /*schema*/register_worker('sleeper')")
    s.sql(f"listen pgqueue_{w}")
    c.sql("insert into /*schema*/job_bell (queue, worker, until) values (%s, %s, clock_timestamp() + interval '20 s')", queue, w)
    return w, s


def heard(session):
    """Whether it has heard its bell by now: a notification of its own comes behind."""
    session.raw.notifies.clear()
    session.sql("notify now; listen now; notify now")
    testdb.wait(lambda: session.raw.poll() is not None or any(n.channel == "now" for n in session.raw.notifies), 10, "a notification")
    return any(n.channel != "now" for n in session.raw.notifies)


def once(do):
    """Who of the crew hears of it."""
    do()
    return [heard(s) for _, s in crew]


# A send rings the sleeper that has announced it last, and another one: bells of a machine that is gone may still be there
crew = [sleeper("q") for _ in range(5)]
c.sql("update /*schema*/job_bell set until = until + interval '1 s' where worker = %s", crew[3][0])
rounds = [once(lambda: one("send('q')")) for _ in range(40)]
is_({(r[3], sum(r)) for r in rounds}, {(True, 2)}, "one job wakes the sleeper that was alive last, and another one")
is_([any(r[i] for r in rounds) for i in range(5)], [True] * 5, "of the others, each in its turn")
ids = "array(select jsonb_build_object('data', g) from generate_series(1, %s) g)"
is_(sum(once(lambda: c.sql(f"select /*schema*/send_many('q', {ids})", 4))), 4, "four jobs wake four")
is_(sum(once(lambda: c.sql(f"select /*schema*/send_many('q', {ids})", 50))), 5, "many wake all")

# A claim tells two sleepers of its leases, unless it says that it need not
busy = one("register_worker('busy')")
is_(once(lambda: c.sql("select * from /*schema*/fetch('q', 1, %s, p_watch => false)", busy)), [False] * 5,
    "a claim need not tell anybody to look out")
rounds = [once(lambda: c.sql("select * from /*schema*/fetch('q', 1, %s)", busy)) for _ in range(10)]
is_({(r[3], sum(r)) for r in rounds}, {(True, 2)}, "otherwise it tells the sleeper that was alive last, and another one")
for _, s in crew:
    s.close()
one("unregister_worker(%s)", busy)

# An attempt is over its time, and cannot be ended: a process that stands still keeps its lease locked
x = db.connect(autocommit=False)
w = one("register_worker('slow')")
i = one("send('p', null, '{\"expire_in\": 10}')")
lease = c.one("select lease from /*schema*/fetch('p', 1, %s)", w)
x.sql("select from /*schema*/job_lease where lease = %s for update", lease)
invariants.set_clock(c, "20 s")


def poll():
    return c.one("select wait_ms from /*schema*/poll(%s)", w)


def looked():
    return c.one("select look_on from /*schema*/maintenance")


before = looked()
poll()
ok(looked() > before, "an attempt that is over its time is looked at")
before = looked()
wait = [poll() for _ in range(20)]
is_(looked(), before, "if it cannot be ended, not again at each poll")
ok(min(wait) > 200 and max(wait) <= 1000, f"but within a second ({min(wait)} to {max(wait)} ms)")
invariants.set_clock(c, "21 s")
poll()
ok(looked() > before, "then it is")
x.rollback()
invariants.set_clock(c, "22 s")
poll()
is_(c.one("select state::text from /*schema*/job where id = %s", i), "retry", "and it ends when it can")

# One that comes to its end after the look is ended at once
invariants.set_clock(c, "100 s")
one("maintain()")
c.sql("select * from /*schema*/fetch('p', 1, %s)", w)
c.sql("update /*schema*/job_lease set expire_on = /*schema*/clock() + interval '150 ms'")
wait = poll()
ok(wait <= 150, f"a worker is up when an attempt's time ends ({wait} ms)")
done()
