# SPDX-License-Identifier: MIT
"""The queue with its tables distributed by queue, as docs/distributed.sql lays them out: all of it works, and each
statement of the hot path touches the partitions of its queue only, by its plan."""
import json
import os
import re
import threading

import invariants
import testdb
from testdb import diag, done, is_, ok, raises

SPREAD = ("job_live", "job_ready", "job_lease", "queue_delta", "queue_count")
db = testdb.create()
fields = dict(f.split("=", 1) for f in os.environ["PGQUEUE_TEST_SUPER_DSN"].split())
root = testdb.Connection(" ".join(f"{k}={v}" for k, v in {**fields, "dbname": db.name}.items()))
c = db.connect()
before = {r[0] for r in c.sql("select oid::regprocedure::text from pg_proc where pronamespace = %s::regnamespace", '"' + testdb.schema() + '"')}
with open(os.path.join(os.environ["PGQUEUE_TEST_SRCDIR"], "docs", "distributed.sql"), encoding="utf-8") as f:
    c.sql(f.read().replace("pgqueue.", "/*schema*/"))
is_({r[0] for r in c.sql("select oid::regprocedure::text from pg_proc where pronamespace = %s::regnamespace", '"' + testdb.schema() + '"')}, before,
    "the script leaves the functions that were there")
is_(c.one("select count(*) from pg_partitioned_table p join pg_class k on k.oid = p.partrelid where p.partstrat = 'h' and k.relname = any (%s)", list(SPREAD)),
    len(SPREAD), "the tables are partitioned by hash of the queue")

# Two queues in different partitions, and one that shares none with them
names = [f"q{n}" for n in range(40)]
for name in names:
    c.sql("select /*schema*/create_queue(%s, '{\"retry_limit\": 2, \"retry_delay\": 0}')", name)
    c.sql("select /*schema*/send(%s)", name)
part = {q: int(p.rsplit("_", 1)[1].strip('"')) for q, p in c.sql("select queue, tableoid::regclass::text from /*schema*/job_ready")}
ok(len(set(part.values())) > 8, f"40 queues lie in many partitions ({len(set(part.values()))} of 16)")
A = names[0]
B = next(q for q in names if part[q] != part[A])


# --- one queue, one partition: by EXPLAIN ------------------------------------------------------------------------------

def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def explained(statement, *values):
    """Every statement that this one runs, those inside functions too: its text and the partitions that its plan touches."""
    del root.raw.notices[:]
    rows = root.sql(statement, *values)
    found = []
    for notice in root.raw.notices:
        at = notice.find("{")
        if "plan:" not in notice or at < 0:
            continue
        plan = json.JSONDecoder().raw_decode(notice[at:])[0]
        touched = {n["Relation Name"] for n in nodes(plan["Plan"]) if n.get("Relation Name") and n.get("Actual Loops")}
        found.append((plan["Query Text"], {int(m.group(1)) for m in (re.fullmatch(rf"(?:{'|'.join(SPREAD)})_(\d+)", t) for t in touched) if m}))
    return rows, found


root.sql("load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;"
         "set auto_explain.log_analyze = on; set auto_explain.log_timing = off; set auto_explain.log_format = json;"
         "set auto_explain.log_level = notice; set client_min_messages = notice")
worker = root.one("select /*schema*/register_worker('w')")
seen = {}


def step(what, statement, *values):
    """Runs it and keeps which partitions it touched beyond those of queue A."""
    rows, found = explained(statement, *values)
    entry = seen.setdefault(what, {"plans": 0, "beyond": []})
    for text, partitions in found:
        entry["plans"] += 1
        entry["beyond"] += [(" ".join(text.split())[:110], sorted(partitions))] if partitions - {part[A]} else []
    return rows


def claim(n=4):
    rows = step("fetch", "select id, lease from /*schema*/fetch(%s, %s, %s)", A, n, worker)
    return [r[0] for r in rows], [r[1] for r in rows]


# More often than a plan is made for the very values (five times): the generic ones are looked at, too.
for n in range(9):
    step("send", "select /*schema*/send(%s, '1')", A)
    step("send_many", "select * from /*schema*/send_many(%s, array_fill('{\"data\": 1}'::jsonb, array[18]))", A)
    step("enqueue", "select /*schema*/send(%s, '1', '{\"singleton_key\": \"k\"}')", A)
    ids, leases = claim(5)
    step("settle", "select /*schema*/settle(%s::bigint[], %s::bigint[], p_queue => %s)", ids[:3], leases[:3], A)
    step("settle, closing", "select /*schema*/settle(%s::bigint[], %s::bigint[], p_closes => %s::bigint[], p_queue => %s)", ids[3:], leases[3:], leases[:1], A)
    ids, leases = [a + b for a, b in zip(claim(3), claim(3))]
    step("settle, two leases", "select /*schema*/settle(%s::bigint[], %s::bigint[], p_closes => %s::bigint[], p_queue => %s)", ids[1:], leases[1:], leases[:1], A)
    step("settle, the rest", "select /*schema*/settle(%s::bigint[], %s::bigint[], p_queue => %s)", ids[:1], leases[:1], A)
    ids, leases = claim(6)
    step("settle, all ways", "select /*schema*/settle(%s::bigint[], %s::bigint[], array['done', 'retry', 'release', 'snooze', 'fail', 'cancel'], p_queue => %s)",
         ids, leases, A)
