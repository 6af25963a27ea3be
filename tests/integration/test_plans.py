# SPDX-License-Identifier: MIT
"""The plans of the hot path on tables that were never analysed: the claim index and nothing else, whatever their size."""
import json
import os
import re

import testdb
from testdb import diag, done, is_, ok

db = testdb.create()
c = db.connect()
for table in ("job_live", "job_ready", "job_lease"):
    c.sql(f"alter table /*schema*/{table} set (autovacuum_enabled = off)")
c.sql("select /*schema*/create_queue('q', '{\"retry_limit\": 1000, \"retry_delay\": 0, \"keep_finished\": 1}'); select /*schema*/create_queue('other')")


def scans(session, kind="seq_scan"):
    """Scans of the hot tables so far; what a session has counted is seen after its end or a flush."""
    session.sql("select pg_stat_force_next_flush()") if session.raw.server_version >= 150000 else None
    c.sql("select pg_stat_clear_snapshot()")
    return dict(c.sql(f"select relname::text, {kind}::int from pg_stat_user_tables where schemaname = %s and relname in ('job_live', 'job_ready')", testdb.schema()))


def flushed(work):
    """The sequential scans that a piece of work makes, in a session of its own."""
    before = scans(c)
    session = db.connect()
    work(session)
    session.close()
    testdb.wait(lambda: c.one("select count(*) = 0 from pg_stat_activity where pid = %s", session.pid), 10, "the session's end")
    after = scans(c)
    return {t: after[t] - before[t] for t in after}


def drain(session):
    """Every step of a job's life, in rounds, with plans that were cached on empty tables."""
    for n in range(30):
        session.sql("select /*schema*/send('q', to_jsonb(g)) from generate_series(1, 50) g")
        session.sql("select * from /*schema*/send_many('q', array_fill('{\"priority\": 3}'::jsonb, array[50]))")
        rows = session.sql("select id, lease from /*schema*/fetch('q', 100)")
        ids, leases = [r[0] for r in rows], [r[1] for r in rows]
        session.sql("select /*schema*/settle(%s::bigint[], %s::bigint[], %s::text[])", ids, leases,
                    [("done", "retry", "release", "snooze", "fail")[i % 5] for i in range(len(ids))])
        some = session.sql("select id, lease from /*schema*/fetch('q', 5)")
        for i, l in some[:2]:
            session.sql("select /*schema*/touch(%s, %s)", i, l)
            session.sql("select /*schema*/progress(%s, %s, '1')", i, l)
            session.sql("select /*schema*/complete(%s, %s)", i, l)
        session.sql("select /*schema*/cancel(%s)", some[2][0])
        queued = session.one("select /*schema*/send('q', '1', '{\"start_after\": 500}')")
        session.sql("select /*schema*/run_now(%s)", queued)
        session.sql("select /*schema*/cancel(%s)", queued)
        session.sql("select /*schema*/retry(%s)", queued)
        session.sql("select /*schema*/delete_job(%s)", queued)
        session.sql("select * from /*schema*/poll(1, array['q'])")
        session.sql("select * from /*schema*/job where id = %s", some[0][0])
        session.sql("select * from /*schema*/queue_stats")


is_(flushed(drain), {"job_live": 0, "job_ready": 0}, "no step of a job's life scans a hot table, analysed or not")


def rescue(session):
    for n in range(3):
        worker = session.one("select /*schema*/register_worker('dies')")
        session.sql("select * from /*schema*/fetch('q', 50, %s)", worker)
        session.sql("select /*schema*/worker_died(%s, '{}', '{}', 'x')", worker)
        session.sql("select * from /*schema*/fetch('q', 50)")
        session.sql("update /*schema*/job_lease set expire_on = '-infinity'")
        session.sql("update /*schema*/maintenance set sweep_on = '-infinity'")
        session.sql("select /*schema*/maintain()")


is_(flushed(rescue), {"job_live": 0, "job_ready": 0}, "nor does maintenance")

