# SPDX-License-Identifier: MIT
# The plans of the hot path among 300,000 jobs, as counts that do not depend on the machine: scans, index entries read
# and buffers of a claim, a look around and a settle, with tables that were never analysed and that were, with plans
# made when they were empty and new ones, among jobs of the far future, with a hundred priorities, and with a snapshot
# held open. How a limit is changed is told in tests/README.md.
import json

import testdb
from testdb import diag, done, is_, ok

N, RANKS = 100, 100
LOOK = 530  # buffers of a look; measured: 440
db = testdb.create()
c = db.connect()
for table in ("job_live", "job_ready", "job_lease", "queue_delta", "job_bell"):
    c.sql(f"alter table /*schema*/{table} set (autovacuum_enabled = off)")
QUEUES = ("deep", "future", "ranks")
c.sql("select /*schema*/create_queue(q) from unnest(%s) q", [*QUEUES, "taken"])
worker = c.one("select /*schema*/register_worker('gate')")
TABLES = ("job_ready", "job_live", "job_lease")
CLAIM = "select id, lease, rank, start_after from (select *, -priority as rank from /*schema*/fetch(%s, %s, %s, %s::int[], %s::timestamptz[], %s::bigint[], false, true)) x"
POLL = "select * from /*schema*/poll(%s, %s, null, null, null, %s::text[], %s::int[], %s::timestamptz[], %s::bigint[])"
SETTLE = "select /*schema*/settle(array(select id from taken), array(select lease from taken), null, null, null, '{}', 'taken')"


class Look:
    """What one statement did to the hot tables and their indexes, nested statements included; nothing of other sessions."""

    def __init__(self, session, sql, *values):
        self.again = (session, sql, *values)
        session.sql("begin")
        before = self.counts(session)
        plan = session.one("explain (analyze, buffers, timing off, format json) " + sql, *values)
        plan = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        after = self.counts(session)
        session.sql("rollback")
        self.buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        self.rows = plan["Actual Rows"]
        self.seq = {t: after[t][0] - before[t][0] for t in TABLES}
        self.index = {t: after[t][1] - before[t][1] for t in TABLES}
        self.entries = {t: after[t][2] - before[t][2] for t in TABLES}

    def least(self, limit):
        """The buffers, of up to three tries: what others change in their databases may drop this session's catalog caches, and
        reading the catalog again counts, too."""
        for _ in range(2):
            if self.buffers > limit:
                self.buffers = Look(*self.again).buffers
        return self.buffers

    @staticmethod
    def counts(session):
        """Of each table: its sequential scans, the scans of its indexes, the entries that these returned."""
        rows = session.sql(
            "select t, pg_stat_get_xact_numscans(r), coalesce(sum(pg_stat_get_xact_numscans(indexrelid)), 0)::int,"
            " coalesce(sum(pg_stat_get_xact_tuples_returned(indexrelid)), 0)::int"
            " from (select t, (%s || t)::regclass::oid as r from unnest(%s) t) x left join pg_index on indrelid = r group by t, r",
            testdb.mark("/*schema*/"), list(TABLES))
        return {t: n for t, *n in rows}


def take():
    """N claimed jobs, to be settled. Of a queue of their own: their index entries are read again while any transaction of
    the server goes on that began before the claim, also in another test's database."""
    c.sql("select /*schema*/enqueue('taken', array(select to_jsonb(g) from generate_series(1, %s) g))", N)
    c.sql("create table taken as select id, lease from /*schema*/fetch('taken', %s)", N)


def positions(queue):
    """Where a worker stands that has taken the first jobs of each rank of the queue."""
    rows = c.sql("select rank, start_after::text, id from unnest((select ranks from /*schema*/queue where name = %s)) r(rank), lateral"
                 " (select start_after, id from /*schema*/job_ready where queue = %s and rank = r.rank and start_after <= now()"
                 " order by start_after, id limit 1) x", queue, queue)
    return [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]


old = db.connect()  # its plans are made while the tables are empty, and kept
for _ in range(7):
    for queue in QUEUES:
        old.sql(CLAIM, queue, 10, worker, [], [], [])
    old.sql(POLL, worker, list(QUEUES), [], [], [], [])
    old.sql("select /*schema*/settle('{1}', '{1}', null, null, null, '{}', 'taken')")

for _ in range(4):
    c.sql("select /*schema*/enqueue('deep', array(select to_jsonb(g) from generate_series(1, 50000) g))")
