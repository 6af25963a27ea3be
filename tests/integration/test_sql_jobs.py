# SPDX-License-Identifier: MIT
"""The life of a job in SQL, function by function: states, columns, order, attempts, and exact counts after each step."""
import datetime
import random

import invariants
import testdb
from testdb import done, is_, ok, raises

S = datetime.timedelta(seconds=1)
db = testdb.create()
c = db.connect()


def one(sql, *values):
    """Calls a function, then looks whether everything still fits together."""
    value = c.one("select /*schema*/" + sql, *values)
    found = {} if sql.startswith("send") else invariants.broken(c)
    if found:
        ok(False, f"the invariants hold after {sql}")
        testdb.diag(found)
    return value


def fetch(queue, n=1, worker=None):
    rows = [dict(zip(("id", "lease", "queue", "data", "attempt", "priority", "retry_limit", "expire_in", "origin"), r)) for r in
            c.sql("select id, lease, queue, data, attempt, priority, retry_limit, expire_in, origin from /*schema*/fetch(%s, %s, %s)",
                  queue, n, worker)]
    return rows[0] if n == 1 and rows else rows


def job(id_, columns="state::text"):
    rows = c.sql(f"select {columns} from /*schema*/job where id = %s", id_)
    return None if not rows else rows[0] if len(rows[0]) > 1 else rows[0][0]


def counts(queue):
    return c.sql("select created, retry, active, blocked, completed, failed, cancelled from /*schema*/queue_stats where queue = %s", queue)[0]


def ages(rows):
    return [r["id"] for r in rows]


# The view has the columns of the contract, with their types
c.sql("select /*schema*/create_queue('q', '{\"retry_limit\": 2, \"retry_delay\": 100}')")
types = dict(c.sql("select attname::text, format_type(atttypid, null) from pg_attribute where attrelid = '/*schema*/job'::regclass and attnum > 0"))
want = {"id": "bigint", "queue": "text", "name": "text", "priority": "integer", "data": "jsonb", "attempt": "integer", "retry_count": "integer",
        "retry_limit": "integer", "retry_delay": "interval", "retry_backoff": "boolean", "start_after": "timestamp with time zone",
        "created_on": "timestamp with time zone", "started_on": "timestamp with time zone", "completed_on": "timestamp with time zone",
        "expire_in": "interval", "singleton_key": "text", "group_id": "text", "dead_letter": "text", "output": "jsonb", "worker": "bigint"}
is_({k: types.get(k) for k in want}, want, "the view job has the columns of the contract")
is_(c.sql("select enum_range(null::/*schema*/job_state)::text"), [("{created,retry,active,blocked,completed,failed,cancelled}",)],
    "the states have the names of the contract")

# send
c.sql("select /*schema*/create_queue('dead')")
i = one("send('q', '{\"a\": 1}', %s)", '{"priority": 5, "retry_limit": 9, "retry_delay": 7, "retry_backoff": false, "retry_delay_max": 70,'
        ' "expire_in": "2 min", "keep_queued": 3600, "singleton_key": "k", "group_id": "g", "dead_letter": "dead", "start_after": 3600}')
is_(job(i, "queue, name, state::text, priority, data, attempt, retry_count, retry_limit, retry_delay, retry_backoff, expire_in,"
           " singleton_key, group_id, dead_letter, output, worker, started_on, completed_on, start_after - created_on"),
    ("q", "q", "created", 5, {"a": 1}, 0, 0, 9, 7 * S, False, 120 * S, "k", "g", "dead", None, None, None, None, 3600 * S),
    "every send option is stored and shown")
