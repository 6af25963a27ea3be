# SPDX-License-Identifier: MIT
"""Handlers that take their process down among good ones, in several processes at once; a worker killed with 1,000 jobs;
a daemon that is stopped until its jobs are another's."""
import json
import os
import re
import signal

import daemon
import storm
import testdb
from testdb import diag, done, is_, ok

storm.begin(1, 1)
db = testdb.create()
c = db.connect()
eyes = storm.Eyes(db.dsn)
ACT = f"handler = module:{storm.MODULE}:act\n"


def send(queue, data, n=1, options="{}"):
    return [r[0] for r in c.sql("select /*schema*/send(%s, %s::jsonb, %s::jsonb) from generate_series(1, %s)",
                                queue, json.dumps(data), options, n)]


def start(body, name, worker=""):
    return daemon.Daemon(daemon.config(db, body, name, worker), storm.ENV).ready(40)


def stop(d):
    is_(d.stop(40), 0, "the daemon drains")


def outcome(job):
    return c.sql("select state::text, attempt, output->>'message' from /*schema*/job where id = %s", job)[0]


def in_state(state, jobs, timeout=60):
    c.wait("select count(*) = %s from /*schema*/job where state::text = %s and id = any (%s)", len(jobs), state, jobs, timeout=timeout)


# --- bad ones among good ones
BAD = {"segv": "Segmentation fault", "abort": "Aborted", "exit": "exited with status 3", "memory": "Aborted"}
TWO = f"""
[queue bad]
{ACT}concurrency = 1
retry_limit = 1
retry_delay = 0
[queue good]
{ACT}concurrency = 4
retry_limit = 0
[queue slow]
{ACT}retry_limit = 1
retry_delay = 0
expire_in = 1
"""
d = start(TWO, "bad.ini", "processes = 3\nconcurrency = 6")
good = send("good", 20, 200) + send("good", 700, 8)
bad = {how: send("bad", how)[0] for how in BAD}
bad["segv again"] = send("bad", "segv")[0]
good += send("good", 250, 60)
in_state("failed", list(bad.values()))
in_state("completed", good)
started = storm.starts()
for how, job in bad.items():
    state, attempt, text = outcome(job)
    is_((state, attempt, len(started[job])), ("failed", 2, 2), f"{how}: failed for good after exactly retry_limit + 1 starts")
    ok(BAD[how.split()[0]] in (text or ""), "and the message says so") or diag(text)
is_(c.sql("select attempt, count(*)::int from /*schema*/job where queue = 'good' group by 1"), [(1, len(good))],
    "all good ones are done in their first attempt")
diag(f"{len(d.lines('a worker died'))} workers died, {sum(len(started[job]) > 1 for job in good)} good jobs were started again")
spinner = send("slow", "spin 2500")[0]
in_state("failed", [spinner])
started = storm.starts()
state, attempt, text = outcome(spinner)
is_((state, attempt, len(started[spinner])), ("failed", 2, 2), "a handler that spins: failed for good after as many")
ok("expire_in" in (text or ""), "and the message says so") or diag(text)
storm.holds(eyes, "the invariants hold after the crashes")
stop(d)

# --- a neighbour's restart that has to wait: who was not to blame stays uncharged all the same
d = start(TWO, "again.ini", "processes = 2\nconcurrency = 6")
other = start(f"[queue other]\n{ACT}", "other.ini")  # would take a process that stays away for dead
in_state("failed", send("bad", "segv", 6))
neighbours = send("good", "gate", 8)
in_state("active", neighbours)
in_state("failed", send("bad", "segv", 2))
open(storm.GATE, "w", encoding="ascii").close()
in_state("completed", neighbours)
os.unlink(storm.GATE)
is_(c.one("select max(attempt) from /*schema*/job where id = any (%s)", neighbours), 1,
    "neighbours of crashes are not charged either when the next process starts late")
diag(f"{len(d.lines('a worker died'))} workers died, restarts late: {re.findall(r'in_ms=([0-9]+)', d.log())} ms")
stop(d)
stop(other)

# --- SIGKILL with 1,000 running jobs, and those claimed ahead of them
RUNNING = 1000
MANY = f"[queue many]\n{ACT}retry_limit = 3\n"


def load(d):
    """Jobs so quick that the worker claims ahead, then long ones: what is claimed of these in the end."""
    c.sql("select /*schema*/send_many('many', array(select jsonb_build_object('data', case when g <= 3000 then 0 else 60000 end)"
          " from generate_series(1, %s) g order by g))", 3000 + RUNNING + 500)
    c.wait("select count(*) = 0 from /*schema*/job where queue = 'many' and data = '0' and completed_on is null", timeout=60)

    testdb.wait(lambda: len(set(claimed()) & set(storm.starts())) == RUNNING, 60, "1,000 jobs run")


def claimed():
    return [r[0] for r in c.sql("select id from /*schema*/job where queue = 'many' and state::text = 'active'")]


