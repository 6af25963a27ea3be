# SPDX-License-Identifier: MIT
"""The server restarts and crashes under load: workers wait for it and come back, no job is lost, none ends twice."""
import os
import re
import signal
import threading
import time

import psycopg2

import invariants
import testdb
import toy
from testdb import diag, done, is_, ok

ROUNDS = 20 if os.environ.get("PGQUEUE_TEST_LONG") else 2

with testdb.Server(fsync="on") as s:
    db = s.create()
    c = db.connect()
    c.sql("create table public.ended (id bigint, state text); create function public.hook(ids bigint[], state text, o jsonb[]) returns void"
          " language sql as $$ insert into public.ended select unnest($1), $2 $$")
    c.sql("select /*schema*/create_queue('q', '{\"retry_limit\": 1000, \"retry_delay\": 0}'); select /*schema*/set_end_hook('q', 'public.hook')")
    stop = threading.Event()
    sent, unknown = [], [0]

    def send():
        session = None
        while not stop.is_set():
            try:
                session = session or db.connect()
                sent.extend(x[0] for x in session.sql("select /*schema*/send('q') from generate_series(1, 10)"))
            except (psycopg2.Error, SystemExit):
                session = None
                unknown[0] += 1
            stop.wait(0.02)  # a steady load

    log = toy.Log()
    workers = [toy.start(db.dsn, "q", "run", log) for _ in range(2)]
    for p in workers:
        toy.number(p)
    thread = threading.Thread(target=send)
    thread.start()

    def again():
        """A connection once the server is back."""
        def look():
            try:
                return db.connect()
            except psycopg2.Error:
                return None
        return testdb.wait(look, 30, "the server is back")

    for verb in ("restart", "kill") * ROUNDS:
        c.wait("select count(*) > 200 + %s from public.ended", c.one("select count(*) from public.ended"), timeout=40)
        c.close()
        s.ctl(verb)
        if verb == "kill":
            s.ctl("start")
        c = again()
        for p in workers:
            testdb.wait(lambda p=p: p.log().rfind("connected ") > p.log().rfind("disconnected"), 30, "the worker is back")
    c.wait("select count(*) > 200 + %s from public.ended", c.one("select count(*) from public.ended"), timeout=40)
    stop.set()
    thread.join()
    c.wait("select count(*) = 0 from /*schema*/job_live", timeout=60)
    is_(c.one("select count(*) from unnest(%s::bigint[]) i(id) where not exists (select from public.ended e where e.id = i.id)", sent), 0,
        f"over {ROUNDS} restarts and {ROUNDS} crashes every job that was acknowledged has ended ({len(sent)})")
    is_(c.sql("select id, count(*) from public.ended group by id having count(*) > 1"), [], "none twice")
    ok(unknown[0] > 0, "the load went on while the server was away")
    started = log.counts("S")
    twice = {i for i, n in started.items() if n > 1}
    diag(f"{len(twice)} of {len(started)} handlers were started twice")
    invariants.holds(c, "after restarts and crashes")
    for p in workers:
        said = p.log().splitlines()
        odd = [x for x in said if not re.match(r"connected \d+$|disconnected$|log: |lost \d+$", x)]
        is_(odd, [], "a worker says nothing odd")
        # A claim does not wait for the disk: a crash of the server may undo one that a worker has begun to work on.
        lost = {int(x.split()[1]) for x in said if re.match(r"lost \d+$", x)}
        is_(lost - twice, set(), "only outcomes of jobs that were started again did not count")
        ok(len(said) - len(lost) < 60 * ROUNDS, "and little") or diag("\n".join(said))
        p.kill(signal.SIGTERM)
        is_(p.wait(20), 0, "it ends well")
    c.close()
done()
