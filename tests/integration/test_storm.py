# SPDX-License-Identifier: MIT
"""Random operations by many sessions at once: no deadlock, no invariant broken, not even for a moment, and every job
accounted for. PGQUEUE_TEST_SEED repeats a run's choices, PGQUEUE_TEST_LONG makes it long."""
import os
import random
import threading
import time

import psycopg2

import invariants
import testdb
from testdb import diag, done, is_, ok

SEED = int(os.environ.get("PGQUEUE_TEST_SEED") or random.SystemRandom().randrange(10 ** 6))
SECONDS = 60 if os.environ.get("PGQUEUE_TEST_LONG") else 7
SESSIONS = 8
diag(f"seed {SEED}")

db = testdb.create()
c = db.connect()
OPTIONS = '{"retry_limit": 3, "retry_delay": 0.05, "expire_in": 0.6, "dead_letter": "dead", "keep_finished": 2}'
c.sql("select /*schema*/create_queue('dead', '{\"expire_in\": 0.6}'); select /*schema*/create_queue('a', %s); select /*schema*/create_queue('b', %s)", OPTIONS, OPTIONS)

stop = threading.Event()
errors = []
lock = threading.Lock()
deleted = set()
known = []          # ids of jobs, for operations by id
did = {}


def note(what):
    with lock:
        did[what] = did.get(what, 0) + 1


class Session(threading.Thread):
    def __init__(self, n):
        super().__init__()
        self.r = random.Random(SEED * 100 + n)
        self.open()
        self.held = []
        self.undone = False

    def open(self):
        self.c = db.connect()
        self.worker = self.c.one("select /*schema*/register_worker('storm')") if self.r.random() < 0.8 else None

    def some(self):
        with lock:
            return self.r.choice(known[-200:]) if known else 0

    def send(self):
        queue, r = self.r.choice("ab"), self.r
        options = {"priority": r.choice([0, 0, 0, 5, -5]), "singleton_key": f"k{r.randrange(10)}" if r.random() < 0.2 else None,
                   "start_after": r.choice([None, None, 0.05, 0.3]), "retry_limit": r.choice([None, 0, 1])}
        jobs = [str({"data": n, **{k: v for k, v in options.items() if v is not None}}).replace("'", '"') for n in range(r.randint(1, 12))]
        ids = [x[0] for x in self.c.sql("select * from /*schema*/send_many(%s, %s::jsonb[])", queue, jobs) if x[0]]
        if not self.undone:
            with lock:
                known.extend(ids)

    def claim(self):
        rows = self.c.sql("select id, lease, attempt from /*schema*/fetch(%s, %s, %s)", self.r.choice(["a", "b", "dead"]), self.r.randint(1, 12), self.worker)
        self.held += [(i, l) for i, l, _ in rows]

    def settle(self):
        self.r.shuffle(self.held)
        n = self.r.randint(1, len(self.held)) if self.held else 0
        some, self.held = self.held[:n], self.held[n:]
        if not some:
            return
        words = [self.r.choice(["done", "done", "done", "retry", "snooze", "release", "fail", "cancel"]) for _ in some]
        delays = [self.r.choice([None, 0, 0.05]) if w in ("retry", "snooze") else None for w in words]
        closes = sorted({l for _, l in some}) if self.r.random() < 0.3 else None
        if self.r.random() < 0.1:
            words = ["done"] * n
        if self.r.random() < 0.3:
            words = delays = None  # all done: in one pass
        answers = self.c.one("select /*schema*/settle(%s::bigint[], %s::bigint[], %s::text[], null, %s::float8[], %s::bigint[])",
                             [i for i, _ in some], [l for _, l in some], words, delays, closes)
        for answer in answers:
            note("settled" if answer else "lost")

    def twice(self):
        """A settle of a lease that has been settled is lost."""
        if not self.held:
            return
        i, l = self.held.pop()
        first = self.c.one("select /*schema*/complete(%s, %s)", i, l)
        second = self.c.one("select /*schema*/complete(%s, %s)", i, l)
        if second != "lost":
            errors.append(f"job {i} was completed twice by one lease: {first}, {second}")

    def touch(self):
        if self.held:
            i, l = self.r.choice(self.held)
            self.c.sql("select /*schema*/touch(%s, %s)", i, l)
            self.c.sql("select /*schema*/progress(%s, %s, '1')", i, l)

    def by_id(self):
        f = self.r.choice(["cancel", "retry", "run_now", "delete_job"] if self.r.random() < 0.2 else ["cancel", "retry", "run_now"])
        i = self.some()
        try:
            if self.c.one(f"select /*schema*/{f}(%s)", i):
                note(f)
                if f == "delete_job":
                    with lock:
                        deleted.add(i)
        except psycopg2.Error as e:
            if e.pgcode != "PQ409":  # its key is taken meanwhile
                raise

    def maintain(self):
        if self.r.random() < 0.3:
            self.c.sql("update /*schema*/maintenance set sweep_on = '-infinity'")
        self.c.sql("select /*schema*/maintain()")

    def die(self):
        """The connection ends without a word, the leases are forgotten."""
        self.c.close()
        self.held = []
        self.open()
        note("died")

    def leave(self):
        if self.worker:
            self.c.sql("select /*schema*/unregister_worker(%s)", self.worker)
            self.worker = self.c.one("select /*schema*/register_worker('storm')")

    def again(self):
        """A reconnect that takes its leases along, or some of them."""
        if self.worker:
            some = [l for _, l in self.held if self.r.random() < 0.7]
            self.worker = self.c.one("select /*schema*/register_worker('storm', %s, %s::bigint[])", self.worker, some)

    def poll(self):
        self.c.sql("select * from /*schema*/poll(%s, null::text[], %s::text[], %s::bigint[], %s::bigint[])", self.worker,
                   ["a"] if self.worker else None, [i for i, _ in self.held], [l for _, l in self.held])

    def pause(self):
        q = self.r.choice("ab")
        self.c.sql("select /*schema*/pause_queue(%s)", q)
        self.c.sql("select /*schema*/resume_queue(%s)", q)

    def rolled_back(self):
        before = self.held[:]
        self.c.sql("begin")
        self.undone = True
        try:
            self.r.choice([self.send, self.claim])()
        finally:
            self.undone = False
            self.held = before
            self.c.sql("rollback")

    def run(self):
        work = [(self.send, 10), (self.claim, 22), (self.settle, 20), (self.twice, 4), (self.touch, 3), (self.by_id, 12), (self.maintain, 4),
                (self.die, 1), (self.leave, 1), (self.again, 2), (self.poll, 3), (self.pause, 1), (self.rolled_back, 2)]
        while not stop.is_set():
            step = self.r.choices([w for w, _ in work], [n for _, n in work])[0]
            try:
                step()
                note(step.__name__)
            except psycopg2.Error as e:
                errors.append(f"{step.__name__}: {e.pgcode} {e}")
                if self.c.raw.closed:
                    self.open()
                elif e.pgcode in ("40P01",):
                    stop.set()