is_(c.sql("select retry_max_ms, keep_queued_s from /*schema*/job_live where id = %s", i), [(70000, 3600)], "those of the future, too")
is_(fetch("q"), [], "a job of the future is not claimed")
is_(counts("q"), (1, 0, 0, 0, 0, 0, 0), "it is counted as created")
is_(one("run_now(%s)", i), True, "run_now makes it due")
got = fetch("q")
is_((got["id"], got["data"], got["attempt"], got["priority"], got["retry_limit"], got["expire_in"]), (i, {"a": 1}, 1, 5, 9, 120 * S),
    "the claim answers id, data, attempt, priority, retry_limit, expire_in")
ok(0 < got["lease"] < 2 ** 53, "and a lease that every JSON client can hold")
is_(job(i, "state::text, attempt, retry_count, started_on is not null"), ("active", 1, 0, True), "a claimed job is active in its first attempt")
is_(one("run_now(%s)", i), False, "run_now of an active job is false")
is_(one("delete_job(%s)", i), False, "delete_job of an active job is false")
is_(one("retry(%s)", i), False, "retry of an active job is false")
is_(one("complete(%s, %s, '[1, {\"x\": 2}]')", i, got["lease"]), "ok", "it is completed")
is_(job(i, "state::text, attempt, output, completed_on >= started_on"), ("completed", 1, [1, {"x": 2}], True), "with its output")
is_(counts("q"), (0, 0, 0, 0, 1, 0, 0), "and counted so")
is_(one("complete(%s, %s)", i, got["lease"]), "lost", "completed again it is lost")
is_([one(f + "(%s)", i) for f in ("cancel", "retry", "run_now")], [False] * 3, "a completed job cannot be cancelled, retried or run")
is_(one("delete_job(%s)", i), True, "but deleted")
is_((job(i), counts("q")), (None, (0,) * 7), "without a trace")
is_([one(f + "(%s)", i) for f in ("cancel", "retry", "run_now", "delete_job")], [False] * 4, "nothing can be done with a job that is not there")
is_(job(one("send('q')"), "data"), None, "a job may have no data")
is_(job(one("send('q', 'null')"), "data::text"), "null", "which is not the same as null")
for text in ("1e400", '"\\ud83d\\ude00 ünï \\\\ \\" "', '{"a": {"b": [[], {}, null, true, 12345678901234567890.123456789]}}', '""', "[]"):
    is_(job(one("send('q', %s)", text), f"data = '{text}'::jsonb"), True, f"data is kept: {text[:30]}")
c.sql("select /*schema*/delete_queue('q'); select /*schema*/create_queue('q', '{\"retry_limit\": 2, \"retry_delay\": 100}')")

# start_after in each form
for text, least, most in (('10', 10, 10), ('"1 hour"', 3600, 3600), ('"2000-01-01T00:00:00Z"', 0, 0), ('0', 0, 0), ('0.5', 0.5, 0.5)):
    i = one("send('q', '1', '{\"start_after\": %s}')" % text)
    ok(least <= job(i, "extract(epoch from start_after - created_on)") <= most, f"start_after may be {text}")
i = one("send('q', '1', '{\"start_after\": \"2099-12-31 23:59:59.123456+02\"}')")
is_(job(i, "start_after = '2099-12-31 23:59:59.123456+02'"), True, "or a time, to the microsecond")
for text in ("1e13", "1e300", "1e400"):
    error = raises("22023", f"start_after may not be {text}", one, "send('q', '1', '{\"start_after\": %s}')" % text)
    ok("too far away" in error, "and the error does not call it negative")
c.sql("select /*schema*/delete_queue('q'); select /*schema*/create_queue('q', '{\"retry_limit\": 2, \"retry_delay\": 100}')")

# Order: priority, then start, then id
want = []
random.seed(20)
jobs = [(random.choice([-7, 0, 0, 3, 1000000]), random.choice([0, 0, 1, 2])) for _ in range(60)]
base = c.one("select clock_timestamp() - interval '10 s'")
for n, (priority, start) in enumerate(jobs):
    ids = c.one("select /*schema*/enqueue('q', array[to_jsonb(%s::int)], '{}', array[%s::timestamptz], null, array[%s::int])",
                n, base + start * S, priority)
    want.append((-priority, start, ids[0]))
