# SPDX-License-Identifier: MIT
"""Health and metrics by HTTP: pages, keys, limits."""
import os
import time

import daemon
import testdb
from testdb import is_, ok, done

db = testdb.create()
c = db.connect()
NAME = 'a"b\\c'
d = daemon.start(db, f"[queue {NAME}]\nhandler = exec:true\n[http]\nlisten = 127.0.0.1:0\n")

is_(d.get("/livez")[::2], (200, "alive\n"), "/livez answers while the supervisor runs")
is_(d.get("/readyz")[::2], (200, "ready\n"), "/readyz answers when the workers are connected")
job = c.one("select /*schema*/send(%s, '{}', '{}')", NAME)
c.wait("select state::text = 'completed' from /*schema*/job where id = %s", job)
label = NAME.replace("\\", "\\\\").replace('"', '\\"')
is_(d.metric("jobs_finished_total", queue=label, outcome="done"), 1.0, "the metrics count, with labels escaped")
is_(d.metric("jobs_running", queue=label), 0.0, "and show what runs")
is_(d.metric("workers_connected"), 1.0, "and who is connected")
seen = set()
for line in d.get("/metrics")[2].splitlines():
    if not line.startswith("#"):
        ok(line not in seen and " " in line, "a sample is there once") if line in seen else seen.add(line)
is_(d.get("/other")[0], 404, "another path is not found")
is_(d.request("HEAD /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")[::2], (200, ""), "HEAD has no body")
is_(d.request("POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")[0], 405, "POST is refused")
is_(d.request("GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n")[0], 421, "a foreign Host is refused")
is_(d.request("GET /livez HTTP/1.1\r\n\r\n")[0], 400, "no Host is refused")
is_(d.request(b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 9000 + b"\r\n\r\n")[0], 431, "a head over 8 KB is refused")
is_(d.request(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nabc")[0], 413, "a body is refused")

# Slow clients: many of them do not keep others out, and each is closed in its time
began = time.monotonic()
slow = [d.connect() for _ in range(100)]
for s in slow:
    s.sendall(b"GET /livez HTTP/1.1\r\n")


def worst():
    """Of twenty answers."""
    took = []
    for _ in range(20):
        at = time.monotonic()
        code = d.get("/readyz")[0]
        took.append(time.monotonic() - at)
        if code != 200:
            return 60
    return max(took)


testdb.in_time(1, "a hundred slow clients keep nobody out", worst)
victim = slow[-1]


def drip():
    """A byte now and then, which a limit per read would allow for ever."""
    try:
        victim.sendall(b"X")
        victim.settimeout(0.3)
        return victim.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


testdb.wait(drip, 15, "a slow client is closed")
took = time.monotonic() - began
ok(8 < took < 20, f"a client that drips is closed after ten seconds ({took:.1f})")
is_(d.stop(), 0, "it drains")

# A key
key = testdb.write("http.key", "0123456789abcdef0123\n")
os.chmod(key, 0o600)
body = "[queue q]\nhandler = exec:true\n[http]\nlisten = 0.0.0.0:0\nkey_file = http.key\n"
d = daemon.start(db, body, "key.ini")
is_(d.get("/metrics")[0], 401, "on an open address nobody gets in without the key")
is_(d.get("/metrics", "Authorization: Bearer 0123456789abcdef0124")[0], 401, "nor with a wrong one")
is_(d.get("/metrics", "Authorization: Bearer 0123456789abcdef0123")[0], 200, "but with it")
is_(d.request("GET /metrics HTTP/1.1\r\nHost: metrics.example:9187\r\nAuthorization: Bearer 0123456789abcdef0123\r\n\r\n")[0], 200,
    "by whatever name the machine has")
is_(d.request("GET /metrics HTTP/1.1\r\nHost: metrics.example:9187\r\n\r\n")[0], 401, "not without it")
os.chmod(key, 0o644)
r = testdb.run("pgqueued", "-c", d.path, "--check-config")
ok(r.returncode == 2 and "chmod" in r.stderr, "a key file that everybody can read is refused")
is_(d.stop(), 0, "it drains")

# A unix socket, also one that a killed daemon left
path = testdb.tmp("http.sock")
body = f"[queue q]\nhandler = exec:true\n[http]\nlisten = unix:{path}\n"
d = daemon.start(db, body, "unix.ini")
is_(d.get("/livez")[0], 200, "it listens on a unix socket")
d.kill(9)
d.wait()
d = daemon.start(db, body, "unix.ini")
is_(d.get("/livez")[0], 200, "a socket that a killed daemon left behind is replaced")
other = testdb.start("pgqueued", "-c", d.path)
is_(other.wait(), 1, "one that is in use is not")
ok("cannot listen" in other.log(), "and that is told")
is_(d.stop(), 0, "it drains")
ok(not os.path.exists(path), "and takes its socket's file along")
done()