# The plan itself; what it costs at any size is counted in test_gate_plans.py
c.sql("select /*schema*/enqueue('other', array(select to_jsonb(g) from generate_series(1, 1000) g))")
fields = dict(f.split("=", 1) for f in os.environ["PGQUEUE_TEST_SUPER_DSN"].split())
super_ = testdb.Connection(" ".join(f"{k}={v}" for k, v in {**fields, "dbname": db.name}.items()))
super_.sql("load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;"
           "set auto_explain.log_level = notice; set client_min_messages = notice")
super_.raw.notices.clear()
super_.sql("select * from /*schema*/fetch('other', 100)")
plans = "".join(super_.raw.notices)
claim = [p for p in plans.split("Query Text:") if "skip locked" in p and "Plan" in p or "LockRows" in p]
ok(any("LockRows" in p for p in claim), "the claim's plan was seen")
text = "".join(p for p in claim if "LockRows" in p)
ok("job_ready_claim" in text, "the claim goes by the claim index")
for word in ("Seq Scan on job", "Bitmap", "JIT"):
    if not ok(word not in text, f"there is no {word} in it"):
        diag(text)


def blocks(sql, *values):
    """Blocks that a statement touches, by the functions in it, too."""
    plan = c.one("explain (analyze, buffers, timing off, format json) " + sql, *values)
    plan = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


# What is done all day does not read what the day has left
c.sql("select /*schema*/purge_finished()")
before = blocks("select /*schema*/purge_finished()")
c.sql("select /*schema*/enqueue('other', array(select to_jsonb(g) from generate_series(1, 10000) g))")
rows = c.sql("select id, lease from /*schema*/fetch('other', 10000)")
c.sql("select /*schema*/settle(%s::bigint[], %s::bigint[])", [r[0] for r in rows], [r[1] for r in rows])
is_(len(rows), 10000, "10,000 jobs more are history")
after = min(blocks("select /*schema*/purge_finished()") for _ in range(3))  # the server may have dropped its caches meanwhile
ok(after < before + 100, f"a purge with nothing to purge does not read them ({before}, then {after} blocks)")
# Under a held snapshot the claimed entries stay in the index: who asks how long the oldest job waits where none does must not walk there.
c.sql("select /*schema*/create_queue('drained')")
holder = db.connect(autocommit=False)
holder.sql("set transaction isolation level repeatable read")
holder.sql("select count(*) from /*schema*/queue")
before = blocks("select * from /*schema*/queue_stats where queue = 'drained'")
c.sql("select /*schema*/enqueue('drained', array(select to_jsonb(g) from generate_series(1, 10000) g))")
rows = c.sql("select id, lease from /*schema*/fetch('drained', 10000)")
c.sql("select /*schema*/settle(%s::bigint[], %s::bigint[])", [r[0] for r in rows], [r[1] for r in rows])
after = min(blocks("select * from /*schema*/queue_stats where queue = 'drained'") for _ in range(3))
ok(len(rows) == 10000 and after < before + 100, f"queue_stats of a drained queue does not walk over 10,000 dead entries ({before}, then {after} blocks)")
holder.rollback()
names = [f"many{i}" for i in range(300)]
for name in names:
    c.sql("select /*schema*/create_queue(%s)", name)
look = "select * from /*schema*/poll(1, %s, null, null, null, %s, array_fill(0, array[300]), array_fill(now(), array[300]), array_fill(1::bigint, array[300]))"
blocks(look, names, names)
n = blocks(look, names, names)
ok(n < 3 * 300 + 200, f"a look at 300 queues touches three blocks each ({n})")
super_.sql("set auto_explain.log_analyze = on")
super_.raw.notices.clear()
super_.sql(look, names, names)
text = "".join(p for p in "".join(super_.raw.notices).split("Query Text:") if "p_at_starts" in p and "job_ready" not in p)
ok("Hash" in text and "Nested Loop" not in text, "and finds the places of 300 queues by a hash, not by 300 looks at each")
ok("hashed SubPlan" in text and "= ANY" not in text, "their names too: not each queue is compared with each name") or diag(text)

