# SPDX-License-Identifier: MIT
"""What time does to jobs, in SQL: backoff and its jitter, expiry, dead letters, retention; with a clock set by the test."""
import datetime

import invariants
import testdb
from testdb import done, is_, ok

S = datetime.timedelta(seconds=1)
db = testdb.create()
c = db.connect()


def one(sql, *values):
    return c.one("select /*schema*/" + sql, *values)


def fetch(queue):
    return c.sql("select id, lease, attempt from /*schema*/fetch(%s, 1)", queue)[0]


def state(id_):
    return c.one("select state::text from /*schema*/job where id = %s", id_)


def sweep():
    c.sql("update /*schema*/maintenance set sweep_on = '-infinity', rested_on = '-infinity'")
    return one("maintain()")


# The delay before each retry: in (d/2, d], doubled, capped
for ms, most, backoff, k, d in ((60000, None, True, 1, 60), (60000, None, True, 2, 120), (60000, None, True, 5, 960), (60000, 300000, True, 5, 300),
                                (60000, None, True, 30, 86400), (60000, None, False, 7, 60), (172800000, 1000, False, 3, 172800),
                                (172800000, None, True, 3, 172800), (0, None, True, 3, 0), (1, None, True, 32000, 86400)):
    low, high, mean = c.sql("select min(extract(epoch from d)), max(extract(epoch from d)), avg(extract(epoch from d)) from"
                            " (select /*schema*/retry_delay(%s, %s, %s, %s) as d from generate_series(1, 2000)) x", ms, most, backoff, k)[0]
    name = f"retry {k} of {ms} ms, at most {most}, backoff {backoff}"
    ok((d / 2 < low and high <= d) if d else high == 0, f"waits between half and all of {d} s: {name}")
    ok(abs(float(mean) - d * 0.75) < d * 0.03 + 1e-9 and (d == 0 or (low < d * 0.55 and high > d * 0.95)), "drawn evenly")
c.sql("select /*schema*/create_queue('r', '{\"retry_limit\": 3, \"retry_delay\": 100, \"retry_delay_max\": 150}')")
i = one("send('r')")
for attempt, least, most in ((1, 50, 100), (2, 75, 150), (3, 75, 150)):
    got = fetch("r")
    is_(got[2], attempt, f"attempt {attempt}")
    one("fail(%s, %s, %s)", got[0], got[1], f"error {attempt}")
    ok(least < c.one("select extract(epoch from start_after - (attempts -> -1 ->> 'ended_on')::timestamptz) from /*schema*/job where id = %s", i) <= most,
       "waits by its backoff")
    one("run_now(%s)", i)
got = fetch("r")
is_(got[2], 4, "retry_limit 3 means four runs")
one("fail(%s, %s)", got[0], got[1])
is_(state(i), "failed", "and no fifth")

# Dead letters
c.sql("select /*schema*/create_queue('letters', '{\"keep_finished\": 0}');"
      "select /*schema*/create_queue('d', '{\"retry_limit\": 0, \"dead_letter\": \"letters\"}'); select /*schema*/create_queue('special')")
i = one("send('d', '{\"a\": [1, \"ü\"]}', '{\"priority\": 5, \"singleton_key\": \"k\"}')")
got = fetch("d")
one("fail(%s, %s, 'broken')", got[0], got[1])
letter = c.sql("select id, data, origin, priority, state::text, attempt from /*schema*/job where queue = 'letters'")
is_(letter[0][1:], ({"a": [1, "ü"]}, {"id": i, "queue": "d", "error": {"message": "broken"}}, 0, "created", 0),
    "a job that failed for good has a copy in the dead letter queue, with its origin and error")
is_(state(i), "failed", "and stays itself")
is_(c.one("select dead_letter from /*schema*/job where id = %s", i), "letters", "telling where")
for how in ("cancel(%s)", "delete_job(%s)"):
    one(how, one("send('d')"))
