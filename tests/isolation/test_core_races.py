# SPDX-License-Identifier: MIT
"""Two sessions, named steps, every order: each step runs when it can, one that waits for the other's lock goes on when
that ends. After every order the invariants hold and each job has exactly one end."""
import itertools
import os

import psycopg2

import invariants
import testdb
from testdb import diag, done, is_, ok

db = testdb.create()
c = db.connect()
eyes = testdb.Connection(os.environ["PGQUEUE_TEST_SUPER_DSN"])
c.sql("create table public.n (n int)")


# Whether one session waits for the other, itself or through others. A wait for anybody else passes: a COMMIT with a NOTIFY
# waits for each such COMMIT of the whole server, and an autovacuum may hold a table for a moment.
WAITS = """
  with recursive w(pid) as (select unnest(pg_blocking_pids(%s)) union select unnest(pg_blocking_pids(w.pid)) from w where w.pid > 0)
  select exists (select from w where pid = %s)"""


class Actor:
    """A session that runs its steps in order; one may be under way, waiting for a lock of the other session."""

    def __init__(self, session, other, steps, context):
        self.s = session
        self.other = other
        self.steps = list(steps)
        self.context = context
        self.waiting = None
        self.results = {}

    def finish(self, future, name):
        try:
            rows = future.result(60)
            self.results[name] = rows[0][0] if rows and len(rows[0]) == 1 else rows
        except psycopg2.Error as e:
            self.results[name] = e.pgcode

    def settle(self):
        """Waits until the step under way has ended or waits for the other session: true if it has ended."""
        future, name = self.waiting

        def looked():
            if future.done():
                return "done"
            if eyes.one(WAITS, self.s.pid, self.other.pid):
                return "blocked"
            return None
        if testdb.wait(looked, 60, f"the end of {name}") == "blocked":
            return False
        self.finish(future, name)
        self.waiting = None
        return True

    def step(self):
        if self.waiting and not self.settle():
            return False
        name, sql = self.steps.pop(0)
        values = sql(self.context, self.results) if callable(sql) else (sql,)
        self.waiting = (self.s.start(*values), name)
        self.settle()
        return True


def orders(n, m):
    for picks in itertools.combinations(range(n + m), n):
        yield ["a" if i in picks else "b" for i in range(n + m)]


number = itertools.count()
pair = {"a": db.connect(), "b": db.connect()}


def race(title, setup, a, b, check):
    """Runs the steps of a and b in every order; check(context, a's results, b's results) answers whether all is well."""
    bad, count = [], 0
    for order in orders(len(a), len(b)):
        context = setup()
        actors = {who: Actor(pair[who], pair[other], steps, context) for who, other, steps in (("a", "b", a), ("b", "a", b))}
        try:
            pending = list(order)
            while pending:
                # A blocked actor's step waits until the other has gone on.
                for i, who in enumerate(pending):
                    if actors[who].step():
                        pending.pop(i)
                        break
                else:
                    bad.append((order, "both wait"))
                    break
            for _ in range(3):
                for actor in actors.values():
                    if actor.waiting:
                        actor.settle()
        finally:
            for actor in actors.values():
                if actor.waiting:
                    actor.finish(*actor.waiting)
                actor.s.sql("rollback")
        results = actors["a"].results, actors["b"].results
        answer = check(context, *results)
        if answer is not True:
            bad.append((order, results, answer))
        count += 1
    found = invariants.broken(c)
    if found:
        bad.append(found)
    c.sql("select /*schema*/delete_queue(name) from /*schema*/queue where name ~ '^q[0-9]+$'")
    if not ok(not bad, f"{title} ({count} orders)"):
        for b_ in bad[:3]:
            diag(b_)


def queue(jobs=1, options='{"retry_limit": 5, "retry_delay": 0}'):
    name = f"q{next(number)}"
    c.sql("select /*schema*/create_queue(%s, %s)", name, options)
    ids = [c.one("select /*schema*/send(%s)", name) for _ in range(jobs)]
    return {"q": name, "ids": ids, "id": ids[0] if ids else None}