LATE = {"start_after": 36000}
c.sql("select /*schema*/enqueue('future', array(select to_jsonb(g) from generate_series(1, 50000) g), %s)", json.dumps({**LATE, "priority": 9}))
c.sql("select /*schema*/enqueue('future', array(select to_jsonb(g) from generate_series(1, 10000) g), %s)", json.dumps(LATE))
c.sql("select /*schema*/enqueue('future', array(select to_jsonb(g) from generate_series(1, 1000) g))")
priorities = f"array(select g %% {RANKS} from generate_series(1, %s) g)"
c.sql(f"select /*schema*/enqueue('ranks', array(select to_jsonb(g) from generate_series(1, %s) g), %s, null, null, {priorities})", 40000, json.dumps(LATE), 40000)
c.sql(f"select /*schema*/enqueue('ranks', array(select to_jsonb(g) from generate_series(1, %s) g), '{{}}', null, null, {priorities})", RANKS, RANKS)
is_(c.one("select reltuples < 20000 from pg_class where oid = '/*schema*/job_ready'::regclass"), True, "the server believes the tables to be small")
take()
at = {queue: positions(queue) for queue in QUEUES}


def same(look, what, index, entries, buffers):
    """No sequential scan; index scans and entries read of job_ready and job_live exactly so, buffers at most."""
    # Ids that lie side by side are one scan of job_live for a server from 17 on.
    live = min(index[1], look.index["job_live"])
    got = [look.seq[t] for t in TABLES[:2]] + [look.index[t] for t in TABLES[:2]] + [look.entries[t] for t in TABLES[:2]]
    is_(got, [0, 0, index[0], live, *entries], f"{what}: {index[0]} scans of the claim index, {entries[0]} entries read, {index[1]} looked up")
    ok(look.least(buffers) <= buffers, f"{what}: at most {buffers} buffers ({look.buffers})")


def check(session, how):
    session.sql("begin")  # the session's first statements read the catalog
    for _ in range(2):
        session.sql(CLAIM, "deep", 1, worker, [], [], [])
        session.sql(POLL, worker, list(QUEUES), [], [], [], [])
    session.sql(SETTLE)
    session.sql("rollback")
    # Measured: 815 to 825 buffers; 1,213 with a scan for each priority, 304 when these find nothing.
    for queue, ranks, behind, most, what in (("deep", 1, N, 990, "among 200,000 jobs"), ("future", 2, N, 990, "among 60,000 of the future"),
                                             ("ranks", RANKS, 0, 1460, f"of {RANKS} priorities")):
        look = Look(session, CLAIM, queue, N, worker, [], [], [])
        is_(look.rows, N, f"{how}: a claim of {N} {what} finds them")
        same(look, f"{how}: a claim of {N} {what}", (ranks, N), (N, N), most)
        look = Look(session, CLAIM, queue, N, worker, *at[queue])
        # Of a hundred priorities one job each is due: the first, behind which this claim begins.
        is_(look.rows, behind, f"{how}: a claim of {N} {what} finds {behind} behind its place")
        same(look, f"{how}: a claim of {N} {what} behind its place", (ranks, behind), (behind, behind), most)
    ranks = 1 + 2 + RANKS
    c.sql("update /*schema*/maintenance set look_on = /*schema*/clock(), sweep_on = /*schema*/clock()")  # else a poll's share
    same(Look(session, POLL, worker, list(QUEUES), [], [], [], []), f"{how}: a look at {ranks} priorities", (ranks, 0), (ranks, 0), LOOK)
    same(Look(session, SETTLE), f"{how}: a settle of {N}", (0, N), (0, N), 1010)  # measured: 839


def by_id(session):
    i = c.one("select max(id) from /*schema*/job_live")
    for sql, buffers in (("select * from /*schema*/job where id = %s", 100), ("select /*schema*/run_now(%s)", 100),
                         ("select /*schema*/cancel(%s)", 100), ("select * from /*schema*/queue_stats where queue = 'deep'", 100)):
        values = [i] if "%s" in sql else []
        session.sql("begin")
        session.sql(sql, *values)
        session.sql("rollback")
        look = Look(session, sql, *values)
        is_(sum(look.seq[t] for t in TABLES[:2]), 0, f"no scan by {sql}")
        ok(look.least(buffers) <= buffers, f"at most {buffers} buffers by {sql} ({look.buffers})")  # measured: 13 to 44


