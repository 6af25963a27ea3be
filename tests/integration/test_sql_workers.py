# SPDX-License-Identifier: MIT
"""Workers in SQL: registration, life and death, bells, poll and its maintenance."""
import datetime

import invariants
import testdb
from testdb import done, is_, ok

S = datetime.timedelta(seconds=1)
db = testdb.create()
c = db.connect()
c.sql("select /*schema*/create_queue('q', '{\"retry_limit\": 2, \"retry_delay\": 100}'); select /*schema*/create_queue('p')")


def one(sql, *values):
    return c.one("select /*schema*/" + sql, *values)


def jobs(n, queue="q"):
    return [one("send(%s)", queue) for _ in range(n)]


def states(ids):
    return [tuple(r) for r in c.sql("select state::text, attempt from unnest(%s::bigint[]) with ordinality u(id, o)"
                                    " join /*schema*/job j using (id) order by o", ids)]


def claim(session, worker, n, queue="q"):
    return dict(session.sql("select id, lease from /*schema*/fetch(%s, %s, %s)", queue, n, worker))


def poll(session, worker, **more):
    names = ("queues", "sleep", "running", "leases")
    kinds = ("text[]", "text[]", "bigint[]", "bigint[]")
    return session.sql("select known, due, wait_ms, gone from /*schema*/poll(%s, " + ", ".join(f"%s::{k}" for k in kinds) + ")",
                       worker, *[more.get(n) for n in names])[0]


def end(ids):
    for i in ids:
        c.sql("select /*schema*/cancel(%s)", i)


# A worker dies: its lock is free
a = db.connect()
w = a.one("select /*schema*/register_worker('first')")
is_(c.sql("select name, beat_on = started_on from /*schema*/job_worker where id = %s", w), [("first", True)], "a worker is registered")
ids = jobs(4)
held = claim(a, w, 3)
a.one("select /*schema*/complete(%s, %s)", ids[0], held[ids[0]])
is_(c.one("select count(*) from /*schema*/job where worker = %s", w), 3, "its jobs show it, running and finished")
one("maintain()")
is_(states(ids[1:3]), [("active", 1)] * 2, "while its connection lives its jobs are left alone")
a.close()
testdb.wait(lambda: not one("lives(%s)", w), 10, "the lock is free")
t0 = c.one("select clock_timestamp()")
one("maintain()")
is_(states(ids[1:3]), [("active", 1)] * 2, "a connection that broke has a moment to come back")
testdb.wait(lambda: one("maintain()") and c.one("select state = 'retry' from /*schema*/job where id = %s", ids[1]), 10, "rescue")
ok(c.one("select clock_timestamp() - %s < interval '3 s'", t0), "within 3 s of its death its jobs are free")
is_(states(ids), [("completed", 1), ("retry", 1), ("retry", 1), ("created", 0)], "claimable again, the attempt counted")
is_(c.one("select bool_and(start_after <= clock_timestamp()) from /*schema*/job where id = any(%s)", ids[1:]), True, "at once")
is_(one("complete(%s, %s)", ids[1], held[ids[1]]), "lost", "and its late settle would be lost")
is_(c.one("select count(*) from /*schema*/job_worker"), 0, "the worker is gone")
end(ids)

# Frozen: it has its lock but does not beat
a = db.connect()
w = a.one("select /*schema*/register_worker('frozen')")
ids = jobs(1)
held = claim(a, w, 1)
invariants.set_clock(c, "29 s")
one("maintain()")
is_(states(ids), [("active", 1)], "29 s without a beat are forgiven")
is_(poll(a, w)[0], True, "a poll is a beat")
invariants.set_clock(c, "50 s")
one("maintain()")
is_(states(ids), [("active", 1)], "which counts from then")
invariants.set_clock(c, "62 s")
one("maintain()")
is_(states(ids), [("retry", 1)], "after 30 s without one its jobs are taken away")
is_(poll(a, w, running=ids, leases=list(held.values()))[0], False, "when it comes back its poll says that it is not known")
is_(poll(a, w, running=ids, leases=list(held.values()))[3], ids, "and that its job is gone")
end(ids)
w = a.one("select /*schema*/register_worker('idle')")
invariants.set_clock(c, "200 s")
one("maintain()")
is_(poll(a, w)[0], True, "a worker without leases is never dead")
invariants.set_clock(c, "1 h")
c.sql("update /*schema*/maintenance set sweep_on = '-infinity'")
one("maintain()")
is_(c.one("select count(*) from /*schema*/job_worker where id = %s", w), 1, "nor pruned while its connection lives")
a.close()
testdb.wait(lambda: not one("lives(%s)", w), 10, "the lock is free")
c.sql("update /*schema*/maintenance set sweep_on = '-infinity'")
one("maintain()")
is_(c.one("select count(*) from /*schema*/job_worker where id = %s", w), 0, "without one it is, after five minutes")
invariants.set_clock(c, "0")