def claimed(jobs=1, options='{"retry_limit": 5, "retry_delay": 0}'):
    """A queue whose jobs a worker holds."""
    context = queue(jobs, options)
    context["worker"] = c.one("select /*schema*/register_worker('w')")
    context["lease"] = c.sql("select lease from /*schema*/fetch(%s, %s, %s)", context["q"], jobs, context["worker"])[0][0]
    return context


def state(context, id_=None):
    return c.one("select state::text || ':' || attempt from /*schema*/job where id = %s", id_ or context["id"])


BEGIN, COMMIT, ROLLBACK = ("begin", "begin"), ("commit", "commit"), ("rollback", "rollback")
claim = ("claim", lambda x, r: ("select id, lease from /*schema*/fetch(%s, 10)", x["q"]))
complete_claimed = ("settle", lambda x, r: ("select /*schema*/complete(%s, %s)", *(r["claim"][0] if r.get("claim") else (0, 0))))
cancel = ("cancel", lambda x, r: ("select /*schema*/cancel(%s)", x["id"]))
complete = ("settle", lambda x, r: ("select /*schema*/complete(%s, %s)", x["id"], x["lease"]))
release = ("settle", lambda x, r: ("select /*schema*/release(%s, %s)", x["id"], x["lease"]))
fail = ("settle", lambda x, r: ("select /*schema*/fail(%s, %s)", x["id"], x["lease"]))
rescue = ("rescue", lambda x, r: ("select /*schema*/end_leases(%s, null, '{}', 'gone')", x["worker"]))
expire = ("expire", "select /*schema*/expire_attempts()")
retry = ("retry", lambda x, r: ("select /*schema*/retry(%s)", x["id"]))
run_now = ("run_now", lambda x, r: ("select /*schema*/run_now(%s)", x["id"]))
delete_job = ("delete", lambda x, r: ("select /*schema*/delete_job(%s)", x["id"]))


def one_end(settle, other):
    """Exactly one of two that both end the job."""
    def check(x, a, b):
        return (a[settle] == "ok") != (b[other] is True) or f"{a[settle]} and {b[other]}: {state(x)}"
    return check


for end in (COMMIT, ROLLBACK):
    race(f"claim against cancel, the claim's {end[0]}", queue, [BEGIN, claim, end], [BEGIN, cancel, COMMIT],
         lambda x, a, b: b["cancel"] is True and state(x) in ("cancelled:0", "cancelled:1") or state(x))
race("claim and settle against cancel", queue, [claim, complete_claimed], [BEGIN, cancel, COMMIT],
     lambda x, a, b: state(x) in (("cancelled:0", "cancelled:1") if b["cancel"] else ("completed:1",))
     and (a["settle"] == "ok") != b["cancel"] or (state(x), a, b))
race("claim against claim", queue, [BEGIN, claim, COMMIT], [BEGIN, claim, COMMIT],
     lambda x, a, b: len(a["claim"]) + len(b["claim"]) == 1 or (a, b))
race("claim against run_now", lambda: queue(options='{"retry_limit": 1}'), [BEGIN, claim, COMMIT], [BEGIN, run_now, COMMIT],
     lambda x, a, b: state(x) == ("active:1" if a["claim"] else "created:0") or state(x))
race("claim against delete_job", queue, [BEGIN, claim, COMMIT], [BEGIN, delete_job, COMMIT],
     lambda x, a, b: bool(a["claim"]) != b["delete"] and state(x) == ("active:1" if a["claim"] else None) or (a, b, state(x)))
race("two settles of one lease", claimed, [BEGIN, complete, COMMIT], [BEGIN, fail, COMMIT],
     lambda x, a, b: sorted([a["settle"], b["settle"]]) == ["lost", "ok"]
     and state(x) == ("completed:1" if a["settle"] == "ok" else "retry:1") or (a, b, state(x)))
race("two settles of which the first rolls back", claimed, [BEGIN, complete, ROLLBACK], [BEGIN, release, COMMIT],
     lambda x, a, b: (b["settle"] == "ok" and state(x) == "created:0") or (a, b, state(x)))
race("settle against cancel", claimed, [BEGIN, complete, COMMIT], [BEGIN, cancel, COMMIT], one_end("settle", "cancel"))
race("release against cancel", claimed, [BEGIN, release, COMMIT], [BEGIN, cancel, COMMIT],
     lambda x, a, b: b["cancel"] is True and state(x).startswith("cancelled") or (a, b, state(x)))
