# SPDX-License-Identifier: MIT
"""The test harness itself, from Python; knows nothing of queues."""
import signal

import testdb
from testdb import done, is_, ok, raises

db = testdb.create()
a = db.connect()
b = db.connect(autocommit=False)
ok(db.name != testdb.create().name, "each database has its own name")
is_(a.one("select count(*)::int from pg_namespace where nspname = %s", testdb.schema()), 1, "a fresh database is migrated")
a.sql("create table /*schema*/marked (n int)")
b.sql("insert into /*schema*/marked values (%s)", 7)
is_(a.one("select n from /*schema*/marked"), None, "sessions are separate transactions")
b.commit()
a.wait("select n = 7 from /*schema*/marked")
raises("22012", "an expected error is recognised by its SQLSTATE", a.sql, "select 1/0")

objects = db.describe()
a.sql("alter table /*schema*/marked add other text not null default 'x'")
is_([line.split(" ")[0] for line in db.describe() if line not in objects], ["column"], "a changed object is told")

c = db.connect()
b.sql("lock table /*schema*/marked")
waiting = c.start("select count(*)::int from /*schema*/marked")
c.blocked_by(b)
ok(not waiting.done(), "a statement in a thread waits for another session's lock")
b.commit()
is_(waiting.result(60), [(1,)], "and goes on after it")

p = testdb.start("sh", "-c", "echo ready >&2; exec sleep 60")
p.wait_line("ready")
p.kill(signal.SIGTERM)
is_(p.wait(), 128 + signal.SIGTERM, "a program that a signal ends answers 128 + signal")
is_(testdb.run("cat", stdin="x").stdout, "x", "a program is run to its end with its input")

p = testdb.start("sh", "-c", "exit 3")
is_(p.wait(), 3, "a program that ends answers its exit code")
ok(not p.running(), "it does not run any more")
is_(open(f"/proc/{p.pid}/stat").read().rsplit(")", 1)[1].split()[0], "Z", "its id stays taken until the test ends")

with testdb.Server(max_connections=20) as server:
    own = server.create()
    d = own.connect()
    is_(d.one("show max_connections"), "20", "a server of one's own has the settings asked for")
    server.ctl("restart")
    raises(None, "a session does not outlive a restart", d.sql, "select 1")
    is_(own.connect().one("select 1"), 1, "the server is there again")
    server.ctl("kill")
    server.ctl("start")
    is_(own.connect().one("select 1"), 1, "and after a crash")
is_(a.one("select 1"), 1, "the shared server went on")
is_(testdb.create().connect().one("select 1"), 1, "and serves again")
done()
