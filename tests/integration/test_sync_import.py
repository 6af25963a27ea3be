# SPDX-License-Identifier: MIT
"""Imports by pgqueued from the sandbox: whole histories, later runs, every wrong answer, tokens."""
import json
import os
import ssl
import subprocess
import threading
import http.server

import syncapp
import testdb
from testdb import done, is_, ok

app = syncapp.App()
histories = {"exact": "gen:500,seed=1", "inclusive": "gen:740,seed=2", "one": "gen:1", "full": "gen:250,seed=3", "none": "gen:0",
             "many": "gen:2100,seed=4"}
users = {token: app.user(token, spec) for token, spec in histories.items()}
app.sandbox.control("POST", "user", token="inclusive", before="inclusive")
app.start(concurrency=4)

# A first run brings all
output = app.run()
is_((output["created"], output["skipped"]), (6, 0), "the orchestrator makes one import per user")
for token in histories:
    ok(app.same(token), f"all check-ins of {token} are there, exactly as the provider has them")
is_([app.last(u)[:3] for u in users.values()],
    [("completed", int(s.split(",")[0].split(":")[1]), None) for s in histories.values()], "records tells how many")
is_(app.agree(), [], "job, import and connection agree")
is_(app.c.one("select count(distinct venue_id) from sync.foursquare_checkin where venue_id is not null"),
    app.c.one("select count(*) from sync.foursquare_venue"), "each venue is there once")
venue = app.c.sql("select v.name, c.raw #>> '{venue,name}' from sync.foursquare_venue v join sync.foursquare_checkin c on c.venue_id = v.id")
is_([r for r in venue if r[0] != r[1]], [], "with its name")
detail = app.c.sql("select output from /*schema*/job where queue = 'import-checkins' order by (output ->> 'records')::int desc limit 1")[0][0]
is_(sorted(detail), ["pages", "records", "requests"], "a job's output tells records, pages and requests")

# A second run brings nothing
before = app.c.sql("select connection_id, id, xmin::text from sync.foursquare_checkin order by 1, 2")
venues = app.c.sql("select id, xmin::text from sync.foursquare_venue order by 1")
app.run()
is_([app.last(u)[:2] for u in users.values()], [("completed", 0)] * 6, "a second run imports nothing new and says so")
is_(app.c.sql("select connection_id, id, xmin::text from sync.foursquare_checkin order by 1, 2"), before, "no row is rewritten")
is_(app.c.sql("select id, xmin::text from sync.foursquare_venue order by 1"), venues, "no venue either")
line = app.daemon.lines("0 check-ins new or changed")
ok(line and "job=" in line[0], "the log says so with the job's id")

# What is new or edited is brought
app.sandbox.grow("many", 7)
app.sandbox.edit("many", 0)
app.sandbox.edit("many", 9)
app.sandbox.grow("exact", 600)
is_([r[:2] for r in app.now(users["many"], users["exact"])], [("completed", 8), ("completed", 600)],
    "a later run brings what is new and what was edited")
ok(app.same("many") and app.same("exact"), "and all is as the provider has it")

# Each wrong answer that passes
for fault in ("500", "503", "half", "wrong-json", "wrong-shape", "huge", "endless", "deprecated"):
    token = "passing-" + fault
    user = app.user(token, "gen:600")
    app.sandbox.fault(kind=fault, token=token, every=3)
    is_(app.now(user)[0], ("completed", 600, None, 1), f"an import completes although every third answer is {fault}")
    ok(app.same(token), "with every check-in")
ok(app.daemon.lines("deprecated"), "a deprecation is logged")
for fault in ("403-rate-limit", "429", "429-date"):
    token = "limit-" + fault
    user = app.user(token, "gen:600")
    app.sandbox.fault(kind=fault, token=token, after=2, count=2, seconds=1)
    is_(app.now(user)[0], ("completed", 600, None, 1), f"an import waits for the end of {fault}, which is no failed attempt")
    ok(app.same(token), "with every check-in")
job = app.c.sql("select attempt, state::text from /*schema*/job j join sync.import_job i on i.job_id = j.id where i.id ="
                " (select max(import_id) from sync.import_list where user_id = %s)", user)[0]
is_(job, (1, "completed"), "its job completes in the first attempt")
app.options(retry_delay=0, retry_limit=2)
user = app.user("long", "gen:600")
app.sandbox.fault(kind="wrong-shape", token="long", after=1, count=8)
is_(app.now(user)[0], ("completed", 600, None, 2), "what lasts longer than one run's tries is retried by the queue, from where the walk was")
ok(app.same("long"), "with every check-in")
is_(app.c.one("select output ->> 'pages' from /*schema*/job order by id desc limit 1") is not None, True, "and its output")