want.sort()
got = []
while True:
    rows = fetch("q", 7)
    if not rows:
        break
    got += ages(rows)
is_(got, [w[2] for w in want], "claims follow priority, then start, then id")
invariants.holds(c, "with everything claimed")
c.sql("select /*schema*/delete_queue('q'); select /*schema*/create_queue('q', '{\"retry_limit\": 2, \"retry_delay\": 100}')")

# Many at a time, each with a start and a priority of its own, or without
one("enqueue('q', array['1', '2']::jsonb[], '{\"priority\": 7}', '{}', null, '{}')")
is_([r["priority"] for r in fetch("q", 2)], [7, 7], "a job without a priority of its own has the option's, and is claimed")
ids = c.one("select /*schema*/enqueue('q', array(select to_jsonb(g) from generate_series(1, 4) g), '{\"priority\": 2}',"
            " array[null, %s::timestamptz, null, %s], null, array[null, null, 5, -5])", base, base + 86400 * S)
is_(ids, sorted(ids), "enqueue draws the ids in the order of the payloads")
is_([job(i, "data, priority") for i in ids], [(1, 2), (2, 2), (3, 5), (4, -5)], "and each job has its own priority, or the option's")
is_([job(ids[1], "start_after"), job(ids[3], "start_after"), job(ids[0], "start_after") > base + 10 * S],
    [base, base + 86400 * S, True], "and its own start, or now")
invariants.holds(c, "with starts and priorities of each job's own")
is_([r["id"] for r in fetch("q", 9)], [ids[i] for i in (2, 1, 0)], "which claims follow")
c.sql("select /*schema*/delete_queue('q'); select /*schema*/create_queue('q', '{\"retry_limit\": 2, \"retry_delay\": 100}')")

# send_many
ids = [r[0] for r in c.sql("select * from /*schema*/send_many('q', %s::jsonb[])",
                           ['{"data": 1}', '{"data": 2, "priority": 9}', '{"data": {"x": 3}}', '{}', '{"data": null, "priority": 9}'])]
is_([job(i, "data, priority") for i in ids], [(1, 0), (2, 9), ({"x": 3}, 0), (None, 0), (None, 9)],
    "send_many answers the ids in the order given, whatever their options")
is_(c.sql("select * from /*schema*/send_many('q', '{}')"), [], "send_many of nothing is nothing")
is_(c.sql("select * from /*schema*/send_many('q', null)"), [], "nor of null")
for bad in ('"text"', "1", "[]", "null"):
    raises("22023", f"an element that is no object is refused: {bad}", c.sql, "select /*schema*/send_many('q', array['{}', %s]::jsonb[])", bad)
raises("22023", "an element with a wrong option is refused", c.sql, "select /*schema*/send_many('q', %s::jsonb[])", ['{}', '{"priorty": 1}'])
is_(counts("q")[0], 5, "all or none: the refused ones left nothing")

# singleton_key
a = one("send('q', '1', '{\"singleton_key\": \"k\"}')")
is_(one("send('q', '2', '{\"singleton_key\": \"k\"}')"), None, "a second job with the key is refused with NULL")
is_(c.sql("select * from /*schema*/send_many('q', %s::jsonb[])", ['{"singleton_key": "k"}', '{"singleton_key": "l"}', '{"singleton_key": "l"}']
          )[0][0], None, "also among many")