check(old, "old plans, never analysed")
new = db.connect()
check(new, "new plans, never analysed")
by_id(new)
c.sql("analyze /*schema*/job_live; analyze /*schema*/job_ready; analyze /*schema*/job_lease; analyze /*schema*/queue")
check(old, "old plans, analysed")
check(db.connect(), "new plans, analysed")

# Who looks at the tables for long keeps the index entries of what was claimed meanwhile.
pin = db.connect(autocommit=False)
pin.sql("set transaction isolation level repeatable read; select 1 from /*schema*/job_ready limit 1")
place = ([], [], [])
for _ in range(5):
    start, last = new.sql(f"select start_after::text, id from ({CLAIM}) x order by start_after desc, id desc limit 1",
                          "deep", 1000, worker, *place)[0]
    place = ([0], [start], [last])
same(Look(new, CLAIM, "deep", N, worker, *place), f"with a snapshot held, 5,000 claimed: a claim of {N} behind its place", (1, N), (N, N), 990)
is_(Look(new, CLAIM, "deep", N, worker, [], [], []).entries["job_ready"], N + 5000, "from the start it would walk over those")

# What autovacuum leaves of drained tables: known to be empty, so every plan looks cheap.
drained = testdb.create()
c = drained.connect()
c.sql("select /*schema*/create_queue(q) from unnest(%s) q", ["deep", "taken"])
worker = c.one("select /*schema*/register_worker('gate')")
for table in TABLES:
    c.sql(f"alter table /*schema*/{table} set (autovacuum_enabled = off)")
    c.sql(f"vacuum analyze /*schema*/{table}")
old = drained.connect()
for _ in range(7):
    old.sql(CLAIM, "deep", 10, worker, [], [], [])
    old.sql("select /*schema*/settle('{1}', '{1}', null, null, null, '{}', 'taken')")
c.sql("select /*schema*/enqueue('deep', array(select to_jsonb(g) from generate_series(1, 20000) g))")
take()
for session, how in ((old, "old plans, vacuumed empty"), (drained.connect(), "new plans, vacuumed empty")):
    session.sql("begin")
    session.sql(CLAIM, "deep", 1, worker, [], [], [])
    session.sql(SETTLE)
    session.sql("rollback")
    same(Look(session, CLAIM, "deep", N, worker, [], [], []), f"{how}: a claim of {N} among 20,000 jobs", (1, N), (N, N), 990)
    same(Look(session, SETTLE), f"{how}: a settle of {N}", (0, N), (0, N), 1010)

# What analyze makes of drained tables that keep their pages: rows that come are believed not to be there, however many.
emptied = testdb.create()
c = emptied.connect()
for table in TABLES:
    c.sql(f"alter table /*schema*/{table} set (autovacuum_enabled = off)")
c.sql("select /*schema*/create_queue('deep')")
c.sql("select /*schema*/enqueue('deep', array(select to_jsonb(g) from generate_series(1, 2000) g))")
c.sql("select /*schema*/settle(array_agg(id), array_agg(lease)) from /*schema*/fetch('deep', 2000)")
c.sql("analyze /*schema*/job_live; analyze /*schema*/job_ready; analyze /*schema*/job_lease")
is_(c.one("select reltuples = 0 and relpages > 0 from pg_class where oid = '/*schema*/job_live'::regclass"), True, "the server believes the tables to be empty")
c.sql("select /*schema*/enqueue('deep', array(select to_jsonb(g) from generate_series(1, 20000) g))")
c.sql("create table taken as select id, lease from /*schema*/fetch('deep', %s)", N)
c.sql("insert into taken select id, lease from /*schema*/fetch('deep', %s)", N)
HALVES = f"(select id, lease from (select id, lease, row_number() over (partition by lease order by id) as n from taken) x where n <= {N // 2}) x"
session = emptied.connect()
for outcome, most in (("done", 4 * N), ("retry", 6 * N), ("release", 6 * N)):
    look = Look(session, "select /*schema*/settle(array_agg(id), array_agg(lease), array_fill(%s::text, array[count(*)::int]), null, null,"
                f" (select array_agg(distinct lease) from taken), 'deep') from {HALVES}", outcome)
    ok(look.entries["job_live"] <= most, f"analysed empty: {N} of two leases end with {outcome}: at most {most} jobs read ({look.entries['job_live']})")
look = Look(session, "select /*schema*/prune()")
ok(look.entries["job_live"] <= 4 * N, f"analysed empty: a look for empty leases reads at most {4 * N} jobs ({look.entries['job_live']})")
done()
