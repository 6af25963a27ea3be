# SPDX-License-Identifier: MIT
"""The sandbox misbehaves in each of its ways, exactly when it was told to."""
import email.utils
import http.client
import json
import socket
import time

import testdb
from sandbox import Sandbox
from testdb import done, is_, ok

s = Sandbox("--user", "a=gen:600", "--user", "b=gen:600")


def once(kind, **more):
    """The answer to one request that the fault is about."""
    s.fault(kind=kind, count=1, **more)
    return s.page("a", limit=250)


def summary(answer):
    return answer.status, answer.error, answer.json["response"]


is_(summary(once("401")), (401, "invalid_auth", {}), "401: the token is revoked")
is_(s.fault(kind="401", count=1) and s.page("a").json["meta"]["errorDetail"], "OAuth token invalid or revoked.", "and says so as recorded")
is_(summary(once("400-missing")), (400, "invalid_auth", {}), "400: credentials are missing")
is_(summary(once("403-not-authorized")), (403, "not_authorized", {}), "403: not allowed")
answer = once("403-rate-limit", seconds=90)
is_(summary(answer), (403, "rate_limit_exceeded", {}), "403: the rate limit")
ok(85 < int(answer.headers["X-RateLimit-Reset"]) - time.time() < 95, "names the time of its end")
is_(answer.headers["X-RateLimit-Remaining"], "0", "and that nothing is left")
answer = once("429", seconds="1.2")
is_((summary(answer), answer.headers["Retry-After"]), ((429, "quota_exceeded", {}), "2"), "429: the seconds are rounded up")
answer = once("429-date", seconds=60)
ok(55 < email.utils.parsedate_to_datetime(answer.headers["Retry-After"]).timestamp() - time.time() < 65, "429: or as a date")
is_(summary(once("500")), (500, "server_error", {}), "500 with the provider's envelope")
answer = once("503")
ok(answer.status == 503 and answer.body.startswith(b"<html>"), "503 without JSON")
answer = once("deprecated")
is_((answer.status, answer.error, len(answer.items)), (200, "deprecated", 250), "deprecated: a right page with a warning")

answer = once("wrong-json")
ok(answer.status == 200 and int(answer.headers["Content-Length"]) == len(answer.body), "wrong JSON comes with the right length")
try:
    answer.json
    ok(False, "and is none")
except ValueError:
    ok(True, "and is none")
shapes = []
s.fault(kind="wrong-shape", count=7)
for _ in range(7):
    shapes.append(s.page("a").body)
    json.loads(shapes[-1])
is_(len(set(shapes)), 7, "wrong shapes are valid JSON, each time another")

s.fault(kind="half", count=1)
try:
    s.page("a", limit=250)
    ok(False, "half an answer")
except http.client.IncompleteRead as e:
    ok(abs(len(e.partial) - e.expected) <= 1, "half an answer: half is there, half is missing, the connection is closed")
start = time.monotonic()
s.fault(kind="silence", seconds="0.3", count=1)
try:
    s.page("a")
    ok(False, "silence")
except http.client.RemoteDisconnected:
    ok(0.3 <= time.monotonic() - start, "silence: nothing is said for that long, then the connection is closed")
s.fault(kind="silence", count=1)
try:
    s.page("a", timeout=0.2)
    ok(False, "silence lasts long unless told otherwise")
except socket.timeout:
    ok(True, "silence lasts long unless told otherwise")
s.fault(kind="drip", seconds="0.001", count=1)
is_(s.page("a", limit=1).texts, s.page("a", limit=1).texts, "a dripping answer is right in the end")

answer = once("huge")
ok(len(answer.body) > 64 << 20 and int(answer.headers["Content-Length"]) == len(answer.body), "a huge body is 64 MB")
is_(len(answer.items[0]["shout"]), 64 << 20, "of valid JSON")
is_(len(once("huge", bytes=1000).items[0]["shout"]), 1000, "or as huge as asked")


