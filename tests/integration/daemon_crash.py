# SPDX-License-Identifier: MIT
"""Handlers that take their process down: it comes back, the culprit is charged, its neighbours are not."""
import json
import os
import signal

import daemon
import testdb
from testdb import is_, ok, done

db = testdb.create()
c = db.connect()
HANDLERS = daemon.module("daemon_handlers")
HTTP = "[http]\nlisten = 127.0.0.1:0\n"


def queue(handler, options="retry_limit = 0"):
    """The section of a queue that has its handler's name."""
    return f"[queue {handler}]\nhandler = module:{HANDLERS}:{handler}\n{options}\n"


BODY = queue("crash", "retry_limit = 1\nretry_delay = 0\nconcurrency = 1") + queue("loop_crash") + queue("take") + queue("forks") + HTTP
d = daemon.start(db, BODY)


def send(queue, data):
    return c.one("select /*schema*/send(%s, %s::jsonb, '{}')", queue, json.dumps(data))


def ends(job, state, timeout=40):
    c.wait("select state::text = %s from /*schema*/job where id = %s", state, job, timeout=timeout)


def told(job, words, sentence):
    """The job has failed, and its message has the words."""
    ends(job, "failed")
    text = c.one("select output->>'message' from /*schema*/job where id = %s", job)
    ok(words in (text or ""), sentence) or testdb.diag(text)


neighbours = [send("take", 3000) for _ in range(3)]
c.wait("select count(*) = 3 from /*schema*/job where state::text = 'active'")
bad = send("crash", "segv")
told(bad, "Segmentation fault", "a job that crashes its process fails for good, and the message says why")
is_(c.one("select attempt from /*schema*/job where id = %s", bad), 2, "after its retries")
for job in neighbours:
    ends(job, "completed")
is_(c.one("select max(attempt) from /*schema*/job where queue = 'take'"), 1, "its neighbours are not charged")
is_(len(d.lines("a job took its worker down")), 2, "the log names the job each time")
is_(d.metric("worker_restarts_total"), 2.0, "the deaths are counted")

for how, what in (("abort", "Aborted"), ("stack", "Segmentation fault"), ("exit", "exited with status 0"),
                  ("_exit", "exited with status 7")):
    d.stop()  # a fresh one starts a dead worker again at once
    d = daemon.start(db, BODY)
    bad = send("crash", how)
    told(bad, what, f"{how} in a handler is told")
d.stop()
d = daemon.start(db, BODY)
bad = send("loop_crash", "segv")
ends(bad, "failed")
ok(True, "a handler on the loop that crashes is charged, too")

# A kill from outside
job = send("take", 60000)
c.wait("select state::text = 'active' from /*schema*/job where id = %s", job, timeout=40)
testdb.wait(lambda: d.metric("jobs_running", queue="take") == 1.0, 40, "its start: claimed only, it would be given back uncharged")
worker = d.worker()
os.kill(worker, signal.SIGKILL)
told(job, "killed by signal 9", "a worker that was killed from outside is told to its jobs")
testdb.wait(lambda: d.worker() != worker, 40, "another worker")
good = send("take", 0)
ends(good, "completed")
ok(True, "and the next one works")

# A child that a handler forks is not the worker: its exit() blames no job. The child has only one of the threads, so a
# leak sanitizer that looks at its memory when it exits finds what the others held.
d.stop()
d = daemon.start(db, BODY, env={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"})
said = len(d.lines("a job took its worker down"))
job = send("forks", 0)
told(job, "killed by signal 9", "a worker is killed while a handler runs that has forked")
is_(len(d.lines("a job took its worker down")), said, "the exit() of the forked child blames no job")
is_(d.stop(), 0, "it drains")

# A crash during a drain
BODY = queue("crash_when") + queue("take") + HTTP
for how, sig, line in (("a drain", signal.SIGTERM, "stopping: running jobs may end"),
                       ("a reload", signal.SIGHUP, "the new configuration is at work")):
    d = daemon.start(db, BODY, worker="drain_timeout = 60s")
    go = testdb.tmp("go-" + sig.name)
    bad = send("crash_when", go)
    neighbours = [send("take", 60000) for _ in range(3)]
    testdb.wait(lambda: d.metric("jobs_running", queue="take") == 3.0 and d.metric("jobs_running", queue="crash_when") == 1.0, 40, "their start")
    d.kill(sig)
    d.wait_line(line)
    testdb.write(os.path.basename(go), "")
    if sig == signal.SIGTERM:
        is_(d.wait(), 0, f"a handler that crashes during {how} does not hold it up")
    told(bad, "Segmentation fault", f"a handler that crashes during {how} is told to its job")
    is_(c.one("select count(*) from /*schema*/job where id = any(%s) and state::text in ('created', 'active') and attempt <= 1", neighbours), 3,
        f"its neighbours are not charged when it does so during {how}")
    for job in neighbours:
        c.sql("select /*schema*/cancel(%s)", job)
    if sig == signal.SIGHUP:
        d.kill(signal.SIGQUIT)  # the neighbours run again
        is_(d.wait(), 0, "QUIT ends it")

p = testdb.start("/bin/bash", "-c", "trap '' CHLD; exec pgqueued -c \"$0\"", d.path)
p.wait_line(" ready", 15)
p.kill(signal.SIGTERM)
is_(p.wait(15), 0, "a parent that ignores SIGCHLD does not hide the ends of its processes")
done()
