# SPDX-License-Identifier: MIT
"""pgqueue-sandbox as a program: its options, its start and end, and hundreds of clients at once."""
import concurrent.futures
import os
import random
import signal
import socket
import time

import testdb
from sandbox import Sandbox
from testdb import done, is_, ok, run


def refused(sentence, *args, says, code=2):
    got = run("pgqueue-sandbox", *args)
    ok((got.returncode, got.stdout, got.stderr.count("\n")) == (code, "", 1) and says in got.stderr
       and got.stderr.startswith("pgqueue-sandbox: "), f"{sentence} is refused in one line") or testdb.diag(got)


broken = testdb.tmp("broken")
os.makedirs(broken)
testdb.write("broken/checkins-offset-0000.json", '{"response":{"checkins":{"items":[{"id":"1"}]}}}')
refused("an unknown option", "--foo", says="--foo")
refused("an argument", "foo", says="foo")
refused("a missing value", "--listen", says="--listen")
refused("a bad address", "--listen", "localhost", says="--listen")
refused("a port out of range", "--listen", "127.0.0.1:70000", says="70000")
refused("a host name", "--listen", "example.com:80", says="example.com")
refused("a negative count", "--generate", "-1", says="--generate")
refused("a count with a tail", "--generate", "10k", says="10k")
refused("a user without history", "--user", "anna", says="anna")
refused("an unknown kind of history", "--user", "anna=foo:1", says="dir:PATH")
refused("an odd token", "--user", "an na=gen:1", says="an na")
refused("a missing folder", "--user", "anna=dir:/nowhere", says="/nowhere")
refused("a next run that is not there", "--user", f"anna=dir:{broken},next-run", says="page")
refused("an item without time", "--user", f"anna=dir:{broken}", says="checkins-offset-0000.json")
refused("an unknown fault", "--fault", "418", says="403-rate-limit")
refused("a bad fault option", "--fault", "500,every", says="every")
refused("a bad rate", "--rate-limit", "10", says="--rate-limit")
refused("a bad meaning of before", "--before", "maybe", says="maybe")
refused("a port file without port", "--listen", "unix:/tmp/x", "--port-file", "/tmp/y", says="--port-file")
refused("a data folder that is not there", "--data", "/nowhere", says="/nowhere", code=1)
refused("an address of somebody else", "--listen", "192.0.2.1:0", says="cannot listen", code=1)
refused("a port file that cannot be written", "--port-file", "/nowhere/port", says="/nowhere", code=1)
got = run("pgqueue-sandbox", "--help")
ok(got.returncode == 0 and all(name in got.stdout for name in ("--listen", "--fault", "silence", "gen:COUNT")), "--help tells the options")
ok(run("pgqueue-sandbox", "--version").stdout.startswith("pgqueue-sandbox"), "--version says so")

port_file, log = testdb.tmp("port"), testdb.tmp("log")
s = Sandbox("--port-file", port_file, "--log", log)
with open(port_file, encoding="ascii") as f:
    is_(f.read(), f"{s.port}\n", "the port file holds the port")
s.page("gen-a", limit=3)
s.page("nobody\x7f")
with open(log, encoding="utf-8") as f:
    lines = f.read().splitlines()
ok(len(lines) == 2 and "token=gen-a limit=3 offset=0 status=200 items=3 fault=-" in lines[0], "the log has a line per request")
ok("token=? " in lines[1] and "status=401" in lines[1], "and does not repeat what strangers send")
refused("a port that is taken", "--listen", f"127.0.0.1:{s.port}", says="cannot listen", code=1)
raw = socket.create_connection(("127.0.0.1", s.port))
raw.sendall(b"BREW /pot HTCPCP/1.0\r\n\r\n")
raw.recv(4096)
raw.close()
for path, status in (("/_sandbox/", 404), ("/_sandboxx", 404), ("/_sandbox/stats?token=nobody", 404), ("/_sandbox/grow", 405),
                     ("/", 404), ("/v2/users/self/checkins/", 404), ("//v2/users/self/checkins?%zz", 404)):
    is_(s.request("GET", path).status, status, f"GET {path} is answered with {status}")
