# SPDX-License-Identifier: MIT
"""The plans of the hot path on tables that were never analysed: the claim index and nothing else, whatever their size."""
import os

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

# 300,000 rows that no statistics know of: counts that do not depend on the machine
warm = db.connect()  # plans cached while the tables are nearly empty
for _ in range(7):
    warm.sql("select * from /*schema*/fetch('other', 10)")
c.sql("select /*schema*/enqueue('other', array(select to_jsonb(g) from generate_series(1, 50000) g)) from generate_series(1, 6)")
is_(c.one("select reltuples <= 0 or reltuples < 20000 from pg_class where oid = '/*schema*/job_ready'::regclass"), True, "the server believes the table to be small")
fields = dict(f.split("=", 1) for f in os.environ["PGQUEUE_TEST_SUPER_DSN"].split())
super_ = testdb.Connection(" ".join(f"{k}={v}" for k, v in {**fields, "dbname": db.name}.items()))


def blocks(session, sql, *values):
    """Blocks of the tables that a statement touches: by explain in the session, nested statements included."""
    text = session.sql("explain (analyze, buffers, timing off, summary off) " + sql, *values)
    line = next(r[0] for r in text if "Buffers" in r[0])
    return sum(int(part.split("=")[1]) for part in line.replace("Buffers: shared", "").split() if part.split("=")[0] in ("hit", "read"))


for session, name in ((warm, "with plans cached on empty tables"), (db.connect(), "with new plans")):
    first = blocks(session, "select * from /*schema*/fetch('other', 100)")
    session.sql("select * from /*schema*/fetch('other', 100)")
    n = blocks(session, "select * from /*schema*/fetch('other', 100)")
    ok(n < 3000, f"a claim of 100 out of 300,000 touches blocks in proportion to 100, {name} ({first}, then {n})")
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

# A higher priority of the future does not slow down a lower one that is due
c.sql("select /*schema*/send('other', '1', '{\"priority\": 9, \"start_after\": 3600}')")
c.sql("select /*schema*/enqueue('other', array(select to_jsonb(g) from generate_series(1, 20000) g), '{\"priority\": 9, \"start_after\": 3600}') from generate_series(1, 3)")
n = blocks(warm, "select * from /*schema*/fetch('other', 100)")
ok(n < 3000, f"60,000 jobs of the future at a higher priority cost a claim nothing ({n} blocks)")
n = blocks(warm, "select * from /*schema*/queue_stats where queue = 'other'")
ok(n < 3000, f"queue_stats does not count jobs ({n} blocks)")
i = c.one("select max(id) from /*schema*/job_live")
for sql in ("select * from /*schema*/job where id = %s", "select /*schema*/run_now(%s)", "select /*schema*/cancel(%s)"):
    n = blocks(warm, sql, i)
    ok(n < 600, f"by id it is an index look-up at any size: {sql} ({n} blocks)")
super_.close()
done()