one("complete(%s, %s)", *(lambda g: (g[0], g[1]))([one("send('d')"), fetch("d")][1]))
is_(c.one("select count(*) from /*schema*/job where queue = 'letters'"), 1, "jobs that are cancelled, deleted or completed have none")
j = one("send('d', '1', '{\"dead_letter\": \"special\"}')")
got = fetch("d")
one("fail(%s, %s)", got[0], got[1])
is_(c.one("select origin ->> 'id' from /*schema*/job where queue = 'special'"), str(j), "a job may have a dead letter queue of its own")
j = one("send('d', '1', '{\"dead_letter\": \"special\"}')")
c.sql("select /*schema*/delete_queue('special')")
got = fetch("d")
is_(one("fail(%s, %s)", got[0], got[1]), "ok", "a dead letter queue that is gone keeps no job from failing")
got = fetch("letters")
one("complete(%s, %s)", got[0], got[1])
is_(c.one("select count(*) from /*schema*/job_finished where queue = 'letters'"), 0, "a queue that keeps nothing keeps nothing")
invariants.holds(c, "after dead letters")

# Expiry: the attempt's own time
c.sql("select /*schema*/create_queue('e', '{\"retry_limit\": 1, \"retry_delay\": 0, \"expire_in\": 100}')")
a, b = one("send('e', '\"slow\"')"), one("send('e', '\"long\"', '{\"expire_in\": 1000}')")
rows = dict(c.sql("select id, lease from /*schema*/fetch('e', 2)"))
is_(one("maintain()"), True, "maintenance is done")
is_((state(a), state(b)), ("active", "active"), "within its time an attempt runs on")
invariants.set_clock(c, "90 s")
is_(one("touch(%s, %s)", a, rows[a]), "ok", "it is touched")
invariants.set_clock(c, "110 s")
one("maintain()")
is_((state(a), state(b)), ("active", "active"), "a touched attempt has its full time again")
invariants.set_clock(c, "195 s")
one("maintain()")
is_((state(a), state(b)), ("retry", "active"), "over its time it has failed, its neighbour runs on")
ok("expire_in" in c.one("select output ->> 'message' from /*schema*/job where id = %s", a), "the error says why")
is_(one("complete(%s, %s)", a, rows[a]), "lost", "its late settle is lost")
got = fetch("e")
is_((got[0], got[2]), (a, 2), "it runs again, the attempt counted")
invariants.set_clock(c, "1200 s")
one("maintain()")
is_((state(a), state(b)), ("failed", "retry"), "over its time again it has failed for good; the neighbour is over its own")
is_(c.one("select count(*) from /*schema*/job_lease"), 0, "no lease is left")
invariants.holds(c, "after expiry")

# One that cannot be expired (its hook fails) does not keep the others
c.sql("create function public.broken(bigint[], text, jsonb[]) returns void language plpgsql as $$ begin raise 'broken hook'; end $$;"
      "select /*schema*/create_queue('h', '{\"retry_limit\": 0, \"expire_in\": 1}'); select /*schema*/set_end_hook('h', 'public.broken');"
      "select /*schema*/create_queue('i', '{\"retry_limit\": 0, \"expire_in\": 1}')")
h, i = one("send('h')"), one("send('i')")
worker = one("register_worker('gone')")
for queue in ("h", "i"):
    fetch(queue)
k, l = one("send('h')"), one("send('i')")
other = db.connect()
dead = other.one("select /*schema*/register_worker('dead')")
for queue in ("h", "i"):
    other.sql("select * from /*schema*/fetch(%s, 1, %s)", queue, dead)
other.close()
invariants.set_clock(c, "1300 s")
one("maintain()")
is_((state(h), state(i)), ("active", "failed"), "an attempt that cannot be ended does not keep others from their end")
invariants.set_clock(c, "1400 s")
one("maintain()")
is_(state(l), "failed", "nor a worker's jobs those of another")
c.sql("select /*schema*/set_end_hook('h', null)")
invariants.set_clock(c, "1500 s")
for n in range(3):
    invariants.set_clock(c, f"{1500 + 5 * n} s")
    one("maintain()")