c.sql("select /*schema*/create_queue('other')")
ok(one("send('other', '1', '{\"singleton_key\": \"k\"}')"), "the key belongs to the queue")
is_(c.one("select count(*) from /*schema*/job where queue = 'q' and singleton_key = 'l'"), 1, "of two in one call the first takes it")
one("run_now(%s)", a)
rows = {r["id"]: r["lease"] for r in fetch("q", 100)}
is_(one("send('q', '2', '{\"singleton_key\": \"k\"}')"), None, "it is refused while the first runs")
one("fail(%s, %s)", a, rows[a])
is_(one("send('q', '2', '{\"singleton_key\": \"k\"}')"), None, "and while it waits for its retry")
one("cancel(%s)", a)
b = one("send('q', '2', '{\"singleton_key\": \"k\"}')")
ok(b, "after its end the key is free")
raises("PQ409", "a cancelled job is not queued again beside one with its key", one, "retry(%s)", a)
is_(job(a), "cancelled", "and stays as it was")
one("cancel(%s)", b)
is_(one("retry(%s)", a), True, "when the key is free it is")
c.sql("select /*schema*/delete_queue('q'); select /*schema*/create_queue('q', '{\"retry_limit\": 2, \"retry_delay\": 100}')")

# Each settle, single: states, attempts, counts
i = one("send('q', '1')")
lease = fetch("q")["lease"]
is_(one("complete(%s, %s)", i, lease + 1), "lost", "another lease does not settle it")
is_(one("complete(%s, %s)", i + 1, lease), "lost", "nor this lease another job")
is_([one(f, i + 1, lease) for f in ("fail(%s, %s)", "release(%s, %s)", "touch(%s, %s)", "progress(%s, %s, '1')", "snooze(%s, %s, '1 s')")],
    ["lost"] * 5, "whatever the settle")
is_(one("progress(%s, %s, '{\"done\": 0.5}')", i, lease), "ok", "progress is stored")
is_(job(i, "output"), {"done": 0.5}, "and shown as output while the job runs")
is_(one("release(%s, %s)", i, lease), "ok", "it is released")
is_((job(i, "state::text, attempt, output, started_on"), counts("q")), (("created", 0, None, None), (1, 0, 0, 0, 0, 0, 0)),
    "a released job is as it was, the attempt given back")
is_(one("progress(%s, %s, '1')", i, lease), "lost", "its old lease counts no more")
lease = fetch("q")["lease"]
is_(one("snooze(%s, %s, '90 s')", i, lease), "ok", "it is snoozed")
ok(30 < job(i, "extract(epoch from start_after - clock_timestamp())") <= 90, "for so long")
is_((job(i, "state::text, attempt"), counts("q")), (("created", 0), (1, 0, 0, 0, 0, 0, 0)), "the attempt not counted")
for bad in ("'-1 s'", "null"):
    raises("22023", f"a snooze of {bad} is refused", one, f"snooze(%s, %s, {bad})", i, lease)
one("run_now(%s)", i)
lease = fetch("q")["lease"]
is_(one("fail(%s, %s, 'first')", i, lease), "ok", "it fails")
is_((job(i, "state::text, attempt, retry_count, output ->> 'message'"), counts("q")), (("retry", 1, 0, "first"), (0, 1, 0, 0, 0, 0, 0)),
    "a failed attempt waits for its retry, with the error as output")
ok(50 < job(i, "extract(epoch from start_after - (attempts -> -1 ->> 'ended_on')::timestamptz)") <= 100, "for d/2 to d seconds")
is_(one("retry(%s)", i), True, "retry makes it due now")
got = fetch("q")
is_((got["id"], got["attempt"]), (i, 2), "the second attempt")
one("release(%s, %s)", i, got["lease"])
is_(job(i, "state::text, attempt"), ("retry", 1), "released, it is a retry again")
got = fetch("q")
is_(one("fail(%s, %s, 'second', '{\"retry_in\": 500}')", i, got["lease"]), "ok", "it fails with a time for the retry")
ok(job(i, "extract(epoch from start_after - (attempts -> -1 ->> 'ended_on')::timestamptz)") == 500, "which is kept")
one("run_now(%s)", i)
got = fetch("q")
is_(got["attempt"], 3, "the third attempt")
is_(one("fail(%s, %s, 'third')", i, got["lease"]), "ok", "fails")
is_((job(i, "state::text, attempt, output ->> 'message'"), counts("q")), (("failed", 3, "third"), (0, 0, 0, 0, 0, 1, 0)),
    "retry_limit 2 means three runs, then it has failed")