race("rescue against settle", lambda: claimed(2), [BEGIN, rescue, COMMIT], [BEGIN, complete, COMMIT],
     lambda x, a, b: state(x) == ("completed:1" if b["settle"] == "ok" else "retry:1") and state(x, x["ids"][1]) == "retry:1" or (a, b, state(x)))
race("rescue against release", lambda: claimed(2), [BEGIN, rescue, COMMIT], [BEGIN, release, COMMIT],
     lambda x, a, b: state(x) == ("created:0" if b["settle"] == "ok" else "retry:1") and state(x, x["ids"][1]) == "retry:1" or (a, b, state(x)))
race("rescue against cancel", lambda: claimed(2), [BEGIN, rescue, COMMIT], [BEGIN, cancel, COMMIT],
     lambda x, a, b: b["cancel"] is True and state(x).startswith("cancelled") and state(x, x["ids"][1]) == "retry:1" or (a, b, state(x)))
race("rescue by two at once", lambda: claimed(3), [BEGIN, rescue, COMMIT], [BEGIN, rescue, COMMIT],
     lambda x, a, b: sorted([a["rescue"], b["rescue"]]) == [0, 3] and {state(x, i) for i in x["ids"]} == {"retry:1"} or (a, b))

# The late settle is lost while the successor runs, and after it has finished.
race("the successor of a rescued job against its first owner", lambda: claimed(1), [rescue, claim, complete_claimed], [("late", complete[1]), ("later", complete[1])],
     lambda x, a, b: (b["late"] == "ok") != bool(a.get("claim")) and b["later"] == "lost"
     and (a["settle"] == "ok") == (b["late"] == "lost") and state(x).startswith("completed") or (a, b, state(x)))
x = claimed()
c.sql("select /*schema*/end_leases(%s, null, '{}', 'gone')", x["worker"])
new = c.sql("select id, lease from /*schema*/fetch(%s, 1)", x["q"])[0]
is_(c.one("select /*schema*/complete(%s, %s)", x["id"], x["lease"]), "lost", "a late settle is lost while the successor runs")
is_(state(x), "active:2", "and the successor runs on")
is_(c.one("select /*schema*/complete(%s, %s, '\"mine\"')", *new), "ok", "the successor's counts")
is_(c.one("select /*schema*/complete(%s, %s, '\"late\"')", x["id"], x["lease"]), "lost", "a late settle is lost after the successor has finished")
is_(c.one("select output from /*schema*/job where id = %s", x["id"]), "mine", "and changes nothing")


def overdue():
    context = claimed(2)
    c.sql("update /*schema*/job_lease set expire_on = '-infinity', started_on = '2000-01-01' where lease = %s", context["lease"])
    return context


race("expiry against settle", overdue, [BEGIN, expire, COMMIT], [BEGIN, complete, COMMIT],
     lambda x, a, b: state(x) == ("completed:1" if b["settle"] == "ok" else "retry:1") or (a, b, state(x)))
race("expiry against cancel", overdue, [BEGIN, expire, COMMIT], [BEGIN, cancel, COMMIT],
     lambda x, a, b: b["cancel"] is True and state(x).startswith("cancelled") or (a, b, state(x)))
race("expiry against touch", overdue, [BEGIN, expire, COMMIT], [BEGIN, ("touch", lambda x, r: ("select /*schema*/touch(%s, %s)", x["id"], x["lease"])), COMMIT],
     lambda x, a, b: state(x) == ("active:1" if b["touch"] == "ok" else "retry:1") or (a, b, state(x)))

# The fence: a transaction that touches a job, does its work and completes the job. It holds the lease from its first
# statement on: holding the job's row instead, it would wait for a rescue that waits for it, and an expiry that waited for
# the row would take the job away that had just answered ok.
touch = ("touch", lambda x, r: ("select /*schema*/touch(%s, %s)", x["id"], x["lease"]))
fence = [BEGIN, touch, complete, COMMIT]
for name, setup, other, ended in (("a rescue", lambda: claimed(2), rescue, "retry:1"), ("an expiry", overdue, expire, "retry:1"),
                                  ("a cancel", lambda: claimed(2), cancel, "cancelled:1"),
                                  ("a settle of its batch", lambda: claimed(2), ("settle", lambda x, r: (
                                      "select /*schema*/complete(%s::bigint[], %s::bigint[])", x["ids"], [x["lease"]] * 2)), "completed:1")):
    race(f"a fence against {name}", setup, fence, [other], lambda x, a, b, ended=ended:
         a["touch"] == a["settle"] and not {"40P01"} & {str(v) for v in b.values()}
         and state(x) == ("completed:1" if a["touch"] == "ok" else ended) or (a, b, state(x)))