step("fan_out", "select * from /*schema*/fan_out('f', %s, 'select generate_series(1, 5)')", A)
step("queue_stats", "select * from /*schema*/queue_stats where queue = %s", A)
for what, entry in seen.items():
    if not ok(entry["plans"] and not entry["beyond"], f"{what} touches the partition of its queue only ({entry['plans']} plans)"):
        diag("\n".join(f"{p}: {t}" for t, p in dict(entry["beyond"]).items()))
ok(explained("select * from /*schema*/job_ready where start_after is not null")[1][0][1] >= {part[A], part[B]}, "a statement without a queue touches others, as a plan says")

# By id alone the queue is looked up in all partitions, then everything is of that one.
i = root.one("select /*schema*/send(%s, '2', '{\"start_after\": 500}')", B)
for verb in ("run_now", "cancel", "retry", "delete_job"):
    found = explained(f"select /*schema*/{verb}(%s)", i)[1]
    ok(any("for update" in text and partitions == {part[B]} for text, partitions in found) or verb == "retry", f"{verb} locks in one partition")
    ok(not any("for update" in text and partitions - {part[B]} for text, partitions in found), f"{verb} locks in no other")
root.sql("reset client_min_messages; set auto_explain.log_min_duration = -1")


# --- it behaves as ever ------------------------------------------------------------------------------------------------

def state(id_):
    return c.one("select state::text || ':' || attempt from /*schema*/job where id = %s", id_)


def get(queue, n=1, of=None):
    return c.sql("select id, lease from /*schema*/fetch(%s, %s, %s)", queue, n, of)


c.sql("select /*schema*/create_queue('dead'); select /*schema*/create_queue('p', '{\"retry_limit\": 1, \"retry_delay\": 0, \"dead_letter\": \"dead\"}')")
ids = [r[0] for r in c.sql("select * from /*schema*/send_many('p', array(select jsonb_build_object('data', g, 'priority', g) from generate_series(1, 3) g))")]
is_(ids, sorted(set(ids)), "ids are drawn in order")
(got, lease), = get("p")
is_(got, ids[2], "the highest priority is claimed first")
is_(c.one("select /*schema*/touch(%s, %s)", got, lease), "ok", "touch")
is_(c.one("select /*schema*/progress(%s, %s, '5')", got, lease), "ok", "progress")
is_(c.one("select output from /*schema*/job where id = %s", got), 5, "and it is shown")
is_(c.one("select /*schema*/complete(%s, %s, '\"done\"')", got, lease), "ok", "complete by id and lease alone")
is_(c.one("select /*schema*/complete(%s, %s)", got, lease), "lost", "once")
is_(state(got), "completed:1", "it is completed")
(got, lease), = get("p")
is_(c.one("select /*schema*/fail(%s, %s, 'no')", got, lease), "ok", "fail")
is_(state(got), "retry:1", "it waits for its retry")
(got, lease), = get("p")
is_(c.one("select /*schema*/fail(%s, %s, 'no')", got, lease), "ok", "fail again")
is_(state(got), "failed:2", "it has failed")
is_(c.one("select count(*) from /*schema*/job where queue = 'dead'"), 1, "its letter lies in a queue of another partition")
is_(c.one("select /*schema*/retry(%s)", got), True, "retry by id")
is_(state(got), "created:0", "it is queued again, under its id")
(got, lease), = get("p")
is_(c.one("select /*schema*/snooze(%s, %s, '1 h')", got, lease), "ok", "snooze")
is_(c.one("select /*schema*/run_now(%s)", got), True, "run_now by id")
rows = get("p", 5)
is_({r[0] for r in rows}, {got, ids[0]}, "all that is due is claimed")
is_(c.one("select /*schema*/cancel(%s)", rows[0][0]), True, "cancel of a running job by id")
is_(c.one("select /*schema*/complete(%s::bigint[], %s::bigint[])", [r[0] for r in rows], [r[1] for r in rows]), ["lost", "ok"], "its settle is lost")

