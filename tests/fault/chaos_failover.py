# SPDX-License-Identifier: MIT
"""A primary is killed under load and its standby promoted; two workers of pgqueued, two of the library and two senders
find the new one by their list of hosts. Synchronous: nothing that was acknowledged is lost, nothing ends twice, nobody
is stuck. Asynchronous, with a standby that was behind: the last moments are lost, as documented, and what is left holds
together. PGQUEUE_TEST_LONG: ten failovers of each kind in a row instead of one."""
import collections
import random
import signal
import threading
import time

import psycopg2

import daemon
import pair
import storm
import testdb
import toy
from testdb import diag, done, is_, ok

ROUNDS = storm.begin(1, 10)
UNFLUSHED = 1.5  # s: claims need not wait for the disk or the standby


class Sender(threading.Thread):
    """Sends in small batches all the time. Keeps the ids that were acknowledged, by the phase in which each call began."""

    def __init__(self, dsn, queue, data):
        super().__init__()
        self.dsn, self.queue, self.data = dsn, queue, data
        self.sent, self.phase, self.failed, self.stop = collections.defaultdict(list), 0, 0, threading.Event()

    def run(self):
        session = None
        while not self.stop.is_set():
            phase = self.phase
            try:
                session = session or testdb.Connection(self.dsn)
                self.sent[phase] += [r[0] for r in session.sql("select /*schema*/send(%s, to_jsonb((%s * random())::int)) from generate_series(1, 4)",
                                                               self.queue, self.data)]
            except (psycopg2.Error, SystemExit):
                session = None
                self.failed += 1
            self.stop.wait(0.03)  # a steady load


class Load:
    """Everybody who works on the pair while it fails."""

    def __init__(self, two, name):
        self.two, self.name = two, name
        self.eyes = storm.Eyes(two.dsn)
        # One row for each end of a job, in the transaction that ends it.
        self.eyes.sql("create table if not exists public.ended (id bigint, state text); create or replace function public.hook(ids bigint[],"
                      " state text, o jsonb[]) returns void language sql as $$ insert into public.ended select unnest($1), $2 $$")
        for queue in ("chaos", "q"):
            self.eyes.sql("select /*schema*/declare_queue(%s, '{\"retry_limit\": 100, \"retry_delay\": 0}'); select /*schema*/set_end_hook(%s, 'public.hook')", queue, queue)
        self.eyes.sql("select /*schema*/declare_queue('held')")  # nobody works it
        self.daemon = daemon.start(two.dsn, f"[queue chaos]\nhandler = module:{storm.MODULE}:act\n[http]\nlisten = 127.0.0.1:0\n", worker="processes = 2\nconcurrency = 4",
                                   env=storm.ENV)
        self.pids = self.daemon.workers()
        self.log = toy.Log(name + ".toy")
        self.toys = [toy.start(two.dsn, "q", "run", self.log) for _ in range(2)]
        for p in self.toys:
            toy.number(p)
        self.senders = [Sender(two.dsn, "chaos", 20), Sender(two.dsn, "q", 0)]
        for s in self.senders:
            s.start()

    def sent(self, *phases):
        return [i for s in self.senders for phase in phases for i in s.sent[phase]]

    def enter(self, phase):
        for s in self.senders:
            s.phase = phase

    def ended(self, n):
        """Waits until n more jobs of each queue have ended."""
        for queue in ("chaos", "q"):
            goal = self.eyes.one("select coalesce(sum(completed), 0) from /*schema*/queue_stats where queue = %s", queue) + n
            self.eyes.wait("select coalesce(sum(completed), 0) >= %s from /*schema*/queue_stats where queue = %s", goal, queue, timeout=90)

    def fail_over(self):
        """Kills the primary, promotes the standby, waits until everybody works again: when the crash and the promotion were."""
        self.eyes.close()
        crash = time.monotonic()
        self.two.crash()
        self.two.promote()
        promoted = time.monotonic()
        testdb.wait(lambda: any(e.what == "S" and e.at > promoted for e in storm.events()), 60, "pgqueued works again")
        for p in self.toys:
            testdb.wait(lambda p=p: p.log().rfind("connected ") > p.log().rfind("disconnected"), 60, "a worker is back")
        work = next(e.at for e in storm.events() if e.what == "S" and e.at > promoted)
        diag(f"{self.name}: promoted {promoted - crash:.2f} s after the crash, work goes on {work - promoted:.2f} s after that")
        return crash, promoted

    def drain(self):
        for s in self.senders:
            s.stop.set()
            s.join()
        self.eyes.wait("select count(*) = 0 from /*schema*/job_live", timeout=120)

    def end(self):
        is_([p.running() for p in self.toys], [True, True], f"{self.name}: no worker of the library ended")
        is_(self.daemon.workers(), self.pids, f"{self.name}: no worker process of pgqueued ended")
        lines = [line for line in self.daemon.log().splitlines() if "level=warning" in line or "level=error" in line]
        ok(len(lines) <= 20 * ROUNDS, f"{self.name}: the log of two processes stays short ({len(lines)} lines)") or diag("\n".join(lines))
        is_(self.daemon.get("/readyz")[0], 200, f"{self.name}: pgqueued is ready")
        for p in self.toys:
            p.kill(signal.SIGTERM)
        is_([p.wait(40) for p in self.toys] + [self.daemon.stop(40)], [0, 0, 0], f"{self.name}: all of them end well")
        self.eyes.close()


