# SPDX-License-Identifier: MIT
# The price of a job in SQL, as counts that do not depend on the machine: bytes of WAL, buffers touched, scans and row
# versions, over the whole life of 10,000 jobs by 1,000 with history kept.
#
# A limit is what was measured when it was set and a tenth more (buffers: a fifth); what is counted by the row has no
# margin. How a limit is changed is told in tests/README.md.
import atexit
import contextlib
import json

import testdb
from testdb import diag, is_, ok, done

JOBS, BATCH = 10000, 1000
PAYLOAD = '{"i": %d, "to": "user%d@example.org", "template": "welcome", "lang": "en", "note": "xxxxxxxxxxxxxxxxxxxxxxxx"}'

db = testdb.create()
c = db.connect()
if c.one("show full_page_writes") == "on":
    diag("counted on a server of the test's own: images of whole pages come by the machine's rhythm of checkpoints")
    own = contextlib.ExitStack()
    atexit.register(own.close)
    db = own.enter_context(testdb.Server(full_page_writes="off")).create()
    c = db.connect()
is_(c.one("show full_page_writes"), "off", "the server writes no images of whole pages")
c.sql("select /*schema*/create_queue('gate')")
worker = c.one("select /*schema*/register_worker('gate')")
c.sql("create temp table taken (id bigint, lease bigint, start_after timestamptz)")
HERE = testdb.mark("/*schema*/").rstrip(".")


def scans():
    """Sequential and index scans of each table, and its rows inserted, updated and deleted, by this transaction."""
    rows = c.sql("select relname::text, pg_stat_get_xact_numscans(r.oid)::int, coalesce((select sum(pg_stat_get_xact_numscans(indexrelid))::int"
                 " from pg_index where indrelid = r.oid), 0), pg_stat_get_xact_tuples_inserted(r.oid)::int,"
                 " pg_stat_get_xact_tuples_updated(r.oid)::int, pg_stat_get_xact_tuples_deleted(r.oid)::int"
                 " from pg_class r where relkind = 'r' and relnamespace = %s::regnamespace", HERE)
    return {table: counts for table, *counts in rows}


class Cost:
    """What a kind of statement costs: EXPLAIN counts what the functions in it do, too, and nothing of other sessions."""

    def __init__(self):
        self.wal = self.buffers = 0
        self.each = []  # buffers of each run
        self.counts = {table: [0] * 5 for table in scans()}

    def run(self, sql, *values):
        c.sql("begin")
        before = scans()
        plan = c.one("explain (analyze, wal, buffers, timing off, format json) " + sql, *values)
        plan = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        after = scans()
        c.sql("commit")
        self.wal += plan["WAL Bytes"]
        self.each.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        self.buffers += self.each[-1]
        for table, sums in self.counts.items():
            for i in range(5):
                sums[i] += after[table][i] - before[table][i]

    def check(self, what, wal, buffers):
        diag(f"{what}: {self.wal / JOBS:.0f} bytes of WAL, {self.buffers / JOBS:.1f} buffers per job;"
             f" seq scans, index scans, rows inserted, updated, deleted: { {t: n for t, n in self.counts.items() if any(n)} }")
        ok(self.wal / JOBS <= wal, f"{what} writes at most {wal} bytes of WAL per job")
        ok(self.buffers / JOBS <= buffers, f"{what} touches at most {buffers} buffers per job")


enqueue, claim, settle = Cost(), Cost(), Cost()
for first in range(0, JOBS, BATCH):
    enqueue.run("select /*schema*/enqueue('gate', %s::jsonb[])", [PAYLOAD % (i, i) for i in range(first, first + BATCH)])
at = []


def take(cost, n):
    """A claim as a worker's: it begins behind the last key that it took."""
    global at
    cost.run("insert into taken select id, lease, start_after from /*schema*/fetch('gate', %s, %s, %s, %s::timestamptz[],"
             " %s::bigint[], false, true)", n, worker, [0 for _ in at], [x[0] for x in at], [x[1] for x in at])
    at = c.sql("select start_after::text, id from taken order by start_after desc, id desc limit 1")