one = c.one("select /*schema*/send('p', '1', '{\"singleton_key\": \"k\"}')")
is_(c.one("select /*schema*/send('p', '1', '{\"singleton_key\": \"k\"}')"), None, "a second job with a key is refused")
ok(c.one("select /*schema*/send(%s, '1', '{\"singleton_key\": \"k2\"}')", B), "another queue has keys of its own")
is_(c.one("select /*schema*/delete_job(%s)", one), True, "delete_job by id")
raises("PQ404", "an unknown queue is refused", c.one, "select /*schema*/send('nowhere')")
is_(c.sql("select created, skipped from /*schema*/fan_out('g', 'p', 'select generate_series(1, 5)', '0')"), [(5, 0)], "a fan-out")
is_(c.sql("select created, skipped from /*schema*/fan_out('g', 'p', 'select generate_series(1, 7)', '0')"), [(2, 5)], "again, it adds what is missing")

dies = c.one("select /*schema*/register_worker('dies')")
held = get("p", 4, dies) + get(B, 1, dies)
is_(c.one("select /*schema*/worker_died(%s, %s::bigint[], '{}', 'killed')", dies, [held[0][0]]), 5, "the jobs of a dead worker are freed, of all its queues")
is_([state(r[0]) for r in held], ["retry:1"] + ["created:0"] * 4, "and charged as ever")
held = get("p", 2)
c.sql("update /*schema*/job_lease set expire_on = '-infinity', started_on = '2000-01-01' where lease = %s", held[0][1])
c.sql("select /*schema*/schedule('s', 'p', '* * * * *'); update /*schema*/schedule set next_on = date_trunc('minute', now()) where key = 's'")
old = c.one("select /*schema*/send(%s, '1', '{\"keep_queued\": 1}')", B)
c.sql("update /*schema*/job_live set start_after = '2020-01-01' where id = %s; update /*schema*/job_ready set start_after = '2020-01-01' where id = %s", old, old)
c.sql("update /*schema*/maintenance set sweep_on = '-infinity'")
is_(c.one("select /*schema*/maintain()"), True, "maintenance runs")
is_(c.one("select count(*) from /*schema*/job where id = any (%s) and attempt > 0 and state <> 'active'", [r[0] for r in held]), 2, "attempts over their time are ended")
is_(c.one("select count(*) from /*schema*/job where origin ->> 'schedule' = 's'"), 1, "a schedule has fired")
is_(state(old), "cancelled:0", "what waited too long is cancelled")
invariants.holds(c, "on distributed tables")

# Workers of the library, with more than one queue each; settles of several queues at once
config = testdb.write("pgqueued.ini", f"[database]\ndsn = {db.dsn}\nschema = {testdb.schema()}\n[worker]\nprocesses = 2\nconcurrency = 4\n"
                      + "".join(f"[queue {q}]\nhandler = exec:true\n" for q in names[:6]))
for q in names[:6]:
    c.sql("select /*schema*/enqueue(%s, array_fill('1'::jsonb, array[15]))", q)
d = testdb.start("pgqueued", "-c", config)
d.wait_line(" ready", 20)
c.wait("select count(*) = 0 from /*schema*/job_live where queue = any (%s)", names[:6], timeout=60)
d.kill(15)
is_(d.wait(20), 0, "pgqueued works on distributed tables and ends well")
is_(c.one("select count(*) from /*schema*/job where queue = any (%s) and state not in ('completed', 'failed', 'cancelled')", names[:6]), 0, "all has ended")

# Settles of two queues each, both ways round, at once: locks in one order
c.sql("select /*schema*/send(q) from unnest(%s) q, generate_series(1, 60)", [A, B])
sessions, errors, settled = [db.connect() for _ in range(4)], [], []


def both(session, queues):
    try:
        while True:
            rows = [r for q in queues for r in session.sql("select id, lease from /*schema*/fetch(%s, 3)", q)]
            if not rows:
                return
            settled.extend(session.one("select /*schema*/settle(%s::bigint[], %s::bigint[])", [r[0] for r in rows], [r[1] for r in rows]))
    except Exception as e:  # shown below
        errors.append(e)


threads = [threading.Thread(target=both, args=(s, order)) for s, order in zip(sessions, ([A, B], [B, A], [A, B], [B, A]))]
for t in threads:
    t.start()
for t in threads:
    t.join()
is_((errors, len(settled), all(settled)), ([], 120, True), "settles of two queues at once neither fail nor wait for each other for ever")
c.sql("select /*schema*/delete_queue(%s)", A)
is_(c.one("select count(*) from /*schema*/job where queue = %s", A), 0, "a queue is deleted with its jobs")
invariants.holds(c, "in the end")
done()
