# SPDX-License-Identifier: MIT
"""Behind a pooler a worker's sessions are the pooler's: locks and notifications mean nothing, beats and looks do. The pooler
here passes everything on, but gives out session ids of its own, as all do, and swallows notifications."""
import os
import select
import socket
import struct
import threading

import daemon
import testdb
from testdb import done, is_, ok

db = testdb.create()
c = db.connect()
c.sql("select /*schema*/create_queue('q')")
fields = dict(field.split("=", 1) for field in db.dsn.split())
folder = testdb.tmp("p")
os.mkdir(folder)
links = []


def messages(client, server):
    """What the server says, message by message: BackendKeyData gets another id, NotificationResponse is left out."""
    data = b""
    while True:
        readable = select.select([client, server], [], [])[0]
        if client in readable:
            said = client.recv(65536)
            if not said:
                break
            server.sendall(said)
        if server in readable:
            said = server.recv(65536)
            if not said:
                break
            data += said
            while len(data) >= 5 and len(data) > (size := struct.unpack(">I", data[1:5])[0]):
                kind, body, data = data[:1], data[5:size + 1], data[size + 1:]
                if kind == b"K":
                    body = struct.pack(">I", struct.unpack(">I", body[:4])[0] + 1000000) + body[4:]
                if kind != b"A":
                    client.sendall(kind + struct.pack(">I", len(body) + 4) + body)


def link(client):
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{fields['host']}/.s.PGSQL.{fields.get('port', '5432')}")
    links.append((client, server))
    try:
        messages(client, server)
    except OSError:
        pass
    client.close()
    server.close()


def accept(listener):
    while True:
        threading.Thread(target=link, args=(listener.accept()[0],), daemon=True).start()


door = socket.socket(socket.AF_UNIX)
door.bind(f"{folder}/.s.PGSQL.5432")
door.listen()
threading.Thread(target=accept, args=(door,), daemon=True).start()
dsn = " ".join(f"{k}={v}" for k, v in {**fields, "host": folder, "port": "5432", "sslmode": "disable", "gssencmode": "disable"}.items())

d = daemon.start(dsn, "[queue q]\nhandler = exec:cat\n")
ok(len(d.lines("a pooler stands between")) >= 1, "a worker notices the pooler before its first claim")
w = c.one("select id from /*schema*/job_worker")
is_(c.one("select /*schema*/lives(%s)", w), False, "it holds no lock: the session is the pooler's, who may close it at any time")
is_(c.one("select suspect_on::text from /*schema*/job_worker"), "infinity", "which its row says")

# Its looks become rare in the first six seconds, where it trusts notifications.
c.wait("select clock_timestamp() > started_on + interval '8 s' from /*schema*/job_worker", timeout=60)


def start():
    job = c.one("select /*schema*/send('q', '{}')")
    c.wait("select state = 'completed' from /*schema*/job where id = %s", job, timeout=60)
    return c.one("select extract(epoch from started_on - created_on)::float8 from /*schema*/job where id = %s", job)


testdb.in_time(2, "without a notification a job starts by the look of each second", start)
is_(d.stop(), 0, "it ends")
is_(c.one("select count(*) from /*schema*/job_worker"), 0, "and signs off")
ok("don't own a lock" not in d.log(), "without unlocking what it never held")
done()