# Nobody else is there to look out for a worker that claims alone, so its claims do not read all that it has announced.
alone = db.connect()
me = alone.one("select /*schema*/register_worker('alone')")
alone.sql("select * from /*schema*/poll(%s, %s, %s)", me, names, names)
c.sql("select /*schema*/send(%s)", names[0])
alone.sql("begin")
is_(len(alone.sql("select id from /*schema*/fetch(%s, 10, %s)", names[0], me)), 1, "a worker that announced 300 queues claims from one")
n = alone.one("select pg_stat_get_xact_tuples_returned('/*schema*/job_bell'::regclass)")
is_(n, 0, "and reads none of the 300")
alone.sql("commit")

# A settle of several leases. What statistics did to a server, costs of comparisons do here: it takes a nested loop for cheap.
c.sql("select /*schema*/create_queue('settled')")
super_.sql("set cpu_operator_cost = 0; set cpu_tuple_cost = 0; set auto_explain.log_verbose = on")


def plans(statement, *values):
    """What a statement answers, and the plans of those in it that compare what was asked with what is there."""
    super_.raw.notices.clear()
    answer = super_.one("select /*schema*/" + statement, *values)
    return answer, [p for p in "".join(super_.raw.notices).split("Query Text:") if re.search(r"\bin \(select|unnest\(x\.ids\)", p)]


def claimed(n):
    c.sql("select /*schema*/enqueue('settled', array_fill('1'::jsonb, array[3]))")
    rows = [r for _ in range(3 // n) for r in c.sql("select id, lease from /*schema*/fetch('settled', %s)", n)]
    return [r[0] for r in rows], [r[1] for r in rows]


ids, leases = claimed(1)
lost = [i + 1 for i in leases[:1]] + leases[1:]
for what, want, some, statement, values in (
        ("of three leases", [True] * 3, 1, "settle(%s::bigint[], %s::bigint[])", (ids, leases)),
        ("of three leases by outcome", [True] * 3, 1, "settle(%s::bigint[], %s::bigint[], array['done', 'release', 'done'])", claimed(1)),
        ("of three leases, one of them lost", [False, True, True], 2, "settle(%s::bigint[], %s::bigint[])", None),
        ("of three leases by outcome, one of them lost", [False, True, True], 2, "settle(%s::bigint[], %s::bigint[], array['done', 'done', 'release'])", None),
        ("of one lease, one of its jobs lost", [False, True, True], 2, "settle(%s::bigint[], %s::bigint[])", 3)):
    if what.endswith("lost"):
        ids, leases = claimed(values or 1)
        values = [0] + ids[1:], leases
    answer, found = plans(statement, *values)
    is_(answer, want, f"a settle {what}")
    ok(len(found) == some and all("Nested Loop" not in p and re.search("Hash Join|Hash Semi Join|hashed SubPlan", p) for p in found),
       f"compares what it is given with what is open once, not each with each ({len(found)} plans)") or diag("\n\n".join(found))

# Of several queues, one pass: neither a statement nor a plan for each
for name in names[:3]:
    c.sql("select /*schema*/enqueue(%s, array['1'::jsonb])", name)
rows = [c.sql("select id, lease from /*schema*/fetch(%s, 1)", name)[0] for name in names[:3]]
super_.raw.notices.clear()
is_(super_.one("select /*schema*/settle(%s::bigint[], %s::bigint[])", [r[0] for r in rows], [r[1] for r in rows]), [True] * 3, "a settle of three queues")
found = [p for p in "".join(super_.raw.notices).split("Query Text:") if re.search(r"(Delete|Insert) on ", p)]
is_(len(found), 2, "writes all there is in two statements") or diag("\n\n".join(found))
super_.close()
done()
