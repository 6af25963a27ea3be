# SPDX-License-Identifier: MIT
"""Signals: drain, stop now, reload, pause; and the supervisor's own death."""
import json
import os
import signal
import time

import daemon
import testdb
from testdb import is_, ok, done

db = testdb.create()
c = db.connect()
TAKE = f"module:{daemon.module('daemon_handlers')}:take"
BODY = f"[queue take]\nhandler = {TAKE}\nretry_limit = 0\nconcurrency = 4\n"


def send(data, n=1):
    return [r[0] for r in c.sql("select /*schema*/send('take', %s::jsonb, '{}') from generate_series(1, %s)", json.dumps(data), n)]


def count(state):
    return c.one("select count(*) from /*schema*/job where state::text = %s", state)


def active(n=1, timeout=15):
    c.wait("select count(*) >= %s from /*schema*/job where state::text = 'active'", n, timeout=timeout)


# TERM under load: running jobs end, the others are given back uncharged
d = daemon.start(db, BODY)
send(500, 200)
active(4)
is_(d.stop(), 0, "TERM drains under load and ends with 0")
is_(count("active"), 0, "no job is left behind as running")
is_(c.one("select count(*) from /*schema*/job where state::text <> 'completed' and attempt <> 0"), 0, "what had not started is not charged")
is_(c.one("select coalesce(max(attempt), 1) from /*schema*/job where state::text = 'completed'"), 1, "nothing ran twice")
c.sql("select /*schema*/cancel(id) from /*schema*/job where state::text in ('created', 'retry')")

# A drain that takes too long, and a second TERM
slow = send(60000)[0]


def drain():
    d = daemon.start(db, BODY, worker="drain_timeout = 2s")
    d.wait_line("attempt started")  # a job that is claimed and not started yet would be given back at once
    began = time.monotonic()
    is_(d.stop(), 0, "a drain that takes too long ends with 0, too")
    took = time.monotonic() - began
    ok(2 <= took, "it waits for drain_timeout")
    is_(c.sql("select state::text in ('created', 'retry'), attempt from /*schema*/job where id = %s", slow), [(True, 0)],
        "the job was given back uncharged")
    return took


testdb.in_time(3.2, "no longer than that and a second", drain)
d = daemon.start(db, BODY)
d.wait_line("attempt started")
d.kill(signal.SIGTERM)
d.wait_line("stopping: running jobs may end")
began = time.monotonic()
testdb.wait(lambda: time.monotonic() - began > 0.1, 5, "two TERMs that are two")
d.kill(signal.SIGTERM)
is_(d.wait(), 0, "a second TERM ends it at once")
ok(time.monotonic() - began < 10, "without the drain")
is_(c.sql("select state::text in ('created', 'retry'), attempt from /*schema*/job where id = %s", slow), [(True, 0)],
    "the job was given back, uncharged again")
d = daemon.start(db, BODY)
active()
d.kill(signal.SIGQUIT)
is_(d.wait(), 0, "QUIT ends it at once, too")
c.sql("select /*schema*/cancel(%s)", slow)

# A database that does not answer the sign-off: the worker itself gives up, the supervisor waits for that
def sign_off():
    """Whether the supervisor killed it."""
    job = send(60000)[0]
    d = daemon.start(db, BODY, worker="drain_timeout = 0s")
    d.wait_line("attempt started")
    other = db.connect()
    other.sql("begin")
    other.sql("lock table /*schema*/job_lease in access exclusive mode")
    is_(d.stop(), 0, "a worker that cannot sign off ends in the time that the library states")
    other.sql("rollback")
    c.wait("select not exists (select from pg_stat_activity where query like '%%unregister_worker%%' and state = 'active' and pid <> pg_backend_pid())")
    c.sql("select /*schema*/cancel(%s)", job)
    return "killing them" in d.log()


# A promise about time: another program may have the processors just then.
ok(not all(sign_off() for _ in range(3)), "and is not killed before that")

# Pause and resume
d = daemon.start(db, BODY)
d.kill(signal.SIGUSR1)
d.wait_line("1 worker ready, paused")
job = send(0)[0]
w = d.worker()
os.kill(w, signal.SIGKILL)
d.wait_workers(2)
ok(c.one("select state::text = 'created' from /*schema*/job where id = %s", job), "a paused daemon claims nothing, nor does a worker started meanwhile")
d.kill(signal.SIGUSR2)
c.wait("select state::text = 'completed' from /*schema*/job where id = %s", job)
ok(True, "it goes on when resumed")

# Reload
with open(d.path, "a", encoding="utf-8") as f:
    f.write("[queue other]\nhandler = exec:true\nretry_limits = 1\n")
d.kill(signal.SIGHUP)
d.wait_line("the old configuration stays")
ok("unknown key" in d.log() and "retry_limits" in d.log(), "a wrong configuration is told at reload")
job = send(0)[0]
c.wait("select state::text = 'completed' from /*schema*/job where id = %s", job)
ok(True, "and the old one goes on")
with open(d.path, encoding="utf-8") as f:
    text = f.read()
with open(d.path, "w", encoding="utf-8") as f:
    f.write(text.replace("retry_limits", "retry_limit"))
running = send(1500)[0]
active()
old = d.worker()
d.kill(signal.SIGHUP)
d.wait_line("the new configuration is at work")
job = c.one("select /*schema*/send('other', '{}', '{}')")
c.wait("select state::text = 'completed' from /*schema*/job where id = %s", job)
ok(True, "a right one works its new queue")
c.wait("select state::text = 'completed' from /*schema*/job where id = %s", running)
is_(c.one("select attempt from /*schema*/job where id = %s", running), 1, "the old worker ended its job")
testdb.wait(lambda: not daemon.alive(old), 15, "the old worker's end")
with open(d.path, "w", encoding="utf-8") as f:
    f.write(text.replace("retry_limits", "policy"))
d.kill(signal.SIGHUP)
d.wait_line("the new configuration does not work: the old one stays", 20)
job = send(0)[0]
c.wait("select state::text = 'completed' from /*schema*/job where id = %s", job)
ok(True, "one that the database refuses leaves the old one at work")

# The supervisor dies: its worker drains and ends
running = send(1000)[0]
d.wait_line(f'msg="attempt started" job={running} ')  # what is only claimed is given back
worker = d.worker()
pids = d.workers()
d.kill(signal.SIGKILL)
testdb.wait(lambda: not any(daemon.alive(p) for p in pids), 20, "workers without a supervisor end")
is_(c.sql("select state::text, attempt from /*schema*/job where id = %s", running), [("completed", 1)],
    "a worker whose supervisor was killed ends its job, then itself")
done()