def check(load, want, gone=()):
    """want: what must have ended, once each. gone: ids that must not be known, unless they were given again."""
    eyes, name = load.eyes, load.name
    is_(eyes.one("select count(*) from unnest(%s::bigint[]) i(id) where not exists (select from public.ended e where e.id = i.id)", want), 0,
        f"{name}: every job that was acknowledged and is not of the lost moments has ended ({len(want)})")
    is_(eyes.sql("select id, count(*)::int from public.ended group by id having count(*) > 1"), [], f"{name}: none twice")
    is_(eyes.sql("select state::text, count(*)::int from /*schema*/job where queue in ('chaos', 'q') and state::text <> 'completed' group by 1"), [],
        f"{name}: nobody and nothing is stuck")
    ok(all(s.failed for s in load.senders), f"{name}: the senders went on all the while ({[s.failed for s in load.senders]} calls failed)")
    storm.holds(eyes, f"{name}: the invariants hold on the new server")
    diag(f"{name}: {eyes.one('select count(*) from public.ended')} jobs, attempts up to {eyes.one('select max(attempt) from /*schema*/job')},"
         f" {len(gone)} ids were acknowledged and lost")


with testdb.Server(**pair.SETTINGS) as server:
    two = pair.Pair(server, server.create())

    # Synchronous: a commit that returned is on both.
    how = random.sample(("on", "remote_apply"), 2) * ROUNDS
    diag(f"synchronous_commit = {', '.join(how[:ROUNDS])}")
    two.follow(sync=how[0])
    load = Load(two, "synchronous")
    crashes = []
    for round_ in range(ROUNDS):
        load.ended(60)
        storm.moment(0.5)
        crashes.append(load.fail_over())
        load.ended(60)
        if round_ + 1 < ROUNDS:
            two.follow(sync=how[round_ + 1])
    load.drain()
    check(load, load.sent(0))
    again = {job: s for job, s in storm.starts().items() if len(s) > 1}
    charged = {r[0] for r in load.eyes.sql("select id from /*schema*/job where attempt > 1")}
    is_({job: [e.at - crashes[0][0] for e in s] for job, s in again.items()
         if job not in charged and not all(any(crash - UNFLUSHED < e.at < promoted for crash, promoted in crashes) for e in s[:-1])}, {},
        "synchronous: only what was claimed in the last moment is started again, or what was charged for it")
    diag(f"synchronous: {len(again)} handlers of pgqueued were started twice, {len(charged)} jobs were charged an attempt")
    load.end()

    # Asynchronous: from the cut to the crash all is lost, and the ids of then are given again.
    for round_ in range(ROUNDS):
        name = f"asynchronous {round_ + 1}"
        two.follow()
        load = Load(two, name)
        load.ended(40)
        load.enter("unsure")
        two.caught_up()
        before = load.sent(0)
        two.cut()
        load.enter("lost")
        load.eyes.sql("select /*schema*/send('held') from generate_series(1, 3)")
        held = load.eyes.sql("select id, lease from /*schema*/fetch('held', 3)")
        load.ended(60)
        storm.moment(0.3)
        ids = load.sent("lost")
        load.enter("unsure")
        load.fail_over()
        load.enter("after")
        load.ended(60)
        load.drain()
        known = {r[0] for r in load.eyes.sql("select id from /*schema*/job")}
        ok(len(set(ids)) > 100 and len(set(ids) - known) + len(set(ids) & set(load.sent("after"))) > 0, f"{name}: jobs that were sent while the standby was behind are lost")
        ok(set(ids) & known, f"{name}: their ids are given again")
        check(load, before + load.sent("after"), set(ids) - set(load.sent("after")))
        is_([load.eyes.one("select /*schema*/complete(%s, %s)", i, lease) for i, lease in held], ["lost"] * 3,
            f"{name}: a claim that was lost cannot end the job that has its id now")
        load.end()
    two.stop()
done()