is_(s.request("POST", "/_sandbox/reset", body="x" * 100000).status, 413, "a body that is too long is refused")
is_(s.page("gen-" + "x" * 300).status, 401, "so is a token that is too long")

connection = s.connect()
is_([len(s.page("gen-a", connection=connection, limit=n).items) for n in (1, 2, 250)], [1, 2, 250], "a connection is used again")

with concurrent.futures.ThreadPoolExecutor(100) as pool:
    s.fault(kind="silence", seconds="0.5", token="gen-slow")
    slow = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(300)]
    for sock in slow:
        sock.sendall(b"GET /v2/users/self/checkins?v=20240101&oauth_token=gen-slow HTTP/1.1\r\nHost: x\r\n\r\n")
    pages = list(pool.map(lambda n: len(s.page(f"gen-{n}", limit=250).items), range(400)))
is_(pages, [250] * 400, "400 requests, 100 at a time, are answered beside 300 silent ones")
is_([sock.recv(1) for sock in slow], [b""] * 300, "which end when their time has come")
for sock in slow:
    sock.close()

kinds = ["half", "silence", "drip", "endless", "huge", "500", "redirect", "wrong-json", "stuck", ""]
for kind in kinds[:-1]:
    s.fault(kind=kind, token="gen-" + kind, seconds="0.05")
random.seed(1)
hasty = []
for n in range(400):
    sock = socket.create_connection(("127.0.0.1", s.port))
    sock.settimeout(10)
    request = f"GET /v2/users/self/checkins?v=20240101&limit=250&oauth_token=gen-{kinds[n % 10]} HTTP/1.1\r\nHost: x\r\n\r\n"
    sock.sendall((request * random.randint(1, 3)).encode())
    if random.random() < 0.5:
        sock.recv(random.choice([1, 1000, 100000]))
    hasty.append(sock)
    if random.random() < 0.8:
        hasty.pop(random.randrange(len(hasty))).close()
for sock in hasty:
    sock.close()
s.no_faults()
testdb.wait(lambda: s.stats()["open"] == 0, 20, "no request is left")
ok(s.page("gen-a").status == 200, "clients that leave in the middle of any kind of answer leave nothing behind")

parked = socket.create_connection(("127.0.0.1", s.port))
s.fault(kind="silence", token="gen-z")
parked.sendall(b"GET /v2/users/self/checkins?v=20240101&oauth_token=gen-z HTTP/1.1\r\nHost: x\r\n\r\n")
testdb.wait(lambda: "gen-z" in s.stats()["users"], 5, "the request has arrived")
start = time.monotonic()
s.process.kill(signal.SIGTERM)
is_(s.process.wait(), 0, "TERM ends it")
ok(time.monotonic() - start < 20, "at once, whoever is waiting")
is_(parked.recv(1), b"", "and closes the connections")
again = testdb.start("pgqueue-sandbox", "--listen", f"127.0.0.1:{s.port}")
testdb.wait(lambda: "listening" in again.output() or not again.running(), 10, "the port is free again")
ok(again.running(), "another one can take over the port")
again.kill(signal.SIGINT)
is_(again.wait(), 0, "INT ends it, too")

path = testdb.tmp("socket")
for how in signal.SIGKILL, signal.SIGTERM:
    u = testdb.start("pgqueue-sandbox", "--listen", f"unix:{path}")
    testdb.wait(lambda: "listening" in u.output() or not u.running(), 10, "a socket file")
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    sock.sendall(b"GET /_sandbox/user?token=gen-a HTTP/1.0\r\n\r\n")
    answer = b"".join(iter(lambda: sock.recv(4096), b""))
    ok(answer.startswith(b"HTTP/1.0 200") and b'"size":500' in answer, "a unix socket is served, also where a killed one left its file")
    u.kill(how)
    u.wait()
ok(not os.path.exists(path), "TERM removes the file")
done()