is_((state(h), state(k)), ("failed", "failed"), "without the hook they end")

# keep_queued
invariants.set_clock(c, "0")
c.sql("select /*schema*/create_queue('k', '{\"keep_queued\": 100}')")
soon, late, held = one("send('k')"), one("send('k', '1', '{\"start_after\": 50}')"), one("send('k', '1', '{\"priority\": 1}')")
long_ = one("send('k', '1', '{\"keep_queued\": 1000}')")
far = one("send('k', '1', '{\"start_after\": \"294276-12-31 23:59:50+00\"}')")
fetch("k")
invariants.set_clock(c, "120 s")
sweep(), sweep(), sweep()
is_([state(x) for x in (soon, late, held, long_)], ["cancelled", "created", "active", "created"],
    "a job that was not started within keep_queued of its start is cancelled, a running one not")
is_(state(far), "created", "nor one whose start is as far away as a time can be, which stops nothing")
ok("keep_queued" in c.one("select output ->> 'message' from /*schema*/job where id = %s", soon), "the output says why")
invariants.set_clock(c, "160 s")
sweep(), sweep(), sweep()
is_([state(x) for x in (late, long_)], ["cancelled", "created"], "a job of the future counts from its start")
invariants.set_clock(c, "0")
c.sql("select /*schema*/create_queue('m', '{\"keep_queued\": 1}'); select /*schema*/send('m') from generate_series(1, 2500)")
invariants.set_clock(c, "100 s")
c.sql("update /*schema*/maintenance set swept_id = 0")
left = []
for _ in range(3):
    sweep()
    left.append(c.one("select count(*) from /*schema*/job where queue = 'm' and state = 'created'"))
is_(left, [1500, 500, 0], "at most 1,000 are cancelled at once, none is passed over")
old = one("send('k')")
c.sql("update /*schema*/maintenance set swept_id = %s", old)
invariants.set_clock(c, "300 s")
for _ in range(2):
    one("send('k')")
    sweep()
is_(state(old), "cancelled", "nor one that the walk has behind it, while new ones keep coming")
invariants.holds(c, "after the sweep")

# A walk that takes long rests, or it would keep the looks for dead workers waiting all the time
c.sql("create function public.slow(bigint[], text, jsonb[]) returns void language sql as 'select pg_catalog.pg_sleep(3)'")
c.sql("select /*schema*/create_queue('w', '{\"keep_queued\": 1}'); select /*schema*/set_end_hook('w', 'public.slow')")
slow = one("send('w')")
invariants.set_clock(c, "310 s")
sweep()
is_(state(slow), "cancelled", "a walk of 3 s")
c.sql("select /*schema*/set_end_hook('w', null)")
slow = one("send('w')")
for offset, want in (("320 s", "created"), ("2000 s", "cancelled")):
    invariants.set_clock(c, offset)
    c.sql("update /*schema*/maintenance set sweep_on = '-infinity'")
    one("maintain()")
    is_(state(slow), want, f"is followed by a rest of its length 20 times, but for the 30 s between walks ({offset})")
slow = one("send('w')")
invariants.set_clock(c, "2010 s")
c.sql("update /*schema*/maintenance set sweep_on = '-infinity', rested_on = '2100-01-01'")
one("maintain()")
is_(state(slow), "cancelled", "a clock that was set back does not make it rest for days")

# keep_finished: the partition of its day is emptied. (An autovacuum there would be a reader for whom the purge does not wait.)
# It is noon, whatever the hour: at midnight the day would change between two lines.
# (In seconds: before noon the next one is more than a day away, and its text begins with a day of its own.)
noon = c.one("select extract(epoch from date_trunc('day', t) + interval '36 hours' - t) from (select clock_timestamp() at time zone 'UTC') x (t)")


def days(count):
    """That many days later, at noon."""
    invariants.set_clock(c, f"{count} days {noon} s")