second = ("touch", lambda x, r: ("select /*schema*/touch(%s, %s)", x["ids"][1], x["lease"]))
race("two fences of one batch", lambda: claimed(2), fence,
     [second, ("settle", lambda x, r: ("select /*schema*/complete(%s, %s)", x["ids"][1], x["lease"]))],
     lambda x, a, b: set(a.values()) | set(b.values()) <= {"ok", None} and {state(x, i) for i in x["ids"]} == {"completed:1"} or (a, b))


def failed():
    """One job of a batch has failed for good, the batch is still leased."""
    context = claimed(3)
    c.sql("select /*schema*/fail(%s, %s, 'x', '{\"for_good\": true}')", context["id"], context["lease"])
    return context


race("retry against claim", failed, [BEGIN, retry, COMMIT], [BEGIN, claim, COMMIT],
     lambda x, a, b: a["retry"] is True and state(x) == ("active:1" if b["claim"] else "created:0") or (a, b, state(x)))
race("retry against a late settle of the old lease", failed, [BEGIN, retry, COMMIT], [BEGIN, complete, COMMIT],
     lambda x, a, b: b["settle"] == "lost" and state(x) == "created:0" or (a, b, state(x)))
race("retry against a settle of the whole batch", failed, [BEGIN, retry, COMMIT],
     [BEGIN, ("settle", lambda x, r: ("select /*schema*/complete(%s::bigint[], %s::bigint[])", x["ids"], [x["lease"]] * 3)), COMMIT],
     lambda x, a, b: b["settle"] == ["lost", "ok", "ok"] and state(x) == "created:0" or (a, b, state(x)))
race("retry against the rescue of the batch", failed, [BEGIN, retry, COMMIT], [BEGIN, rescue, COMMIT],
     lambda x, a, b: state(x) == "created:0" and state(x, x["ids"][1]) == "retry:1" or (a, b, state(x)))
race("two retries", failed, [BEGIN, retry, COMMIT], [BEGIN, retry, COMMIT],
     lambda x, a, b: sorted([a["retry"], b["retry"]]) == [False, True] and state(x) == "created:0" or (a, b, state(x)))
race("retry against delete_job", failed, [BEGIN, retry, COMMIT], [BEGIN, delete_job, COMMIT],
     lambda x, a, b: True if state(x) in ("created:0", None) else (a, b, state(x)))
race("delete_queue against settle", lambda: claimed(2), [BEGIN, ("delete", lambda x, r: ("select /*schema*/delete_queue(%s)", x["q"])), COMMIT], [BEGIN, complete, COMMIT],
     lambda x, a, b: a["delete"] is True and state(x) is None or (a, b, state(x)))
race("delete_queue against claim", lambda: queue(2), [BEGIN, ("delete", lambda x, r: ("select /*schema*/delete_queue(%s)", x["q"])), COMMIT], [BEGIN, claim, COMMIT],
     lambda x, a, b: a["delete"] is True and state(x) is None and c.one("select count(*) from /*schema*/job_lease where queue = %s", x["q"]) == 0 or (a, b, state(x)))


# A delete of a queue that stands in the middle, because somebody holds a row that it needs next
def blocked(session, by):
    testdb.wait(lambda: eyes.one(WAITS, session.pid, by.pid), 60, "that one session waits for the other")


def answer(future):
    try:
        rows = future.result(60)
        return rows[0][0] if rows else None
    except psycopg2.Error as e:
        return e.pgcode


def begin_delete(x):
    return pair["a"].start("select /*schema*/delete_queue(%s)", x["q"])


holder, holder2 = db.connect(False), db.connect(False)
HOLD = "select from /*schema*/job_live where id = %s for update"

