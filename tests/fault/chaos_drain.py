# SPDX-License-Identifier: MIT
"""TERM and INT at random moments under load, some of them twice: nothing runs twice, no attempt is burnt, the exit comes
in time."""
import random
import signal
import time

import daemon
import storm
import testdb
from testdb import diag, done, is_, ok

ROUNDS = storm.begin(50, 300)
TIMEOUT = 3  # s, drain_timeout
BATCH = 40   # jobs sent for each round, of 5 to 60 ms

db = testdb.create()
c = db.connect()
eyes = storm.Eyes(db.dsn)
config = daemon.config(db, f"[queue chaos]\nhandler = module:{storm.MODULE}:act\nretry_limit = 0\n",
                       worker=f"processes = 2\nconcurrency = 4\ndrain_timeout = {TIMEOUT}s")
daemon.Daemon(config, storm.ENV).ready().stop()  # makes the queue

codes, times, hurried, sent = [], [], set(), 0
for round_ in range(ROUNDS):
    c.sql("select /*schema*/send_many('chaos', array(select jsonb_build_object('data', x) from unnest(%s) x))",
          [random.randint(5, 60) for _ in range(BATCH)])
    sent += BATCH
    twice = round_ % 5 == 4
    if twice:  # long enough to be there for the second one
        c.sql("select /*schema*/send('chaos', '700', '{\"priority\": 1}') from generate_series(1, 3)")
        sent += 3
    d = daemon.Daemon(config, storm.ENV)
    if round_ % 10:
        d.ready(30)
    else:
        d.wait_line("pgqueued starts", 30)  # still connecting
    storm.moment(0.12)
    sig = random.choice([signal.SIGTERM, signal.SIGINT])
    began = time.monotonic()
    d.kill(sig)
    if twice:
        storm.moment(0.1)
        time.sleep(0.06)  # two within 50 ms count as one
        second = time.monotonic()
        d.kill(sig)
    codes.append(d.wait(30))
    times.append(time.monotonic() - began)
    if twice:  # given back while it ran: may start again
        open_ = {}
        for e in storm.events():
            if e.what == "S":
                open_[e.job, e.attempt, e.pid] = e
            elif e.at <= second:
                open_.pop((e.job, e.attempt, e.pid), None)
        hurried |= {job for (job, _, _) in open_}
    left = storm.running(config)
    if left:
        testdb.bail(f"left running after round {round_}: {left}\n{d.log()}")

is_(set(codes), {0}, f"each of {ROUNDS} drains ends with 0")
ok(max(times) <= TIMEOUT + 1, f"within drain_timeout and a second (the longest took {max(times):.2f} s, the mean {sum(times) / len(times):.2f} s)")
is_(c.one("select count(*)::int from /*schema*/job where state::text = 'active'"), 0, "nothing is left behind as running")
is_(c.one("select count(*)::int from /*schema*/job where state::text not in ('created', 'completed')"), 0,
    "what had not started went back as it was, nothing failed")
is_(c.one("select count(*)::int from /*schema*/job where state::text = 'created' and attempt <> 0"), 0, "with no attempt burnt")
storm.holds(eyes, "the invariants hold between the drains")

d = daemon.Daemon(config, storm.ENV).ready(30)
c.wait("select count(*) = %s from /*schema*/job where state::text = 'completed'", sent, timeout=90)
is_(d.stop(), 0, "what was left is worked off")
is_(c.one("select max(attempt) from /*schema*/job"), 1, "every job ended in its first attempt")
several = {job: [f"{e.pid} {e.attempt}" for e in s] for job, s in storm.starts().items() if len(s) > 1}
ok(several, "a second TERM did cut jobs off")
is_({job: s for job, s in several.items() if job not in hurried}, {}, "none was started twice, but for those that a second TERM cut off")
diag(f"{sent} jobs, {len(storm.starts())} started, {len(several)} again after a second TERM")
is_(sorted(storm.starts()), [r[0] for r in c.sql("select id from /*schema*/job order by id")], "each was started")
storm.holds(eyes, "the invariants hold")
done()