is_([(a["attempt"], a["output"]["message"]) for a in job(i, "attempts")], [(1, "first"), (2, "second")], "each attempt's outcome is kept")
is_(one("retry(%s)", i), True, "a failed job is queued again")
is_((job(i, "state::text, attempt, retry_limit, data"), counts("q")), (("created", 0, 2, 1), (1, 0, 0, 0, 0, 0, 0)), "under its id, with fresh attempts")
is_(job(i, "attempts")[-1]["output"]["message"], "third", "and its history")
one("fail(%s, %s, 'x', '{\"for_good\": true}')", i, fetch("q")["lease"])
is_(job(i), "failed", "an error for good is not retried")
for bad, words in (('{"retry_inn": 1}', "retry_in"), ('{"for_good": 1}', "true or false"), ('{"retry_in": -1}', "negative"), ("[]", "array")):
    text = raises("22023", f"options of fail are checked: {bad}", one, "fail(%s, 1, 'x', %s)", i, bad)
    ok(words in text, f"and the message says {words}")

# cancel
i = one("send('q', '1')")
is_((one("cancel(%s)", i), job(i, "state::text, attempt, started_on"), counts("q")), (True, ("cancelled", 0, None), (0, 0, 0, 0, 0, 1, 1)),
    "a queued job is cancelled")
is_(one("cancel(%s)", i), False, "once")
is_(one("retry(%s)", i), True, "and queued again")
lease = fetch("q")["lease"]
one("progress(%s, %s, '{\"half\": true}')", i, lease)
is_((one("cancel(%s)", i), job(i, "state::text, attempt, started_on is not null, output"), counts("q")),
    (True, ("cancelled", 1, True, {"half": True}), (0, 0, 0, 0, 0, 1, 1)), "a running job is cancelled, its progress kept")
is_([one(f, i, lease) for f in ("complete(%s, %s)", "fail(%s, %s)", "release(%s, %s)", "touch(%s, %s)")], ["lost"] * 4, "its settles are lost")

# A job that is queued again does not belong to the lease it ran in, though its batch is still leased
for end in ("cancel(%s)", "fail(%s, {lease}, 'x', '{{\"for_good\": true}}')"):
    c.sql("select /*schema*/create_queue('again')")
    ids = [one("send('again')") for _ in range(3)]
    lease = fetch("again", 3)[0]["lease"]
    one(end.format(lease=lease), ids[0])
    is_(one("retry(%s)", ids[0]), True, f"one job of a batch is queued again after {end[:6]}")
    is_(one("complete(%s, %s)", ids[0], lease), "lost", "and cannot be completed by its old lease")
    is_(job(ids[0]), "created", "but waits for its next run")
    second = fetch("again")["lease"]
    is_(one("complete(%s, %s)", ids[0], lease), "lost", "nor while that is under way")
    c.sql("update /*schema*/job_lease set expire_on = clock_timestamp() - interval '1 h' where lease = %s", lease)
    c.sql("update /*schema*/job_live set expire_ms = 1 where id = any(%s) and id <> %s", ids, ids[0])
    one("maintain()")
    is_(job(ids[0]), "active", "nor does the end of the old lease take it away")
    is_(one("complete(%s, %s)", ids[0], second), "ok", "its own lease completes it")
    c.sql("select /*schema*/delete_queue('again')")

# Arrays, over leases and queues, with lost ones between
c.sql("select /*schema*/create_queue('p')")
ids = [one("send(%s, '1')", q) for q in ("q", "q", "p", "q", "p", "q")]
leases = {}
for q, n in (("q", 2), ("p", 2), ("q", 2)):
    leases.update({r["id"]: r["lease"] for r in fetch(q, n)})