x = queue(2)
holder.sql(HOLD, x["ids"][0])
deleted = begin_delete(x)
blocked(pair["a"], holder)
other = pair["b"].start(*cancel[1]({"id": x["ids"][1]}, None))
testdb.wait(lambda: other.done() or eyes.one(WAITS, pair["b"].pid, pair["a"].pid), 60, "the cancel ends or waits")
holder.rollback()
is_((answer(deleted), answer(other)), (True, True), "delete_queue under way and a cancel do not wait for each other")

x = queue(3)
holder.sql("select from /*schema*/queue where name = %s for key share", x["q"])
deleted = begin_delete(x)
blocked(pair["a"], holder)
row = c.sql("select id, lease from /*schema*/fetch(%s, 1)", x["q"])[0]
holder2.sql(HOLD, x["ids"][2])
holder.rollback()
blocked(pair["a"], holder2)
other = pair["b"].start("select /*schema*/complete(%s, %s)", *row)
blocked(pair["b"], pair["a"])
holder2.rollback()
is_((answer(deleted), answer(other)), (True, "lost"), "nor does it with the settle of a batch that was claimed meanwhile")
c.sql("select /*schema*/prune()")
is_(c.one("select count(*) from /*schema*/job_lease where queue = %s", x["q"]), 0, "whose lease goes with the next maintenance")

x = failed()
holder.sql(HOLD, x["ids"][1])
deleted = begin_delete(x)
blocked(pair["a"], holder)
other = pair["b"].start(*retry[1](x, None))
blocked(pair["b"], pair["a"])
holder.rollback()
is_((answer(deleted), answer(other)), (True, False), "nor with a retry of a job of a batch that is still leased")

x = queue(1)
c.sql("create function public.gate() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(1); return null; end $$;"
      " create trigger gate after delete on /*schema*/job_live for each statement execute function public.gate()")
holder.sql("select pg_advisory_xact_lock(1)")
deleted = begin_delete(x)
blocked(pair["a"], holder)
c.sql("select /*schema*/send(%s)", x["q"])
holder.rollback()
is_((answer(deleted), c.one("select count(*) from /*schema*/job_live where queue = %s", x["q"])), (True, 0),
    "of a job that is sent between its statements it leaves no half")
c.sql("drop trigger gate on /*schema*/job_live")


def swept(x):
    """Waits until maintenance has found what a send left in a queue that is gone."""
    def gone():
        c.sql("select /*schema*/fold_counts(), /*schema*/prune()")
        return c.one("select not exists (select from /*schema*/job_live where queue = %s)"
                     " and not exists (select from /*schema*/job_ready where queue = %s)", x["q"], x["q"])
    return testdb.wait(gone, 60, "the end of the jobs of a deleted queue")


send = ("send", lambda x, r: ("select /*schema*/send(%s)", x["q"]))
race("delete_queue against send", lambda: queue(1), [BEGIN, ("delete", lambda x, r: ("select /*schema*/delete_queue(%s)", x["q"])), COMMIT], [BEGIN, send, COMMIT],
     lambda x, a, b: a["delete"] is True and bool(swept(x)))

# One run key, twice at once
fan = ("fan", lambda x, r: ("select created || ' ' || skipped from /*schema*/fan_out(%s, %s, 'select generate_series(1, 5)', '1 min')", x["q"] + "-run", x["q"]))
race("two fan-outs of one key", lambda: queue(0), [BEGIN, fan, COMMIT], [BEGIN, fan, COMMIT],
     lambda x, a, b: sorted([a["fan"], b["fan"]]) == ["0 5", "5 0"] and c.one("select count(*) from /*schema*/job where queue = %s", x["q"]) == 5 or (a, b))
race("two fan-outs of which the first rolls back", lambda: queue(0), [BEGIN, fan, ROLLBACK], [BEGIN, fan, COMMIT],
     lambda x, a, b: b["fan"] == "5 0" and c.one("select count(*) from /*schema*/job where queue = %s", x["q"]) == 5 or (a, b))
key = ("send", lambda x, r: ("select /*schema*/send(%s, '1', '{\"singleton_key\": \"k\"}')", x["q"]))
race("two sends of one key", lambda: queue(0), [BEGIN, key, COMMIT], [BEGIN, key, COMMIT],
     lambda x, a, b: (a["send"] is None) != (b["send"] is None) or (a, b))

