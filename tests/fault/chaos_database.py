# SPDX-License-Identifier: MIT
"""The database stopped, crashed, away for long, and full of connections under two worker processes:
nothing is lost or settled twice, nothing runs twice but for a claim that the crash undid."""
import os
import random
import time

import psycopg2

import daemon
import storm
import testdb
from testdb import diag, done, is_, ok

ROUNDS = storm.begin(4, 20)
AWAY = 10 if storm.LONG else 5
BODY = f"[queue chaos]\nhandler = module:{storm.MODULE}:act\nretry_limit = 3\nretry_delay = 0\n[http]\nlisten = 127.0.0.1:0\n"
# A claim need not wait for the disk: a crash undoes those of the last moments (three times wal_writer_delay and a
# commit's time), whose jobs are ready again while their first start still runs.
UNFLUSHED = 1.5


def pgctl(*verbs):
    """pgctl stop MODE, start, kill."""
    result = testdb.run(os.path.join(os.environ["PGQUEUE_TEST_SRCDIR"], "tests", "pgctl"), *verbs)
    if result.returncode:
        testdb.bail(f"pgctl {verbs}: {result.stderr}")


class Load:
    """Jobs of 5 to 60 ms, sent in batches; knows the ids that the database has confirmed."""

    def __init__(self, eyes):
        self.eyes = eyes
        self.jobs = []

    def add(self, n, least=5, most=60):
        sent = self.eyes.sql("select /*schema*/send_many('chaos', array(select jsonb_build_object('data', x) from unnest(%s) x))",
                             [random.randint(least, most) for _ in range(n)])
        self.jobs += [row[0] for row in sent]
        return [row[0] for row in sent]

    def drained(self, timeout=90):
        self.eyes.wait("select count(*) = 0 from /*schema*/job_live", timeout=timeout)

    def check(self, crashes, what):
        """All done once. Twice started: only when the first start was within UNFLUSHED of a crash."""
        rows = self.eyes.sql("select id, state::text, attempt from /*schema*/job order by id")
        is_([row[0] for row in rows], sorted(self.jobs), f"{what}: no job is lost or settled twice")
        is_({row[1] for row in rows}, {"completed"}, f"{what}: all are completed")
        is_({row[2] for row in rows}, {1}, f"{what}: no attempt is burnt")
        again = {job: s for job, s in storm.starts().items() if len(s) > 1}
        bad = {job: [e.at for e in s] for job, s in again.items()
               if not all(any(-UNFLUSHED < first.at - crash < 0.5 for crash in crashes) for first in s[:-1])}
        is_(bad, {}, f"{what}: none is started twice" + (", but for claims that the crash undid" if crashes else ""))
        diag(f"{what}: {len(rows)} jobs, {len(again)} started twice")
        storm.holds(self.eyes, f"{what}: the invariants hold")


def ready(d, timeout=40):
    testdb.wait(lambda: d.get("/readyz")[0] == 200, timeout, "the daemon is ready again")


with testdb.Server(fsync="on", full_page_writes="on") as server:
    db = server.create()
    eyes = storm.Eyes(db.dsn)
    load = Load(eyes)
    config = daemon.config(db, BODY, worker="processes = 2\nconcurrency = 4")
    d = daemon.Daemon(config, storm.ENV).ready(30)
    pids = d.workers()

    # Stopped as an operator does: what was claimed is on disk, so nothing may run twice.
    for _ in range(ROUNDS // 2):
        load.add(250)
        storm.moment(0.5)
        pgctl("restart", "fast")
        ready(d)
    load.drained()
    load.check([], "fast restarts")

    # Crashed
    crashes = []
    for round_ in range(ROUNDS):
        load.add(250)
        storm.moment(0.5)
        crashes.append(time.monotonic())
        pgctl("stop", "immediate") if round_ % 2 == 0 else pgctl("kill")
        pgctl("start")
        ready(d)
    load.drained()
    load.check(crashes, "crashes")

    # Away for long, with jobs that end meanwhile
    load.add(100)
    late = load.add(8, 700, 1500)
    eyes.sql("select /*schema*/run_now(id) from unnest(%s) id", late)
    testdb.wait(lambda: any(job in storm.starts() for job in late), 20, "a long one runs")
    eyes.close()
    pgctl("stop", "fast")
    gone = time.monotonic()
    testdb.wait(lambda: time.monotonic() - gone > AWAY, AWAY + 5, "the database is away for a while")
    is_(d.get("/readyz")[0], 503, "without a database it is not ready")
    pgctl("start")
    back = time.monotonic()
    ready(d)
    diag(f"ready again {time.monotonic() - back:.2f} s after the database was back")
    load.drained()
    load.check(crashes, f"{AWAY} s without a database")

    # Full of connections when its own are cut
    load.add(200)
    hogs = []
    try:
        while True:
            hogs.append(psycopg2.connect(db.dsn))
    except psycopg2.OperationalError as e:
        ok("too many clients" in str(e) or "remaining connection slots" in str(e), "the server is full of connections") or diag(e)
    chief = testdb.Connection(os.environ["PGQUEUE_TEST_SUPER_DSN"])
    chief.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'pgqueue%%'")
    hogs_more = []
    try:
        while True:  # whoever is faster
            hogs_more.append(psycopg2.connect(db.dsn))
    except psycopg2.OperationalError:
        pass
    testdb.wait(lambda: d.get("/readyz")[0] == 503, 20, "it is told apart")
    for hog in hogs + hogs_more:
        hog.close()
    chief.close()
    freed = time.monotonic()
    ready(d)
    ok(time.monotonic() - freed <= 5, f"it works again soon after there is room ({time.monotonic() - freed:.2f} s)")
    load.drained()
    is_({r[0] for r in eyes.sql("select state::text from /*schema*/job")}, {"completed"}, "and nothing is lost")
    storm.holds(eyes, "no room for connections: the invariants hold")

    is_(d.workers(), pids, "through all of it no worker process ended")
    is_(d.stop(40), 0, "the daemon drains")
    is_(storm.running(config), [], "no process is left")
    eyes.close()
done()
