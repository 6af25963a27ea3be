# SPDX-License-Identifier: MIT
"""A server that hangs: a command of pgqueue gives it up, with the exit code for no database; one that waits for a lock goes on; a
cut connection is told at once."""
import os
import socket
import threading
import time

import testdb
from testdb import done, is_, ok

db = testdb.create()
c = db.connect()
c.sql("select /*schema*/create_queue('q')")

# Between the command and the server: hands on what is said, until it is frozen; then it takes connections and is silent.
fields = dict(f.split("=", 1) for f in db.dsn.split())
os.mkdir(testdb.tmp("front"))
front = socket.socket(socket.AF_UNIX)
front.bind(os.path.join(testdb.tmp("front"), ".s.PGSQL.5432"))
front.listen()
frozen = threading.Event()
waiting = []


def hand_on(source, target):
    try:
        while (data := source.recv(65536)) and not frozen.is_set():
            target.sendall(data)
    except OSError:  # the test has cut them
        pass


def serve():
    while True:
        client, _ = front.accept()
        waiting.append(client)
        if not frozen.is_set():
            server = socket.socket(socket.AF_UNIX)
            server.connect(os.path.join(fields["host"], f".s.PGSQL.{fields.get('port', 5432)}"))
            waiting.append(server)
            for pair in ((client, server), (server, client)):
                threading.Thread(target=hand_on, args=pair, daemon=True).start()


threading.Thread(target=serve, daemon=True).start()
dsn = " ".join(f"{k}={v}" for k, v in {**fields, "host": testdb.tmp("front"), "port": 5432}.items())
send = ["pgqueue", "--schema", testdb.schema(), "send", "q", "1", "-d"]
is_(testdb.run(*send, dsn).returncode, 0, "through the front a job is sent")

# A connection that is cut while the statement waits
lock = db.connect()
lock.sql("begin")
lock.sql("lock table /*schema*/job_live")
cut = testdb.start(*send, dsn)
c.wait("select count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
for s in waiting:  # also those of the first command
    s.shutdown(socket.SHUT_RDWR)
is_(cut.wait(60), 5, "a cut connection is told at once")
ok("closed the connection" in cut.log(), "in libpq's words") or testdb.diag(cut.log())
lock.sql("rollback")
c.wait("select count(*) = 0 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")

# Both wait for the lock; then the front of one freezes, and it never hears that the lock is free.
lock.sql("begin")
lock.sql("lock table /*schema*/job_live")
started = time.monotonic()
slow, hung = testdb.start(*send, db.dsn), testdb.start(*send, dsn)
c.wait("select count(*) = 2 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
frozen.set()
is_(hung.wait(120), 5, "a command whose server hangs ends with the code for no database")
ok("no answer for 50.0 s" in hung.log(), "and says why") or testdb.diag(hung.log())
ok(time.monotonic() - started >= 45, "not before it has looked at the server twice")
ok(slow.running(), "one that waits for a lock for as long goes on")
lock.sql("rollback")
is_(slow.wait(60), 0, "and gets its answer")
done()
