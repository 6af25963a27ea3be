# SPDX-License-Identifier: MIT
"""The database stopped, crashed, away for long, full of connections and (where a file system may be mounted) out of disk
space, under two worker processes: nothing is lost or settled twice, nothing runs twice but for a claim that the crash
undid."""
import ctypes
import os
import random
import subprocess
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
        """All done once. Twice started: only when the first start was within UNFLUSHED before a crash, or before the server
        was back. crashes: for each the moments before it and when the server was back."""
        rows = self.eyes.sql("select id, state::text, attempt from /*schema*/job order by id")
        is_([row[0] for row in rows], sorted(self.jobs), f"{what}: no job is lost or settled twice")
        is_({row[1] for row in rows}, {"completed"}, f"{what}: all are completed")
        is_({row[2] for row in rows}, {1}, f"{what}: no attempt is burnt")
        again = {job: s for job, s in storm.starts().items() if len(s) > 1}
        bad = {job: [e.at for e in s] for job, s in again.items()
               if not all(any(crash - UNFLUSHED < first.at < back for crash, back in crashes) for first in s[:-1])}
        is_(bad, {}, f"{what}: none is started twice" + (", but for claims that the crash undid" if crashes else ""))
        diag(f"{what}: {len(rows)} jobs, {len(again)} started twice")
        storm.holds(self.eyes, f"{what}: the invariants hold")


def ready(d, timeout=40):
    testdb.wait(lambda: d.get("/readyz")[0] == 200, timeout, "the daemon is ready again")


def disk(size):
    """A small file system of our own, which ends with this program. None where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    clone_newns = 0x20000
    if os.geteuid() != 0 or libc.unshare(clone_newns) != 0:
        return None
    path = testdb.tmp("disk")
    os.makedirs(path)
    for command in (["mount", "--make-rprivate", "/"], ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", path]):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return None
    os.chmod(testdb.tmp(), 0o755)  # the server is another user's
    return path


def fill(path):
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(65536))
        except OSError:
            pass


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
        crash = time.monotonic()
        pgctl("stop", "immediate") if round_ % 2 == 0 else pgctl("kill")
        pgctl("start")
        crashes.append((crash, time.monotonic()))
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
    ok(time.monotonic() - freed <= 20, f"it works again soon after there is room ({time.monotonic() - freed:.2f} s)")
    load.drained()
    is_({r[0] for r in eyes.sql("select state::text from /*schema*/job")}, {"completed"}, "and nothing is lost")
    storm.holds(eyes, "no room for connections: the invariants hold")

    is_(d.workers(), pids, "through all of it no worker process ended")
    is_(d.stop(40), 0, "the daemon drains")
    is_(storm.running(config), [], "no process is left")
    eyes.close()


def out_of_disk(place):
    os.environ["PGQUEUE_TEST_BASE"] = place
    with testdb.Server(fsync="on", min_wal_size="32MB", max_wal_size="48MB", autovacuum="off") as server:
        db = server.create()
        eyes = storm.Eyes(db.dsn)
        load = Load(eyes)
        d = daemon.Daemon(daemon.config(db, BODY, "disk.ini", "processes = 2\nconcurrency = 4"), storm.ENV).ready(30)
        pids = d.workers()
        load.add(600)
        testdb.wait(lambda: load.jobs[20] in storm.starts(), 20, "jobs run")
        fill(os.path.join(place, "full"))
        said = ""
        try:
            c = testdb.Connection(db.dsn)
            for _ in range(200):  # until the log needs a new file
                c.sql("select /*schema*/send('chaos', to_jsonb(repeat('x', 1000000)), '{\"start_after\": 86400}')")
        except psycopg2.Error as e:
            said = str(e)
        ok(said, "a full disk refuses what is sent") or diag("it did not")
        diag(said.splitlines()[0] if said else "")
        began = time.monotonic()
        cpu = sum(used(pid) for pid in storm.running(d.path))
        testdb.wait(lambda: time.monotonic() - began > 3, 5, "the disk is full for a while")
        share = (sum(used(pid) for pid in storm.running(d.path)) - cpu) / (time.monotonic() - began)
        diag(f"meanwhile the daemon takes {100 * share:.1f} % of a processor")
        ok(share < 0.5, "the daemon does not spin")
        os.unlink(os.path.join(place, "full"))
        if testdb.run(os.path.join(os.environ["PGQUEUE_TEST_SRCDIR"], "tests", "pgctl"), "start").returncode:
            diag("the server had survived")
        freed = time.monotonic()
        eyes.one("select 1")
        ready(d)
        more = load.add(20)
        eyes.wait("select count(*) = 20 from /*schema*/job where id = any (%s) and state::text = 'completed'", more, timeout=40)
        diag(f"it works again {time.monotonic() - freed:.2f} s after there is space")
        eyes.wait("select count(*) = 0 from /*schema*/job_live where id = any (%s)", load.jobs, timeout=60)
        is_(eyes.sql("select state::text, attempt, count(*)::int from /*schema*/job where id = any (%s) group by 1, 2", load.jobs),
            [("completed", 1, len(load.jobs))], "a full disk: all that was sent is done once, no attempt burnt")
        storm.holds(eyes, "a full disk: the invariants hold")
        is_(d.workers(), pids, "and no worker process ended")
        is_(d.stop(40), 0, "the daemon drains")
        eyes.close()


def used(pid):
    """Seconds of processor time of a process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except FileNotFoundError:
        return 0


small = disk("220m")
if small:
    out_of_disk(small)
else:
    diag("no file system may be mounted here: the full disk is not part of this run")
done()