# Each wrong answer that stays
for fault, status, words in (("401", "needs_reauth", "revoked"), ("400-missing", "needs_reauth", "credentials"),
                             ("403-not-authorized", "needs_reauth", "not_authorized"), ("stuck", "failed", "beforeTimestamp"),
                             ("redirect", "failed", "redirect")):
    token = "staying-" + fault
    user = app.user(token, "gen:600")
    app.sandbox.fault(kind=fault, token=token, after=1)
    last = app.now(user)[0]
    is_((last[0], last[3]), ("failed", 1), f"{fault} fails the import for good at once")
    ok(words in last[2], "and its error says why")
    is_(app.status(token), (status, last[2]), f"the connection is {status}")
is_(app.agree(), [], "job, import and connection still agree")
is_(app.sandbox.stats()["elsewhere"]["requests"], 0, "no redirect was followed")
output = app.run()
planned = [r[0] for r in app.c.sql("select c.id from sync.import_job i join sync.connection c on c.id = connection_id where run_key = %s", output["run_key"])]
ok(not any(app.tokens["staying-" + f] in planned for f in ("401", "400-missing", "403-not-authorized")), "connections without trust are not planned")
ok(app.tokens["staying-stuck"] in planned, "failed ones are")
app.sandbox.no_faults()
app.command("sync", "connect", str(app.c.one("select user_id from sync.connection where id = %s", app.tokens["staying-401"])), "foursquare",
            stdin='{"access_token": "staying-401"}')
is_(app.run()["created"], len(planned) + 1, "connected again, it is planned again")
ok(app.same("staying-401"), "and completes")

# Text that no database takes
user = app.user("hostile", "gen:600,hostile")
last = app.now(user)[0]
ok(last[0] == "failed" and "surrogate" in last[2] and "byte" in last[2], "half a surrogate pair fails the import and is located")
is_(app.count("hostile") % 250, 0, "with nothing of its page stored")

# Answers that do not come
app.stop()
app.start(concurrency=4, provider="timeout = 1.5")
for fault in ("silence", "drip"):
    token = "slow-" + fault
    user = app.user(token, "gen:300")
    app.sandbox.fault(kind=fault, token=token, count=2, seconds=5)
    is_(app.now(user)[0], ("completed", 300, None, 1), f"{fault} is ended by the timeout and tried again")
    ok(app.same(token), "with every check-in")
app.sandbox.no_faults()

# Cancelled while it waits for an answer
app.stop()
app.start(concurrency=4)
user = app.user("cancelled", "gen:300")
app.sandbox.fault(kind="silence", token="cancelled", seconds=20)
app.c.sql("select * from sync.import_now(array[%s])", user)
testdb.wait(lambda: app.sandbox.stats("cancelled")["requests"] == 1, 10, "the import waits for an answer")
job = app.c.one("select max(job_id) from sync.import_job")
is_(app.c.one("select /*schema*/cancel(%s)", job), True, "a running import can be cancelled")
is_(app.last(user)[:3], ("failed", 0, "cancelled"), "it ends at once as failed")
app.daemon.wait_line("msg=stopped", 10)
ok(True, "the handler gives its request up")
app.sandbox.no_faults()

# Secrets
log = app.daemon.log()
ok("Bearer" not in log and "k1:" not in log and syncapp.KEY not in log, "no token and no key is in the log")

# Certificates
app.stop()
cert, key = testdb.tmp("cert.pem"), testdb.tmp("key.pem")
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
seen = []