ls = [leases[i] for i in ids]
is_(one("touch(%s::bigint[], %s::bigint[])", ids + [0], ls + [1]), ["ok"] * 6 + ["lost"], "touch of many")
is_(one("progress(%s::bigint[], %s::bigint[], %s::jsonb[])", ids[:2] + [0], ls[:3], ["1", '"two"', "3"]), ["ok", "ok", "lost"], "progress of many")
is_([job(i, "output") for i in ids[:3]], [1, "two", None], "each has its own")
wrong = ls[:]
wrong[1] += 1
is_(one("complete(%s::bigint[], %s::bigint[], %s::jsonb[])", ids[:3], wrong[:3], ["1", "2", None]), ["ok", "lost", "ok"],
    "complete of many answers for each in order")
is_([job(i, "state::text, output") for i in ids[:3]], [("completed", 1), ("active", "two"), ("completed", None)], "and changes only its own")
is_(one("settle(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::float8[])", ids, ls, ["done", "retry", "done", "snooze", "fail", "release"],
        ["1", "not json", "3", None, '{"j": 1}', None], [None, 5, None, 50, None, None]), [False, True, False, True, True, True],
    "settle takes every outcome at once")
is_([job(i, "state::text, output") for i in ids], [("completed", 1), ("retry", "not json"), ("completed", None), ("created", None),
                                                   ("failed", {"j": 1}), ("created", None)], "each job ends as it should")
is_(c.one("select count(*) from /*schema*/job_lease where not exists (select from unnest(ids) u(id) join /*schema*/job_live j using (id))"), 0,
    "leases without an open job are gone")
i, j = ids[5], one("send('q')")
rows = {r["id"]: r["lease"] for r in fetch("q", 2)}
lease = rows[i]
is_(one("settle(%s::bigint[], %s::bigint[])", [i, i], [lease, lease]), [True, True], "a job named twice ends once")
raises("22023", "with two outcomes it is refused", one, "settle(%s::bigint[], %s::bigint[], %s::text[])", [j, j], [rows[j]] * 2, ["retry", "snooze"])
for leases, more, what in (([1, 2], "", "leases"), ([1], ", array['done', 'done']", "outcomes"), ([1], ", null, array['1', '2']", "details"),
                           ([1], ", null, null, array[1, 2]", "delays")):
    raises("22023", f"another number of {what} than of jobs is refused", one, f"settle(%s::bigint[], %s::bigint[]{more})", [j], leases)
c.sql("select /*schema*/create_queue('nobody'); select /*schema*/send('nobody') from generate_series(1, 2)")
for more in ([], [1]):
    one_id, one_lease = c.sql("select id, lease from /*schema*/fetch('nobody')")[0]
    is_(one("settle(%s::bigint[], %s::bigint[])", [one_id, None] + more, [one_lease] * 2 + more), [True, False] + [False] * len(more),
        "no job is a lost one")
raises("22023", "an unknown outcome is refused", one, "settle(%s::bigint[], %s::bigint[], %s::text[])", [j], [rows[j]], ["finished"])
is_(one("settle('{}', '{}')"), [], "settling nothing is nothing")
is_(job(j), "active", "what was refused changed nothing")
for text in ("\x01", "{", "'", "ünï", '"\\u0000"', '"\\ud800"', "[" * 20000, "1e999999", "NaN", "", " "):
    k = one("send('p')")
    got = fetch("p")
    is_(one("settle(%s::bigint[], %s::bigint[], null, %s::text[])", [k], [got["lease"]], [text]), [True], f"any output is taken: {text[:12]!r}")
    stored = job(k, "coalesce(output #>> '{}', '')")
    if not ok(stored == {'"\\u0000"': '"\\u0000"'}.get(text, text) or text == "1e999999", "and kept"):
        testdb.diag(repr(stored))