def memory():
    with open(f"/proc/{s.process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def ask(sock):
    sock.sendall(b"GET /v2/users/self/checkins?v=20240101&limit=250 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\n\r\n")


s.fault(kind="endless", token="a")
c = s.connect()
c.request("GET", "/v2/users/self/checkins?v=20240101", headers={"Authorization": "Bearer a"})
response = c.getresponse()
is_(response.getheader("Transfer-Encoding"), "chunked", "an endless body comes in chunks")
is_(len(response.read(20 << 20)), 20 << 20, "and goes on and on")
c.close()
before = memory()
idle = []
for _ in range(50):
    sock = socket.create_connection(("127.0.0.1", s.port))
    ask(sock)
    sock.recv(10)
    idle.append(sock)
ok(memory() - before < 20000, "50 endless answers that nobody reads take less than 20 MB")
is_(s.page("b").status, 200, "others are served meanwhile")
for sock in idle:
    sock.close()
s.no_faults()
is_(s.page("a").status, 200, "faults end when they are taken back")

items = s.page("a", limit=250).items
s.fault(kind="stuck", count=1, token="a")
is_(s.page("a", limit=250, beforeTimestamp=items[-1]["createdAt"] + 1).items, items, "stuck: the page does not move")

answer = once("redirect")
is_((answer.status, answer.headers["Location"]), (302, f"http://localhost:{s.port}/elsewhere"), "a redirect leads elsewhere")
s.request("GET", "/elsewhere", {"Authorization": "Bearer a"})
s.request("GET", "/elsewhere")
is_(s.stats()["elsewhere"], {"requests": 2, "with_secrets": 1}, "who follows is counted, and who brings the token along")
is_(once("redirect", to="https://example.com/x").headers["Location"], "https://example.com/x", "or wherever it was told")

s.reset()
s.fault(kind="500", every=3, token="a")
is_([s.page("a").status for _ in range(9)], [200, 200, 500] * 3, "every third request fails")
is_([s.page("b").status for _ in range(3)], [200] * 3, "of this user alone")
s.reset()
s.fault(kind="500", every=2, after=1, count=2)
is_([s.page(t).status for t in "abababa"], [200, 200, 500, 200, 500, 200, 200], "everybody's requests are counted together, from after on, count times")
stats = s.stats()
is_((stats["faults"], stats["users"]["a"]["requests"], stats["users"]["a"]["faults"]), ({"500": 2}, 4, 2), "faults are counted")
s.reset()
s.fault(kind="429", count=1)
s.fault(kind="500", count=1)
is_([s.page("a").status for _ in range(3)], [429, 500, 200], "the first rule that wants a request has it, the second waits")
is_(s.control("GET", "fault")[1]["served"], 1, "the rules tell what they did")

s.reset()
s.page("a", limit=7, offset=3, beforeTimestamp=1700000000, afterTimestamp=5, sort="oldestfirst")
asked = s.stats("a")["asked"][0]
asked.pop("at")
is_(asked, {"limit": 7, "offset": 3, "beforeTimestamp": 1700000000, "afterTimestamp": 5, "sort": "oldestfirst", "auth": "bearer",
            "status": 200, "items": 7}, "the statistics tell what was asked")
for _ in range(100):
    s.page("b", limit=1)
is_((s.stats("b")["requests"], len(s.stats("b")["asked"])), (100, 64), "the last 64 requests are remembered")

s.control("POST", "reset")
answer = s.request("POST", "/_sandbox/fault", {"Content-Type": "application/json"},
                   json.dumps({"kind": "503", "token": "b", "count": 1}))
is_((answer.status, s.page("b").status, s.page("b").status), (200, 503, 200), "a fault can be asked for by a JSON object")
s.request("POST", "/_sandbox/fault", {"Content-Type": "application/x-www-form-urlencoded"}, "kind=503&token=b&count=1")
is_((s.page("b").status, s.page("b").status), (503, 200), "or by a form")
for what, query in (("an unknown kind", "kind=418"), ("no kind", "count=1"), ("an unknown name", "kind=500&often=1"),
                    ("a negative count", "kind=500&count=-1"), ("every 0", "kind=500&every=0"),
                    ("a header in a redirect", "kind=redirect&to=http://x%0d%0aA:b"), ("two seconds", "kind=429&seconds=2s")):
    answer = s.request("POST", "/_sandbox/fault?" + query)
    ok(answer.status == 400 and answer.json["error"], f"{what} is refused")
is_(s.request("POST", "/_sandbox/fault", body='{"kind":["500"]}').status, 400, "a list is no kind")
is_(s.control("GET", "fault"), [{"kind": "503", "token": "b", "count": 1, "every": 1, "after": 0, "seconds": 0, "seen": 4, "served": 1},
                                {"kind": "503", "token": "b", "count": 1, "every": 1, "after": 0, "seconds": 0, "seen": 2, "served": 1}],
    "and no rule comes of it")

f = Sandbox("--fault", "500,every=3", "--fault", "401,token=gen-b,count=1", "--delay", "50")
is_([f.page("gen-a").status for _ in range(3)], [200, 200, 500], "the command line has faults, too")
is_(f.page("gen-b").status, 401, "for one token as well")
start = time.monotonic()
f.page("gen-a")
ok(time.monotonic() - start >= 0.05, "every answer is late when asked to be")
f.reset()
is_([f.page("gen-a").status for _ in range(3)], [200, 200, 500], "a reset lets the command line's faults start anew")

r = Sandbox("--rate-limit", "3/600")
answers = [r.page("gen-a", limit=1) for _ in range(5)]
is_([a.status for a in answers], [200, 200, 200, 403, 403], "the rate limit stops the fourth request")
is_([a.headers["X-RateLimit-Remaining"] for a in answers], ["2", "1", "0", "0", "0"], "and is announced")
is_((answers[0].headers["X-RateLimit-Limit"], answers[4].error, answers[4].json["response"]), ("3", "rate_limit_exceeded", {}),
    "as the provider does")
is_(r.page("gen-b").status, 200, "another token has its own")
r = Sandbox("--rate-limit", "1/2")
answer = testdb.wait(lambda: (lambda a: a.status == 403 and a)(r.page("gen-a")), 10, "the limit is reached")
reset = int(answer.headers["X-RateLimit-Reset"])
testdb.wait(lambda: time.time() >= reset, 5, "the window ends")
is_(r.page("gen-a").status, 200, "from the announced time on requests are answered again")
done()