for _ in range(JOBS // BATCH):
    take(claim, BATCH)
for _ in range(JOBS // BATCH):
    settle.run("select /*schema*/settle(array(select id from taken order by lease, id limit %s),"
               " array(select lease from taken order by lease, id limit %s), null, null, null, '{}', 'gate')", BATCH, BATCH)
    c.sql("delete from taken where id in (select id from taken order by lease, id limit %s)", BATCH)
is_(c.one("select count(*) from /*schema*/job where state = 'completed'"), JOBS, "all were completed")

enqueue.check("enqueue by 1,000", 530, 9)  # measured: 487 bytes, 7.1 buffers
claim.check("a claim of 1,000", 125, 9)  # 112, 7.1
settle.check("a settle of 1,000", 440, 9)  # 401, 7.1
whole = (enqueue.wal + claim.wal + settle.wal) / JOBS
ok(whole <= 1095, f"a whole life writes at most 1,095 bytes of WAL ({whole:.0f})")


def sums(table):
    return [sum(cost.counts[table][i] for cost in (enqueue, claim, settle)) for i in range(5)]


is_(sums("job_ready")[0], 0, "job_ready is never scanned sequentially")
is_(sums("job_live")[0], 0, "job_live is never scanned sequentially")
is_(sums("job_lease")[0], 0, "job_lease is never scanned sequentially by a claim or settle")
is_(claim.counts["job_ready"][1], JOBS // BATCH, "a claim is one scan of the claim index")
is_(sums("job_ready")[1], JOBS // BATCH, "nothing else reads job_ready")
# Of ids that lie side by side a server from 17 on makes one scan.
ok(sums("job_live")[1] <= 2 * JOBS, f"a job is looked up by its id twice at most: when it is claimed and when it ends ({sums('job_live')[1]})")
is_(sums("job_live")[2:], [JOBS, 0, JOBS], "a job's row is written once and deleted once")
is_(sums("job_ready")[2:], [JOBS, 0, JOBS], "so is its row in job_ready")
is_(sums("job_lease")[2:], [JOBS // BATCH, 0, JOBS // BATCH], "a batch has one lease row, never rewritten")

tables = [t for t in enqueue.counts if t != "job_worker"]  # its beat, each 5 s
written = {table: sums(table)[2] for table in tables}
is_(sum(written[t] for t in tables if t.startswith("job_finished")), JOBS, "and it is one row of the history")
dead = sum(sums(table)[3] + sums(table)[4] for table in tables)
is_(dead, 2 * JOBS + JOBS // BATCH, "so it leaves two dead rows, and a batch one; no other table is updated")
is_(sum(written.values()), 3 * JOBS + 5 * (JOBS // BATCH), "and beside them a batch writes a lease and four counts")

# One at a time, as on an idle system: what is shared by a batch is paid by each.
ONES = 100
single, one_claim, one_settle = Cost(), Cost(), Cost()
for i in range(ONES):
    single.run("select /*schema*/send('gate', %s::jsonb)", PAYLOAD % (i, i))
    take(one_claim, 1)
    one_settle.run("select /*schema*/settle(array(select id from taken), array(select lease from taken), null, null, null, '{}', 'gate')")
    c.sql("delete from taken")
is_(c.one("select count(*) from /*schema*/job where state = 'completed'"), JOBS + ONES, "those were completed, too")
is_({t: n[2:] for t, n in single.counts.items() if any(n[2:])}, {t: [ONES, 0, 0] for t in ("job_live", "job_ready", "queue_delta")},
    "a single send writes a row to job_live, one to job_ready and one count")
is_([single.counts[t][0] + single.counts[t][1] for t in ("job_live", "job_ready", "job_lease")], [0, 0, 0], "and reads none of the hot tables")
is_([sum(x.counts[t][0] for x in (single, one_claim, one_settle)) for t in ("job_live", "job_ready", "job_lease")], [0, 0, 0],
    "nor does a claim or settle of one scan them")
is_([x.counts["job_live"][1] for x in (one_claim, one_settle)], [ONES, ONES], "each looks its job up once")
for cost, what, wal, buffers in ((single, "a single send", 705, 16), (one_claim, "a claim of one", 520, 22),
                                (one_settle, "a settle of one", 910, 24)):  # measured: 646, 475, 825; 13.2, 18.1, 20.2
    median = sorted(cost.each)[ONES // 2]  # a session whose caches the server drops reads 2,500 more, once
    diag(f"{what}: {cost.wal / ONES:.0f} bytes of WAL, {median} buffers")
    ok(cost.wal / ONES <= wal, f"{what} writes at most {wal} bytes of WAL")
    ok(median <= buffers, f"{what} touches at most {buffers} buffers")

# Many leases of many queues in one settle: a queue costs its lease, its look-up and two counts, and no statement of its own.
QUEUES, EACH = 50, 10
c.sql("select /*schema*/create_queue('gate' || g) from generate_series(1, %s) g", QUEUES)
c.sql("select /*schema*/enqueue('gate' || g, array_fill(%s::jsonb, array[%s])) from generate_series(1, %s) g", PAYLOAD % (1, 1), EACH, QUEUES)
c.sql("insert into taken select f.id, f.lease from generate_series(1, %s) g, /*schema*/fetch('gate' || g, %s, %s) f", QUEUES, EACH, worker)
many = Cost()
many.run("select /*schema*/settle(array(select id from taken order by id), array(select lease from taken order by id), null, null, null, '{}')")
is_(c.one("select count(*) from /*schema*/job where state = 'completed'"), JOBS + ONES + QUEUES * EACH, "a settle of 50 queues")
diag(f"a settle of 50 queues: {many.buffers / QUEUES:.1f} buffers per queue; {many.counts}")
ok(many.buffers / QUEUES <= 105, f"touches at most 105 buffers per queue of 10 jobs ({many.buffers / QUEUES:.1f})")  # measured: 88.5
# Of ids that lie side by side a server from 17 on makes one scan.
ok(all(many.counts[t][1] <= n for t, n in (("job_live", QUEUES * EACH), ("queue", QUEUES), ("job_lease", 4 * QUEUES))),
   "looks each job up once, each queue once and each lease four times, at most")
is_([n[0] for t, n in many.counts.items() if t != "maintenance"], [0] * (len(many.counts) - 1), "and scans no table")
done()