class Secure(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append(self.headers["Authorization"])
        body = b'{"meta":{"code":200},"response":{"checkins":{"count":0,"items":[]}}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Secure)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sandbox_url = app.sandbox.url
app.options(retry_delay=0, retry_limit=0)
user = app.user("secure", "gen:0")
app.sandbox.url = f"https://localhost:{server.server_port}"
app.start(concurrency=1)
last = app.now(user)[0]
ok(last[0] == "failed" and "ertificate" in last[2], "a certificate that nobody vouches for is refused")
is_(seen, [], "before the token is sent")
app.stop()
app.start(concurrency=1, provider=f"ca_file = {cert}")
is_(app.now(user)[0][0], "completed", "with ca_file it is trusted")
is_(seen[0], "Bearer secure", "and gets the token")
app.stop()
app.sandbox.url = f"https://127.0.0.1:{server.server_port}"
app.start(concurrency=1, provider=f"ca_file = {cert}")
ok("certificate" in app.now(user)[0][2], "but not under another name")
app.stop()
app.sandbox.url = sandbox_url

# Keys
app.options(retry_delay=0, retry_limit=2)
keys = testdb.write("keys", "k2=" + "ab" * 32 + "\nk1=" + syncapp.KEY + "\n")
subprocess.run(["chmod", "600", keys], check=True)
app.start(concurrency=1, sync=f"key_file = {keys}")
app.command("sync", "connect", str(users["one"]), "foursquare", stdin='{"access_token": "one", "refresh_token": "again"}')
TOKENS = "select access_token_encrypted, refresh_token_encrypted from sync.connection where id = %s"
old = app.c.sql(TOKENS, app.tokens["one"])[0]
is_(app.now(users["one"])[0][0], "completed", "a token of the older key opens")
new = app.c.sql(TOKENS, app.tokens["one"])[0]
is_([t[:3] for t in old + new], ["k1:", "k1:", "k2:", "k2:"], "it and the refresh token are encrypted with the newer one")
app.c.sql("update sync.connection set refresh_token_encrypted = %s where id = %s", old[1], app.tokens["one"])
is_(app.now(users["one"])[0][0], "completed", "a connection whose access token alone was rotated before is imported")
last = app.c.sql(TOKENS, app.tokens["one"])[0]
is_((last[0], last[1][:3]), (new[0], "k2:"), "and its refresh token follows")
app.c.sql("update sync.connection set refresh_token_encrypted = 'nonsense' where id = %s", app.tokens["one"])
is_(app.now(users["one"])[0][0], "completed", "a damaged refresh token stops no import")
ok(app.daemon.lines("the refresh token keeps its key"), "but is told")
app.stop()
app.start(concurrency=1, env={"ENCRYPTION_MASTER_KEY": "cd" * 32})
last = app.now(users["many"])[0]
ok(last[0] == "failed" and "another key" in last[2], "a wrong key fails the import and says so")
app.stop()
app.start(concurrency=1)
last = app.now(users["one"])[0]
ok(last[0] == "failed" and "k2" in last[2], "a key that is not there is named")
app.c.sql("update sync.connection set access_token_encrypted = 'nonsense' where id = %s", app.tokens["one"])
last = app.now(users["one"])[0]
ok(last[0] == "failed" and "damaged" in last[2], "a damaged token is called so")
app.stop()

# A query of the application's own; what the server remarks about it is no line of the log
app.c.sql("create function public.chatty() returns setof bigint language plpgsql as 'begin raise warning ''a remark''; return query select id from sync.app_user; end'")
app.start(concurrency=1, sync="active_users_query = select public.chatty() as user_id")
app.run()
strange = [line for line in app.daemon.log().splitlines() if not line.startswith("ts=")]
is_(strange, [], "a query that warns leaves the log one line each")
app.stop()

# Configurations that cannot work
for what, words, arguments in (("a missing key", "ENCRYPTION_MASTER_KEY", {"env": {"ENCRYPTION_MASTER_KEY": ""}}),
                               ("a short key", "64 hex digits", {"env": {"ENCRYPTION_MASTER_KEY": "abc"}}),
                               ("a key file that others may read", "chmod 600", {"sync": f"key_file = {keys}"})):
    if "file" in what:
        subprocess.run(["chmod", "644", keys], check=True)
    daemon = app.start(wait=False, **arguments)
    ok(daemon.wait(20) != 0 and daemon.lines(words), f"pgqueued does not start with {what} and says why")
module = testdb.tmp("renamed.so")
os.symlink(os.path.join(os.environ["PGQUEUE_TEST_BUILDDIR"], "orchestrator/.libs/pgqueue_sync.so"), module)
app.start(provider=f"[queue fast]\nhandler = module:{module}:import-checkins")
app.c.wait("select exists (select from /*schema*/queue where name = 'fast')", timeout=20)
job = app.c.one("select /*schema*/send('fast', %s)", json.dumps({"connection_id": app.tokens["many"]}))
app.c.wait("select state = 'failed' from /*schema*/job where id = %s", job)
ok("import-checkins only" in app.c.one("select output ->> 'message' from /*schema*/job where id = %s", job), "the importer refuses a job of another queue")
is_(app.agree(), [], "which begins nothing")
app.stop()
conf = "[queue fast]\nhandler = module:pgqueue_sync.so:import-checkins"
daemon = app.start(wait=False, provider=conf)
ok(daemon.wait(20) != 0 and daemon.lines("[queue import-checkins]"), "nor with the importer on a queue of another name")
daemon = app.start(wait=False, provider="page_size = 9")
ok(daemon.wait(20) != 0 and daemon.lines("page_size") and daemon.lines("from 10 to 250"), "nor with pages that a second's check-ins may fill")
for url, words in (("http://example.com", "https"), ("ftp://127.0.0.1", "https"), ("nonsense", "URL"), ("https://u:p@127.0.0.1", "password"),
                   ("http://127.evil.example", "https"), ("http://127.0.0.1.evil.example", "https"), ("http://localhost.evil.example", "https")):
    app.sandbox.url = url
    daemon = app.start(wait=False)
    ok(daemon.wait(20) != 0 and daemon.lines(words), f"nor with base_url = {url}")
done()