# Behind a pooler: the session is not the worker's
a = db.connect()
w = a.one("select /*schema*/register_worker('pooled', null, null, pg_backend_pid() + 1)")
ids = jobs(1)
held = claim(a, w, 1)
is_(one("lives(%s)", w), False, "a worker whose session is a pooler's takes no lock")
for at in ("1 s", "5 s", "10 s"):
    invariants.set_clock(c, at)
    one("maintain()")
is_(states(ids), [("active", 1)], "and its jobs stay its own though there is no lock")
is_(poll(a, w)[0], True, "a poll is its beat")
c.sql("update /*schema*/job_worker set beat_on = beat_on + interval '1 h' where id = %s", w)
one("maintain()")
invariants.set_clock(c, "38 s")
one("maintain()")
is_(states(ids), [("active", 1)], "which counts, at a clock that was set back from now")
invariants.set_clock(c, "41 s")
one("maintain()")
is_(states(ids), [("retry", 1)], "after 30 s without one they are taken away")
invariants.set_clock(c, "0")
w = a.one("select /*schema*/register_worker('pooled', null, null, pg_backend_pid() + 1)")
a.raw.notices.clear()
a.one("select /*schema*/unregister_worker(%s)", w)
is_(list(a.raw.notices), [], "it leaves without a warning about a lock")
w = a.one("select /*schema*/register_worker('direct', null, null, pg_backend_pid())")
is_(one("lives(%s)", w), True, "with a session of its own a worker has its lock")
a.one("select /*schema*/unregister_worker(%s)", w)
end(ids)
a.close()

# A clock set back does not keep a dead worker alive
a = db.connect()
w = a.one("select /*schema*/register_worker('back')")
ids = jobs(1)
claim(a, w, 1)
c.sql("update /*schema*/job_worker set beat_on = beat_on + interval '1 h' where id = %s", w)
one("maintain()")
invariants.set_clock(c, "40 s")
one("maintain()")
is_(states(ids), [("retry", 1)], "a beat of the future, from before the clock was set back, counts from now")
invariants.set_clock(c, "0")
end(ids)

# Reconnect: it takes its leases along, but not those whose answer it never saw
a, b = db.connect(), db.connect()
w = a.one("select /*schema*/register_worker('was')")
ids = jobs(4)
first, second = claim(a, w, 2), claim(a, w, 2)
a.close()
v = b.one("select /*schema*/register_worker('is', %s, %s::bigint[])", w, [first[ids[0]]])
ok(v != w, "after a reconnect a worker has a new number")
is_(states(ids), [("active", 1)] * 2 + [("created", 0)] * 2, "it keeps what it knows, the rest goes back uncharged")
for _ in range(3):
    one("maintain()")
is_([b.one("select /*schema*/complete(%s, %s)", i, first[i]) for i in ids[:2]], ["ok", "ok"], "its settles count")
is_(one("complete(%s, %s)", ids[2], second[ids[2]]), "lost", "those of the other lease not")
end(ids)

# A supervisor tells how a worker died
for started, culprits, want in ((2, 0, [("retry", 1), ("retry", 1), ("created", 0), ("created", 0)]),
                                (2, 1, [("retry", 1), ("created", 0), ("created", 0), ("created", 0)]),
                                (0, 0, [("created", 0)] * 4)):
    w = b.one("select /*schema*/register_worker('crash')")
    ids = jobs(4)
    held = claim(b, w, 4)
    is_(one("worker_died(%s, %s::bigint[], %s::bigint[], 'signal 11')", w, ids[:started], ids[:culprits]), 4,
        f"a crash with {started} started and {culprits} culprits frees four jobs")
    is_(states(ids), want, "and charges those alone that deserve it")
    if culprits:
        ok(c.one("select start_after > clock_timestamp() + interval '40 s' and output ->> 'message' like '%%signal 11%%' from /*schema*/job where id = %s", ids[0]),
           "the culprit waits for its backoff, and says why")
    end(ids)
invariants.holds(c, "after deaths")

# unregister gives back
w = b.one("select /*schema*/register_worker('leaves')")
ids = jobs(2)
claim(b, w, 2)
b.sql("select /*schema*/unregister_worker(%s)", w)
is_(states(ids), [("created", 0)] * 2, "a worker that leaves gives its jobs back uncharged")
is_(one("lives(%s)", w), False, "and its lock")
end(ids)