is_(one("settle(%s::bigint[], %s::bigint[], null, null, null, %s::bigint[])", [j], [rows[j]], [rows[j]]), [True], "a lease is closed by name")
is_(c.one("select count(*) from /*schema*/job_lease where lease = %s", rows[j]), 0, "and gone")
k = one("send('p')")
got = fetch("p")
is_(one("settle(%s::bigint[], %s::bigint[], p_queue => 'fan')", [k], [got["lease"]]), [False], "a settle that names another queue finds nothing")
is_(one("settle(%s::bigint[], %s::bigint[], p_queue => 'p')", [k], [got["lease"]]), [True], "one that names the job's queue does")

# Several leases of several queues: all done in one pass, and queue by queue, leave the same
def many(outcomes, hook):
    """Nine jobs in six leases of three queues, which keep jobs 0, 1 and 3 days; three of them are lost. What was answered and left."""
    queues = {"m0": 0, "m1": 1, "m3": 3}
    for q, days in queues.items():
        c.sql("select /*schema*/create_queue(%s, jsonb_build_object('keep_finished', %s::int))", q, days)
        c.sql("select /*schema*/enqueue(%s, array(select jsonb_build_object('n', g) from generate_series(1, 7) g))", q)
    c.sql("select /*schema*/set_end_hook('m3', %s)", "public.ended" if hook else None)
    worker = c.one("select /*schema*/register_worker('many')")
    held = {}
    for q in queues:
        held[q] = [(r["id"], r["lease"]) for n in (2, 4) for r in fetch(q, n, worker)]
    is_(one("cancel(%s)", held["m1"][2][0]), True, "one of them was cancelled")
    one("release(%s, %s)", *held["m3"][1])
    pairs = [held["m1"][3], held["m0"][0], held["m3"][1], held["m3"][4], held["m1"][2], held["m0"][3], held["m3"][0], held["m1"][4], held["m1"][5],
             (held["m0"][1][0], held["m1"][0][1]), held["m0"][0], (0, 1), held["m3"][4]]
    closes = [held["m1"][2][1], held["m0"][2][1], held["m3"][0][1]]
    answer = one("settle(%s::bigint[], %s::bigint[], %s::text[], p_closes => %s::bigint[])", [i for i, _ in pairs], [l for _, l in pairs],
                 ["done"] * len(pairs) if outcomes else None, closes)
    first = min(i for q in queues for i, _ in held[q])
    left = [answer, [counts(q) for q in queues],
            c.sql("select id - %s, queue, state::text, attempt, started_on is not null, worker = %s, completed_on is not null, data, output, purge_on"
                  " - (/*schema*/clock() at time zone 'UTC')::date from /*schema*/job_finished where queue = any (%s) order by id", first, worker, list(queues)),
            c.sql("select queue, array(select i - %s from unnest(ids) i order by 1) from /*schema*/job_lease where queue = any (%s) order by 1, 2", first, list(queues)),
            sorted((s, n) for s, n in c.sql("select state, count(*) from public.ends group by 1"))]
    c.sql("select /*schema*/delete_queue(%s)", "m0"), c.sql("select /*schema*/delete_queue(%s)", "m1"), c.sql("select /*schema*/delete_queue(%s)", "m3")
    c.sql("truncate public.ends")
    return left


c.sql("create table public.ends (id bigint, state text); create function public.ended(bigint[], text, jsonb[]) returns void language sql as"
      " $$ insert into public.ends select unnest($1), $2 $$")
