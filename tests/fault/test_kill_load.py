# SPDX-License-Identifier: MIT
"""Workers are killed, frozen and cut off under load, at random moments: no job is lost, none ends twice.
PGQUEUE_TEST_LONG: 100 rounds instead of 10. PGQUEUE_TEST_SEED repeats the choices."""
import os
import random
import signal
import threading

import invariants
import testdb
import toy
from testdb import diag, done, is_, ok

ROUNDS = 100 if os.environ.get("PGQUEUE_TEST_LONG") else 10
SEED = int(os.environ.get("PGQUEUE_TEST_SEED") or random.SystemRandom().randrange(10 ** 6))
r = random.Random(SEED)
diag(f"seed {SEED}")

db = testdb.create()
c = db.connect()
sender = db.connect()
# One row for each end of a job, in the transaction that ends it.
c.sql("create table public.ended (id bigint, state text); create function public.hook(ids bigint[], state text, o jsonb[]) returns void"
      " language sql as $$ insert into public.ended select unnest($1), $2 $$")
c.sql("select /*schema*/create_queue('q', '{\"retry_limit\": 1000, \"retry_delay\": 0}'); select /*schema*/set_end_hook('q', 'public.hook')")
stop = threading.Event()
sent = []


def send():
    while not stop.is_set():
        sent.extend(x[0] for x in sender.sql("select /*schema*/send('q') from generate_series(1, 20)"))
        stop.wait(0.02)  # a steady load


def settled(n):
    """Waits until n more jobs have ended."""
    goal = c.one("select count(*) from public.ended") + n
    c.wait("select count(*) >= %s from public.ended", goal, timeout=30)


def drain(what):
    stop.set()
    thread.join()
    c.wait("select count(*) = 0 from /*schema*/job_live", timeout=60)
    is_(c.one("select count(*) from public.ended where id = any(%s)", sent), len(sent), f"{what}: every job has ended")
    is_(c.sql("select id, count(*) from public.ended group by id having count(*) > 1"), [], f"{what}: none twice")
    ok(set(sent) <= set(log.counts("E")), f"{what}: each was run to its end")
    invariants.holds(c, f"after {what}")


def load():
    global thread, log
    sent.clear()
    stop.clear()
    log = toy.Log(f"log{r.random()}")
    thread = threading.Thread(target=send)
    thread.start()
    return [toy.start(db.dsn, "q", "run", log) for _ in range(2)]


# kill -9
workers = load()
for p in workers:
    toy.number(p)
for _ in range(ROUNDS):
    settled(r.randint(1, 80))
    victim = r.randrange(2)
    workers[victim].kill()
    workers[victim].wait(10)
    workers[victim] = toy.start(db.dsn, "q", "run", log)
drain(f"{ROUNDS} kills")
for p in workers:
    toy.number(p)  # one that has just started does not know the signal yet
    p.kill(signal.SIGTERM)
    is_(p.wait(20), 0, "a worker that is asked to stop ends well")

# The backend of either connection is terminated: no process dies, so no job may be run twice. The database's clock goes slowly,
# so that a worker has 12 s instead of 1.2 s to come back on a busy machine.
now = c.one("select clock_timestamp()::text")
c.sql("create or replace function /*schema*/clock() returns timestamptz language sql volatile parallel safe as $f$"
      f" select timestamptz '{now}' + (pg_catalog.clock_timestamp() - timestamptz '{now}') / 10 $f$")
workers = load()
for p in workers:
    toy.number(p)
cut = 0
for _ in range(2 * ROUNDS):
    settled(r.randint(1, 60))
    pids = [x[0] for x in c.sql("select pid from pg_stat_activity where application_name = 'pgqueue worker' and datname = current_database()")]
    if pids:
        c.sql("select pg_terminate_backend(%s)", r.choice(pids))
        cut += 1
drain(f"{cut} lost connections")
starts = log.counts("S")
is_([i for i, n in starts.items() if n > 1], [], "no handler was started twice, because each worker came back in time")
for p in workers:
    p.kill(signal.SIGTERM)
    is_(p.wait(20), 0, "a worker that is asked to stop ends well")

invariants.set_clock(c, "0")

# Frozen until its jobs are taken away, then continued
c.sql("truncate public.ended")
log = toy.Log("frozen.log")
gate = testdb.tmp("gate")
ids = [x[0] for x in c.sql("select /*schema*/send('q') from generate_series(1, 4)")]
frozen = toy.start(db.dsn, "q", f"gate={gate}", log)
testdb.wait(lambda: len(log.counts("S")) == 4, 20, "its jobs run")
os.kill(frozen.pid, signal.SIGSTOP)
other_log = toy.Log("other.log")
other = toy.start(db.dsn, "q", "run", other_log)
toy.number(other)
is_(c.one("select count(*) from /*schema*/job where state = 'active'"), 4, "a worker is frozen with four running jobs")
invariants.set_clock(c, "40 s")
c.wait("select count(*) = 4 from public.ended", timeout=20)
invariants.set_clock(c, "0")
is_(set(other_log.counts("E")), set(ids), "30 s later another has done them")
testdb.write("gate", "")
os.kill(frozen.pid, signal.SIGCONT)
testdb.wait(lambda: len(frozen.lines("lost ")) == 4, 20, "lost")
is_({int(x.split()[1]) for x in frozen.lines("lost ")}, set(ids), "continued, it is told that each is lost")
is_(c.one("select count(*) from public.ended"), 4, "and nothing has changed")
is_(c.one("select count(*) from /*schema*/job where id = any(%s) and state = 'completed' and attempt = 2", ids), 4, "they are completed, in their second attempt")
more = [x[0] for x in c.sql("select /*schema*/send('q') from generate_series(1, 50)")]
other.kill(signal.SIGTERM)
other.wait(20)
c.wait("select count(*) = 0 from /*schema*/job_live", timeout=60)
ok(True, "it works on")
frozen.kill(signal.SIGTERM)
is_(frozen.wait(20), 0, "and ends well")
invariants.holds(c, "at the end")
done()