# poll: what is due, when to come again
c.sql("update /*schema*/maintenance set sweep_on = '-infinity'")
one("maintain()")
is_(c.one("select count(*) from /*schema*/job_lease"), 0, "leases without an open job are swept away")
w = b.one("select /*schema*/register_worker('polls')")
known, due, wait, gone = poll(b, w)
is_((known, due, gone), (True, [], []), "an idle poll")
ok(29000 < wait <= 30000, "asks to come again in 30 s")
i = one("send('q', '1', '{\"start_after\": 20}')")
ok(5000 < poll(b, w)[2] <= 20000, "or at the start of the next job")
ok(poll(b, w, queues=["p"])[2] > 29000, "of its queues")
one("run_now(%s)", i)
is_(poll(b, w)[1], ["q"], "a queue with a due job is named")
is_(poll(b, w, queues=["p"])[1], [], "if it is one of its own")
one("pause_queue('q')")
is_(poll(b, w)[1], [], "and not paused")
one("resume_queue('q')")
held = claim(b, w, 1)
ok(poll(b, w)[2] <= 10000, "a worker with leases beats every 10 s")
ok(poll(c, one("register_worker('other')"))[2] <= 1000, "while others have leases somebody looks each second")
ok(poll(b, w)[2] <= 1000, "so does one that has some of its own, if there are others: nobody tells it of theirs")
is_(poll(b, w, running=[i], leases=[held[i]])[3], [], "a running job is not gone")
is_(poll(b, w, running=[i], leases=[held[i] + 1])[3], [i], "in another lease it is")
end([i])
is_(poll(b, w, running=[i], leases=[held[i]])[3], [i], "cancelled it is")

# Bells
b.sql(f"listen pgqueue_{w}")
b.raw.notifies.clear()
poll(b, w, sleep=["q"])
ids = [one("send('p')")]
b.raw.poll()
is_(b.raw.notifies, [], "a send to another queue rings no bell")
ids += [one("send('q', '1', '{\"start_after\": 3600}')")]
b.raw.poll()
is_(b.raw.notifies, [], "nor one that starts after the sleep")
ids += [one("send('q')")]
is_(b.notified(5), True, "a send that starts before rings")
b.raw.notifies.clear()
c.sql("select /*schema*/send('q') from generate_series(1, 100)")
b.notified(5)
b.raw.poll()
is_(len(b.raw.notifies), 0, "once per transaction, whatever it sends")
claim(b, w, 1)
b.sql("select * from /*schema*/fetch('q', 1, %s, null, null, null, true)", w)
one("send('q')")
b.raw.poll()
is_(b.raw.notifies, [], "a claim that says that it is awake takes the announcement back")
poll(b, w, sleep=["q"])
one("pause_queue('q')")
one("resume_queue('q')")
is_(b.notified(5), True, "the end of a pause rings")
i = one("send('q', '1', '{\"priority\": 9}')")
b.raw.notifies.clear()
held = claim(b, w, 1)
one("cancel(%s)", i)
ok(b.notified(5), "a worker is told that its running job was cancelled")
invariants.holds(c, "at the end")

# A sleeper is told when another begins to hold leases: somebody must look out for that one's death
c.sql("select /*schema*/delete_queue('q'); select /*schema*/create_queue('q')")
c.sql("update /*schema*/maintenance set sweep_on = '-infinity'")
one("maintain()")
busy = one("register_worker('busy')")
jobs(3)
ok(poll(b, w, queues=["p"], sleep=["p"])[2] > 5000, "a worker sleeps on another queue")
b.raw.poll()
b.raw.notifies.clear()
claim(c, busy, 1)
is_(b.notified(5), True, "when another claims it is told")
ok(poll(b, w, queues=["p"], sleep=["p"])[2] <= 1000, "and looks each second from then on")

# A frozen process that holds a lease's row locked does not keep others' jobs
x, y = db.connect(autocommit=False), db.connect()
c.sql("select /*schema*/delete_queue('q'); select /*schema*/create_queue('q')")
ids = jobs(2)
wx = x.one("select /*schema*/register_worker('locks')")
hx = claim(x, wx, 1)
x.commit()
wy = y.one("select /*schema*/register_worker('free')")
hy = claim(y, wy, 1)
x.one("select /*schema*/touch(%s, %s)", ids[0], hx[ids[0]])
invariants.set_clock(c, "100 s")
for n in range(3):
    one("maintain()")
is_(states(ids), [("active", 1), ("retry", 1)], "a lease that a frozen process holds locked keeps nobody else's jobs")
x.rollback()
one("maintain()")
is_(states(ids), [("retry", 1), ("retry", 1)], "and goes when it is let go")

# Several call maintain at once: one works
x.sql("begin")
is_(x.one("select /*schema*/maintain()"), True, "one maintains")
is_(one("maintain()"), False, "another returns at once")
x.commit()
is_(one("maintain()"), True, "afterwards it is its turn")
done()