# One lease and another, locked from both ends
two = ("settle", lambda x, r: ("select /*schema*/complete(%s::bigint[], %s::bigint[])", x["ids"], x["leases"]))
back = ("settle", lambda x, r: ("select /*schema*/complete(%s::bigint[], %s::bigint[])", x["ids"][::-1], x["leases"][::-1]))


def many_leases():
    context = queue(6)
    context["worker"] = c.one("select /*schema*/register_worker('w')")
    rows = dict(r for _ in range(6) for r in c.sql("select id, lease from /*schema*/fetch(%s, 1, %s)", context["q"], context["worker"]))
    context["leases"] = [rows[i] for i in context["ids"]]
    return context


for other, name in ((back, "another of the same in reverse order"), (rescue, "their rescue"),
                    (("again", lambda x, r: ("select /*schema*/register_worker('new', %s, null)", x["worker"])), "a reconnect of their worker")):
    race(f"a settle of six leases against {name}", many_leases, [BEGIN, two, COMMIT], [BEGIN, other, COMMIT],
         lambda x, a, b: "40P01" not in list(a.values()) + list(b.values()) or (a, b))

# Their rows change under the settle's hands: it waits and takes the new ones
told = ("told", lambda x, r: ("select /*schema*/progress(%s::bigint[], %s::bigint[], array['1', '2']::jsonb[])", x["ids"][2:4], x["leases"][2:4]))
race("a settle of six leases against news of two jobs", many_leases, [BEGIN, two, COMMIT], [BEGIN, told, COMMIT],
     lambda x, a, b: a["settle"] == ["ok"] * 6 and b["told"] in (["ok"] * 2, ["lost"] * 2) and {state(x, i) for i in x["ids"]} == {"completed:1"} or (a, b))

# A singleton key under eight clients at once
x = queue(0)
import threading  # noqa: E402
sessions = [db.connect() for _ in range(8)]
answers, barrier = [], threading.Barrier(8)


def rush(session):
    for n in range(25):
        barrier.wait()
        answers.append((n, session.one("select /*schema*/send(%s, '1', %s)", x["q"], f'{{"singleton_key": "k{n}"}}')))


threads = [threading.Thread(target=rush, args=(s,)) for s in sessions]
for t in threads:
    t.start()
for t in threads:
    t.join()
is_([sum(1 for n, i in answers if n == k and i) for k in range(25)], [1] * 25, "of eight clients that send one key at once exactly one has it")

# A transaction that takes its place early and commits late lies behind the claims' positions
x = queue(0)
late, worker = db.connect(autocommit=False), db.connect()
early = late.one("select /*schema*/send(%s, '\"early\"')", x["q"])
c.sql("select /*schema*/send(%s) from generate_series(1, 20)", x["q"])
rows = worker.sql("select id, priority, start_after from /*schema*/fetch(%s, 10)", x["q"])
position = ([0], [rows[-1][2]], [rows[-1][0]])
late.commit()


def from_there(late_ms):
    return [r[0] for r in worker.sql("""select id from /*schema*/fetch(%s, 100, null, %s::int[], %s::timestamptz[], %s::bigint[],
        false, false, %s)""", x["q"], *position, late_ms)]


def seen(seconds):
    invariants.set_clock(c, f"{seconds} s")
    return worker.one("select due from /*schema*/poll(%s, array[%s], null, null, null, array[%s], %s::int[], %s::timestamptz[], %s::bigint[])",
        me, x["q"], x["q"], *position) == [x["q"]]


after = from_there(0)
ok(early not in after and len(after) == 10, "a claim behind its position does not see a late commit before it")
me = worker.one("select /*schema*/register_worker('late')")
is_((seen(0), seen(10)), (True, False), "a poll from that position does within a second")
is_(from_there(9000), [], "a claim that looks back 9 s does not see what was sent 10 s ago")
is_(from_there(60000), [early], "one that looks back 60 s does")
again = late.one("select /*schema*/send(%s)", x["q"])
late.commit()
is_([r[0] for r in worker.sql("select id from /*schema*/fetch(%s, 100)", x["q"])], [again], "one from the start sees all")
invariants.set_clock(c, "0 s")
done()