sessions = [Session(n) for n in range(SESSIONS)]
for s in sessions:
    s.start()


def was_one():
    return did.get("settled", 0) > 300 and did.get("cancel", 0) > 20 and did.get("retry", 0) > 20 and did.get("died", 0) > 5


looks, bad = 0, {}
end = time.monotonic() + SECONDS
while (time.monotonic() < end or (not was_one() and time.monotonic() < end + 60)) and not stop.is_set():
    for name, n in invariants.broken(c).items():
        bad[name] = max(bad.get(name, 0), n)
    looks += 1
    time.sleep(0.15)  # between two looks
stop.set()
for s in sessions:
    s.join()
ok(not errors, "no operation fails, none deadlocks")
for e in errors[:5]:
    diag(e)
if not ok(not bad, f"no invariant is broken while it runs ({looks} looks)"):
    diag(bad)
invariants.holds(c, "when it has ended")
diag(", ".join(f"{k} {v}" for k, v in sorted(did.items())))
ok(was_one(), "the storm was one")

# Everybody is gone: what was leased comes back and can be finished.
for s in sessions:
    s.c.close()
c.sql("create function public.drain() returns int language plpgsql as $$ declare n int := 0; r record; begin"
      " for r in select q.name, f.id, f.lease from (values ('a'), ('b'), ('dead')) q(name), /*schema*/fetch(q.name, 1000) f loop"
      "   perform /*schema*/complete(r.id, r.lease); n := n + 1; end loop; return n; end $$")


def drained():
    c.sql("select /*schema*/maintain()")
    c.sql("select /*schema*/run_now(id) from /*schema*/job where state in ('created', 'retry') and start_after > clock_timestamp()")
    c.one("select public.drain()")
    return c.one("select count(*) = 0 from /*schema*/job_live")


testdb.wait(drained, 20, "every job that was left can be claimed and completed")
ok(True, "every job that was left can be claimed and completed")
c.sql("update /*schema*/maintenance set sweep_on = '-infinity'")
c.sql("select /*schema*/maintain()")
is_(c.one("select count(*) from /*schema*/job_lease"), 0, "no lease is left")
is_(c.one("select count(*) from /*schema*/job_ready"), 0, "nor a ready row")
invariants.holds(c, "when all is finished")
with lock:
    lost = sorted(set(known) - deleted - {r[0] for r in c.sql("select id from /*schema*/job_finished")})
is_(lost, [], "every job that was sent has ended, or was deleted")
done()
