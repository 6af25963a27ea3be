# SPDX-License-Identifier: MIT
"""Two daemons of two worker processes under load, while worker processes, supervisors, whole daemons, database backends and
the server are killed at random moments: nothing is lost or settled twice, and what ran twice has its killed process or
its crash of the server."""
import os
import random
import time

import psycopg2

import daemon
import storm
import testdb
from testdb import diag, done, is_, ok

ROUNDS = storm.begin(12, 200)
BATCH = 300
# A claim need not wait for the disk: a crash undoes those of the last moments.
UNFLUSHED = 1.5
BODY = f"""
[queue chaos]
handler = module:{storm.MODULE}:act
retry_limit = 100
retry_delay = 0
[queue command]
handler = exec:cat
concurrency = 2
retry_limit = 100
retry_delay = 0
"""


def start(name):
    return daemon.Daemon(daemon.config(db, BODY, name, "processes = 2\nconcurrency = 6"), storm.ENV)


def kill_worker(i):
    pid = testdb.wait(lambda: storm.children(daemons[i].process.pid), 40, "a worker process")[0]
    killed.add(pid)
    storm.signal_to(pid)


def kill_supervisor(i):
    """Its workers drain beside the new ones."""
    daemons[i].kill(9)
    daemons[i].wait()
    daemons[i] = start(f"daemon{i}.ini")


def kill_daemon(i):
    pids = storm.running(daemons[i].path)
    killed.update(pids)
    for pid in pids:
        storm.signal_to(pid)
    daemons[i].wait()
    daemons[i] = start(f"daemon{i}.ini")


def killed_backend():
    pid = eyes.one("select pid from pg_stat_activity where datname = current_database() and pid <> all (%s)"
                   " and backend_type = 'client backend' order by state = 'active' desc, random() limit 1",
                   [eyes.one("select pg_backend_pid()"), witness.pid])
    return pid and storm.signal_to(pid)


def witnessed():
    """The server has taken all its sessions down."""
    try:
        witness.sql("select 1")
        return False
    except psycopg2.Error:
        return True


def kill_backend(i):
    global witness
    witness = testdb.Connection(db.dsn)
    crash = time.monotonic()
    testdb.wait(killed_backend, 60, "a backend to kill")
    testdb.wait(witnessed, 60, "the server's crash")
    eyes.one("select 1")
    crashes.append((crash, time.monotonic()))


def kill_server(i):
    crash = time.monotonic()
    server.ctl("kill")
    server.ctl("start")
    crashes.append((crash, time.monotonic()))


KINDS = [kill_worker, kill_worker, kill_supervisor, kill_daemon, kill_backend, kill_server]

with testdb.Server(fsync="on", full_page_writes="on", restart_after_crash="on") as server:
    db = server.create()
    eyes = storm.Eyes(db.dsn)
    killed, crashes, sent, broken = set(), [], [], []
    daemons = [start(f"daemon{i}.ini").ready(30) for i in range(2)]
    for round_ in range(ROUNDS):
        if round_ % len(KINDS) == 0:
            random.shuffle(KINDS)
        sent += [r[0] for r in eyes.sql("select /*schema*/send_many('chaos', array(select jsonb_build_object('data', x) from unnest(%s) x))",
                                        [random.randint(0, 25) for _ in range(BATCH)])]
        sent += [r[0] for r in eyes.sql("select /*schema*/send('command', '1', '{}') from generate_series(1, 8)")]
        storm.moment(0.4)
        KINDS[round_ % len(KINDS)](random.randrange(2))
        broken += [(round_, KINDS[round_ % len(KINDS)].__name__, what) for what in storm.wrong(eyes)]
    last = time.monotonic()
    is_(broken, [], f"after each of {ROUNDS} kills all invariants held")
    eyes.wait("select count(*) = 0 from /*schema*/job_live", timeout=120)
    diag(f"{len(sent)} jobs, drained {time.monotonic() - last:.1f} s after the last kill")
    is_(eyes.sql("select id from /*schema*/job where state::text = 'completed' order by id"), [(i,) for i in sorted(sent)],
        "every job is completed once, none is lost")
    again = {job: s for job, s in storm.starts().items() if len(s) > 1}
    unexplained = {job: [(e.pid, e.attempt, e.at) for e in s] for job, s in again.items() for first in s[:-1]
                   if first.pid not in killed and not any(crash - UNFLUSHED < first.at < back for crash, back in crashes)}
    is_(unexplained, {}, "what was started twice had its process killed or its claim undone by a crash of the server")
    burnt = eyes.one("select coalesce(sum(attempt - 1), 0)::int from /*schema*/job")
    diag(f"{len(killed)} processes killed, {len(crashes)} crashes of the server, {len(again)} jobs started again, {burnt} attempts charged")
    storm.holds(eyes, "all invariants hold at the end")
    for d in daemons:
        is_(d.stop(60), 0, "the daemon drains")
    testdb.wait(lambda: not storm.running(daemons[0].path) and not storm.running(daemons[1].path), 40, "no process is left over")
    eyes.close()
ok(True, "no process is left over")
done()