days(0)
for n in range(32):
    c.sql(f"alter table /*schema*/job_finished_{n} set (autovacuum_enabled = off)")
c.sql("select /*schema*/create_queue('f1', '{\"keep_finished\": 1}'); select /*schema*/create_queue('f3', '{\"keep_finished\": 3}')")
ids = []
for queue in ("f1", "f3"):
    i = one("send(%s)", queue)
    one("complete(%s, %s)", *fetch(queue)[:2])
    ids.append(i)


def stored():
    return [c.one("select count(*) from /*schema*/job_finished where id = %s", i) for i in ids]


for later, want in enumerate(([1, 1], [1, 1], [0, 1], [0, 1], [0, 0])):
    days(later)
    sweep()
    is_(stored(), want, f"after {later} days finished jobs are kept as their queues say")
    is_(c.sql("select completed from /*schema*/queue_stats where queue in ('f1', 'f3') order by queue"), [(n,) for n in want], "and their counts")


def forgotten():
    """Sweeps until no count of a finished job is left: those of transactions that ended while another one wrote, in any
    database of the server, are folded, and purged, when that has ended."""
    sweep()
    return c.one("select not exists (select from /*schema*/queue_count where queue = 'f1' and purge_on > '-infinity')"
                 " and not exists (select from /*schema*/queue_delta where queue = 'f1' and purge_on > '-infinity')")


testdb.wait(forgotten, 60, "the counts are purged")
writer = testdb.create(empty=True).connect(autocommit=False)
writer.sql("select pg_current_xact_id()")
days(0)


def completed():
    return c.one("select completed from /*schema*/queue_stats where queue = 'f1'")


one("complete(%s, %s)", one("send('f1')"), fetch("f1")[1])
sweep()
is_(completed(), 1, "while somebody writes in another database a job is counted")
days(2)
sweep()
is_(completed(), 0, "and no more after its day")
writer.rollback()
sweep()
is_(completed(), 0, "nor when its count has been folded")
testdb.wait(forgotten, 60, "its count is purged")
ok(True, "which is gone in the end")
days(0)
i = one("send('f1')")
one("complete(%s, %s)", *fetch("f1")[:2])
reader = db.connect(autocommit=False)
reader.sql("select count(*) from /*schema*/job")
days(10)
is_(sweep(), True, "while somebody reads, maintenance does not wait")
is_(c.one("select count(*) from /*schema*/job_finished where id = %s", i), 1, "and leaves the day for later")
reader.rollback()
sweep()
is_(c.one("select count(*) from /*schema*/job_finished where id = %s", i), 0, "which is when the reader has gone")
# A day that was not purged for weeks shares its partition with a new one: the new one stays.
days(0)
ids = [one("send('f1')")]
one("complete(%s, %s)", *fetch("f1")[:2])
days(32)
ids.append(one("send('f1')"))
one("complete(%s, %s)", *fetch("f1")[:2])
is_(c.one("select count(distinct slot) from /*schema*/job_finished where id = any(%s)", ids), 1, "32 days apart two jobs share a partition")
sweep()
is_(stored(), [0, 1], "only the old one is purged")
c.sql("update /*schema*/queue set keep_finished = 30 where name = 'f3'")
days(33)
i = one("send('f3')")
one("complete(%s, %s)", *fetch("f3")[:2])
days(63)
sweep()
is_(c.one("select count(*) from /*schema*/job_finished where id = %s", i), 1, "30 days are kept for 30 days")
days(64)
sweep()
is_(c.one("select count(*) from /*schema*/job_finished where id = %s", i), 0, "and not longer")

# The clock set back
invariants.set_clock(c, "0")
i = one("send('f1')")
ok(fetch("f1")[0] == i, "after the clock was set back a new job is claimed")

# The folded counts after a restore into a younger server
c.sql("update /*schema*/maintenance set folded = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8")
one("maintain()")
one("send('f1')")
is_(c.one("select created from /*schema*/queue_stats where queue = 'f1'"), 1, "counts are right after a restore into a server with younger transactions")
done()
