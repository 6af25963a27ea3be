# SPDX-License-Identifier: MIT
"""The daemon starts before the database, outlives its restart, and says what it waits for."""
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

    d = daemon.Daemon(daemon.config(empty, body, "empty.ini"))
    is_(d.wait(20), 1, "a database without the schema is no place to work")
    ok("migrate" in d.log(), "and it says what to do") or testdb.diag(d.log())
done()