once = many(False, False)
is_(once[0], [True, True, False, True, False, True, True, True, True, False, True, False, True], "a settle of six leases answers for each pair of job and lease")
is_(once[1], [(1, 0, 4, 0, 0, 0, 0), (1, 0, 2, 0, 3, 0, 1), (2, 0, 3, 0, 2, 0, 0)], "each queue's counts are exact")
is_([(r[1], r[-1]) for r in once[2] if r[2] == "completed"], [("m1", 2)] * 3 + [("m3", 4)] * 2, "each job is kept for the days of its queue")
is_(once[3], [("m0", [0, 1]), ("m0", [2, 3, 4, 5]), ("m1", [7, 8]), ("m3", [16, 17, 18, 19])], "a lease that holds nothing open is gone, when it is closed or all of it was settled")
for what, other in (("by outcome", many(True, False)), ("with a hook", many(False, True))):
    is_(other[:4], once[:4], f"queue by queue, {what}, the same is answered and left")
is_(other[4], [("completed", 2)], "and the hook was called for the jobs of its queue")

# fan_out
c.sql("select /*schema*/create_queue('fan')")
is_(c.sql("select created, skipped from /*schema*/fan_out('run', 'fan', 'select g as id, ''u'' || g as name from generate_series(1, 5) g', '2 min')"),
    [(5, 0)], "a fan-out creates one job per row")
t0 = c.one("select first_on from /*schema*/fan_out_run where run_key = 'run'")
is_(c.sql("select data, start_after, origin from /*schema*/job where queue = 'fan' order by id"),
    [({"id": n + 1, "name": f"u{n + 1}"}, t0 + 120 * S * n, {"run_key": "run", "item": str(n + 1)}) for n in range(5)],
    "spaced exactly, the row as data, its first column as the item")
is_(c.sql("select * from /*schema*/fan_out('run', 'fan', 'select generate_series(1, 7)', '2 min')"), [(2, 5, t0 + 120 * S * 6)],
    "run again it creates only what is missing, after the last start")
is_(c.sql("select * from /*schema*/fan_out('run', 'fan', 'select 1 where false')"), [(0, 0, t0 + 120 * S * 6)], "a query may give nothing")
for code, sql in (("22023", "fan_out('', 'fan', 'select 1')"), ("22023", "fan_out(null, 'fan', 'select 1')"), ("22023", "fan_out('x', 'fan', 'select 1', '-1 s')"),
                  ("22023", "fan_out('run', 'q', 'select 1')"), ("22023", "fan_out('x', 'fan', 'select 1', '0', '{\"start_after\": 1}')"),
                  ("22023", "fan_out('x', 'fan', 'select null')"), ("42601", "fan_out('x', 'fan', 'selec')"), ("22023", "fan_out('x', 'fan', 'select 1', '0', '{\"x\": 1}')")):
    raises(code, f"refused: {sql}", one, sql)
is_(c.one("select count(*) from /*schema*/fan_out_run where run_key = 'x'"), 0, "and no run remembered")
is_(c.one("select created from /*schema*/fan_out('opts', 'fan', 'select 1', '0', '{\"priority\": 4, \"retry_limit\": 0}')"), 1, "options are those of send")
is_(c.one("select count(*) from /*schema*/job where queue = 'fan' and priority = 4 and retry_limit = 0"), 1, "and hold for each job")

# fetch
for n in (0, -1, 10001, None):
    raises("22023", f"a claim of {n} is refused", c.sql, "select * from /*schema*/fetch('q', %s)", n)
is_(len({r["lease"] for _ in range(20) for r in [one("send('p')") and fetch("p")]}), 20, "each claim has its own lease")
age = c.one("select oldest_ready_age from /*schema*/queue_stats where queue = 'p'")
ok(not age, "without a job that could run there is no oldest age")
c.sql("select /*schema*/enqueue('p', array['1'::jsonb], '{}', array[clock_timestamp() - interval '1 min'])")
ok(60 * S <= c.one("select oldest_ready_age from /*schema*/queue_stats where queue = 'p'") < 70 * S, "queue_stats tells the age of the oldest that could run")
invariants.holds(c, "at the end")
one("maintain()")
invariants.holds(c, "after the counts were folded")
done()