def frozen(pids):
    """Stops processes; the jobs that they have then. What waits for a thread goes back after some seconds."""
    storm.freeze(pids)
    c.wait("select not exists (select from pg_stat_activity where datname = current_database() and application_name like 'pgqueue%%'"
           " and state = 'active' and wait_event is distinct from 'ClientWrite')")
    return claimed()


def freed(before, jobs):
    """Seconds of the database's clock until all were claimable, and how often each had been charged."""
    c.wait("select count(*) = %s from /*schema*/job_live where id = any (%s) and start_after > %s", len(jobs), jobs, before, timeout=40)
    took = c.one("select extract(epoch from max(start_after) - %s)::float8 from /*schema*/job_live where id = any (%s)", before, jobs)
    return took, dict(c.sql("select attempt::int, count(*)::int from /*schema*/job_live where id = any (%s) group by 1", jobs))


def clear():
    c.sql("select /*schema*/cancel(id) from /*schema*/job_live")
    c.wait("select count(*) = 0 from /*schema*/job_live", timeout=30)


def killed_worker():
    d = start(MANY, "many.ini", f"concurrency = {RUNNING}\ndrain_timeout = 0")
    load(d)
    jobs = frozen([d.worker()])
    before = c.one("select /*schema*/clock()")
    os.kill(d.worker(), signal.SIGKILL)
    took, charges = freed(before, jobs)
    diag(f"SIGKILL of a worker process with {len(jobs)} jobs, {len(jobs) - RUNNING} not started: all claimable after {took:.3f} s")
    is_(charges, {k: v for k, v in {0: len(jobs) - RUNNING, 1: RUNNING}.items() if v}, "those that had not started without a lost attempt")
    d.kill(signal.SIGKILL)
    d.wait()
    testdb.wait(lambda: not storm.running(d.path), 40, "no process is left")
    clear()
    return took


testdb.in_time(3, "a worker process is killed with 1,000 running jobs: all are claimable in time", killed_worker)


def killed_daemon():
    d = start(MANY, "many.ini", f"concurrency = {RUNNING}\ndrain_timeout = 0")
    load(d)
    other = start(f"[queue other]\n{ACT}", "other.ini")
    pids = storm.running(d.path)
    # None may act on another's death: a supervisor reports what had started, a worker gives back what had not. Frozen,
    # they do not, but the kernel would wake a worker whose supervisor is gone: that one dies last.
    jobs = frozen(pids)
    pids.sort(key=lambda pid: pid == d.process.pid)
    before = c.one("select /*schema*/clock()")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    took, charges = freed(before, jobs)
    diag(f"SIGKILL of a whole daemon with {len(jobs)} jobs: all claimable after {took:.3f} s")
    is_(charges, {1: len(jobs)}, "nobody knows which had started: each is charged")
    clear()
    stop(other)
    return took


testdb.in_time(3, "a whole daemon is killed: another frees its jobs in time", killed_daemon)
storm.holds(eyes, "the invariants hold after the kills")

# --- SIGSTOP until the leases are taken away
SLEEPY = f"[queue sleepy]\n{ACT}retry_limit = 2\nretry_delay = 0\nconcurrency = 10\n"
d = start(SLEEPY, "stopped.ini")
jobs = send("sleepy", "gate", 10)
testdb.wait(lambda: all(job in storm.starts() for job in jobs), 60, "all run")
first = d.worker()
stopped = storm.running(d.path)
storm.freeze(stopped)
other = start(SLEEPY, "finisher.ini")
ok(not c.one("select count(*)::int from /*schema*/job where state::text <> 'active' and id = any (%s)", jobs), "a stopped daemon keeps its jobs")
open(storm.GATE, "w", encoding="ascii").close()
# Beats are looked at by this clock alone: half a minute without one has passed now, for everybody but the one who looks.
c.sql("""create or replace function /*schema*/clock() returns timestamptz language sql volatile parallel safe
         as $f$ select pg_catalog.clock_timestamp() + interval '31 s' $f$""")
in_state("completed", jobs)
finisher = other.worker()
LOOK = "select id, state::text, attempt, output::text, worker, completed_on, attempts::text from /*schema*/job where id = any (%s) order by id"
was = c.sql(LOOK, jobs)
is_({(r[1], r[2], r[3]) for r in was}, {("completed", 2, str(finisher))}, "after half a minute without a beat another finishes them")
for pid in stopped:
    os.kill(pid, signal.SIGCONT)
testdb.wait(lambda: sum(e.pid == first and e.what == "E" for e in storm.events()) == len(jobs), 60, "the first handlers come to their end")
d.wait_line("an outcome did not count", 60)
after = send("sleepy", 1, 20)
in_state("completed", after, 30)
is_(c.sql(LOOK, jobs), was, "its late outcomes are lost and change nothing")
is_(storm.worker_ids(d.log()), [first], "its process goes on, registered anew")
storm.holds(eyes, "the invariants hold after the stop")
stop(d)
stop(other)
done()
