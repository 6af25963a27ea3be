# SPDX-License-Identifier: MIT
"""The daemon starts before the database, outlives its restart, and says what it waits for."""
import os
import signal

import daemon
import testdb
from testdb import is_, ok, done

with testdb.Server() as s:
    db = s.create()
    empty = s.create(empty=True)
    TAKE = f"module:{daemon.module('daemon_handlers')}:take"
    body = f"[queue take]\nhandler = {TAKE}\n[http]\nlisten = 127.0.0.1:0\n"
    s.ctl("stop")
    d = daemon.Daemon(daemon.config(db, body))
    d.wait_line("waiting for the database")
    status, _, text = d.get("/readyz")
    ok(status == 503 and "waiting for the database" in text, "without a database it is not ready and says so")
    is_(d.get("/livez")[0], 200, "but alive")
    s.ctl("start")
    d.ready(30)
    is_(d.get("/readyz")[0], 200, "it connects when the database is there")

    c = db.connect()
    c.sql("select /*schema*/send('take', '20', '{}') from generate_series(1, 300)")
    c.wait("select count(*) > 20 from /*schema*/job where state::text = 'completed'")
    s.ctl("restart")
    testdb.wait(lambda: d.get("/readyz")[0] == 200, 30, "ready again")
    c = db.connect()
    c.wait("select count(*) = 300 from /*schema*/job where state::text = 'completed'", timeout=60)
    ok(True, "after a restart of the database it goes on, no job is lost")
    is_(len(d.workers()), 1, "in the same worker process")
    gone = d.lines("the database is gone")
    ok(1 <= len(gone) <= 3, f"the loss is told once ({len(gone)} lines)")
    s.ctl("kill")
    d.wait_line("waiting for the database: 0 of 1")
    s.ctl("start")
    testdb.wait(lambda: d.get("/readyz")[0] == 200, 60, "ready again after a crash of the server")
    ok(True, "a crash of the server is outlived, too")
    s.ctl("stop")
    d.kill(signal.SIGTERM)
    is_(d.wait(), 0, "it ends while the database is away")
    s.ctl("start")

    # Reloads while the database is away
    quiet = f"[queue take]\nhandler = {TAKE}\n[http]\nlisten = unix:"
    old, new = testdb.tmp("old.sock"), testdb.tmp("new.sock")
    d = daemon.start(db, quiet + old + "\n", "reload.ini")
    c = db.connect()
    job = c.one("select /*schema*/send('take', '3000', '{}')")
    d.wait_line("attempt started")
    s.ctl("stop")
    daemon.config(db, quiet + new + "\n", "reload.ini")
    for n in range(12):
        d.kill(signal.SIGHUP)
        testdb.wait(lambda: len(d.workers()) == n + 2, 15, "the workers of the next configuration")
    testdb.wait(lambda: len([p for p in d.workers() if daemon.alive(p)]) == 2, 15, "one crew to wait beside the one at work")
    ok(True, "many reloads while the database is away leave one crew that waits")
    ok("cannot start" not in d.log(), "none is refused")
    is_(d.get("/livez")[0], 200, "the old place is served as long as its workers are")
    ok(len(d.lines("listening")) == 1, "the new one is not yet")
    s.ctl("start")
    d.wait_line("the new configuration is at work", 30)
    c = db.connect()
    c.wait("select state::text = 'completed' from /*schema*/job where id = %s", job)
    is_(c.one("select attempt from /*schema*/job where id = %s", job), 1, "a job that ran all the while was left alone")
    testdb.wait(lambda: len(d.lines("listening")) == 2 and not os.path.exists(old), 15, "the new place")
    ok(os.path.exists(new), "then the new place is served and the old one is gone")
    is_(d.stop(), 0, "it drains")

    d = daemon.Daemon(daemon.config(empty, body, "empty.ini"))
    is_(d.wait(20), 1, "a database without the schema is no place to work")
    ok("migrate" in d.log(), "and it says what to do") or testdb.diag(d.log())
done()
