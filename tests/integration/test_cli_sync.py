# SPDX-License-Identifier: MIT
"""pgqueue sync ...: users, connections with encrypted tokens, imports by hand and their waiting. No daemon: the test works the jobs."""
import json
import os

import testdb
from testdb import done, is_, ok

from cli import Cli

KEY = "07" * 32
cli = Cli(ENCRYPTION_MASTER_KEY=KEY)
db = cli.database.connect()


def work(queue, settle):
    """Claims the queue's next job as soon as it is there and settles it."""
    row = testdb.wait(lambda: db.sql("select id, lease from /*schema*/fetch(%s, 1)", queue), 10, f"a job of {queue}")[0]
    db.sql(f"select {settle}", *row)
    return row[0]


COMPLETE = "/*schema*/complete(%s::bigint, %s::bigint)"
FAIL = """/*schema*/fail(%s::bigint, %s::bigint, 'no luck', '{"for_good": true}')"""

# --- users
is_(cli.does("a user is added", "sync", "user", "add", "Anna Ö"), "1\n", "and the id printed")
is_(cli.json("with an id and a login", "sync", "user", "add", "Bob", "--id", "7", "--last-login", "2020-01-01 00:00+00")[0],
    {"id": 7}, "both hold")
cli.ends(3, "an id that is taken", "sync", "user", "add", "Eve", "--id", "7", error="user 7 exists already")
cli.ends(2, "a login that is no time", "sync", "user", "add", "Eve", "--last-login", "soon", error='--last-login: ')
cli.ends(2, "an empty name", "sync", "user", "add", "", error="name")
cli.ends(2, "an id that is no number", "sync", "user", "add", "Eve", "--id", "x", error="--id")
is_([(u["id"], u["display_name"], u["connections"]) for u in cli.json("users are listed", "sync", "user", "ls")],
    [(1, "Anna Ö", 0), (7, "Bob", 0)], "with their connections")
cli.ends(4, "touch", "sync", "user", "touch", "7", "99", error="user 99 does not exist")
ok(db.one("select last_login_at > now() - interval '1 minute' from sync.app_user where id = 7"), "records a login")

# --- connections
TOKENS = json.dumps({"access_token": "geheim-zugang", "refresh_token": "geheim-auffrischung"})
c1 = int(cli.does("a user is connected", "sync", "connect", "1", "foursquare", "--expires", "2030-01-01 00:00+00", stdin=TOKENS))
access, refresh = db.sql("select access_token_encrypted, refresh_token_encrypted from sync.connection where id = %s", c1)[0]
ok(access.startswith("k1:") and refresh.startswith("k1:") and "geheim" not in access + refresh, "the tokens are stored encrypted")
is_(cli.does("again", "sync", "connect", "1", "foursquare", stdin=TOKENS), f"{c1}\n", "renews the same connection")
ok(db.one("select access_token_encrypted from sync.connection where id = %s", c1) != access, "with a new value")
c2 = cli.json("another account", "sync", "connect", "1", "foursquare", "--account", "b", stdin=TOKENS)[0]["id"]
ok(c2 != c1, "is another connection")
cli.does("the form that other programs share", "sync", "connect", "7", "foursquare", "--token-format", "plain", stdin=TOKENS)
is_(len(db.one("select access_token_encrypted from sync.connection where user_id = 7").split(":")), 3, "has three fields")
path = testdb.write("key", KEY + "\n")
os.chmod(path, 0o600)
cli.does("a key file", "sync", "connect", "7", "foursquare", "--key-file", path, stdin=TOKENS, env={"ENCRYPTION_MASTER_KEY": ""})

before = db.sql("select * from sync.connection order by id")
for sentence, args, stdin, env, code, error in (
        ("no key", (), TOKENS, {"ENCRYPTION_MASTER_KEY": ""}, 1, "ENCRYPTION_MASTER_KEY"),
        ("a short key", (), TOKENS, {"ENCRYPTION_MASTER_KEY": "abcd"}, 1, "ENCRYPTION_MASTER_KEY"),
        ("a key file that is not there", ("--key-file", "/nowhere/key"), TOKENS, {}, 1, "/nowhere/key"),
        ("a token format that does not exist", ("--token-format", "x"), TOKENS, {}, 2, "kid nor plain"),
        ("tokens that are not JSON", (), "geheim-zugang", {}, 2, "access_token"),
        ("no access token", (), '{"refresh_token": "geheim"}', {}, 2, 'no "access_token"'),
        ("a token that is a number", (), '{"access_token": 5}', {}, 2, 'no "access_token"'),
        ("an endless input", (), "x" * 100000, {}, 2, "64 KiB"),
        ("an expiry that is no time", ("--expires", "soon"), TOKENS, {}, 2, '--expires: ')):
    cli.ends(code, sentence, "sync", "connect", "1", "foursquare", *args, stdin=stdin, env=env, error=error)
    ok("geheim" not in cli.run("sync", "connect", "1", "foursquare", *args, stdin=stdin, env=env).stderr, "no token in the message")
cli.ends(4, "an unknown user", "sync", "connect", "99", "foursquare", stdin=TOKENS, error="user 99 does not exist")
cli.ends(2, "an unknown provider", "sync", "connect", "1", "fivesquare", stdin=TOKENS, error="known: foursquare")
is_(db.sql("select * from sync.connection order by id"), before, "none of these changed anything")
status = cli.json("the status", "sync", "status")
is_([(s["connection_id"], s["user_id"], s["has_token"], s["sync_status"]) for s in status][:2],
    [(c1, 1, True, "pending"), (c2, 1, True, "pending")], "shows each connection")
ok("geheim" not in json.dumps(status) and "k1:" not in json.dumps(status), "without a token")

# --- imports
cli.does("a connection ends", "sync", "disconnect", c2)
cli.ends(4, "one that is not there does not", "sync", "disconnect", "999", error="connection 999")
out = cli.json("an import is started", "sync", "now", "1")
is_([(x["user_id"], x["connection_id"], x["fresh"]) for x in out], [(1, c1, True)], "for each active connection")
first = out[0]["import_id"]
is_(cli.ends(3, "a second time", "sync", "now", "1", error="pending or running already"), f"{first}\n", "it is busy and named")
cli.ends(4, "a user without a connection", "sync", "now", "99", error="user 99 has no active connection")
work("import-checkins", COMPLETE)
is_(cli.json("the imports", "sync", "imports", "--user", "1")[0]["status"], "completed", "are listed with their end")
is_(cli.json("of nobody", "sync", "imports", "--user", "99"), [], "there are none")

p = testdb.start("pgqueue", "--json", "--schema", testdb.schema(), "sync", "now", "--wait", "1", env=cli.env)
work("import-checkins", COMPLETE)
is_(p.wait(), 0, "--wait ends when the import has ended")
lines = [json.loads(line) for line in p.output().splitlines()]
is_([lines[0]["fresh"], lines[1]["status"], lines[0]["import_id"] == lines[1]["import_id"]], [True, "completed", True],
    "and prints how")
p = testdb.start("pgqueue", "--schema", testdb.schema(), "sync", "now", "--wait", env=cli.env)
work("import-checkins", FAIL)
work("import-checkins", COMPLETE)
is_(p.wait(), 1, "--wait ends with 1 if any import failed")
ok("failed" in p.output() and "no luck" in p.output() and "completed" in p.output(), "and prints both ends")


def plan_and_import():
    """Does the orchestrator's next job and all its imports; the job's id."""
    job, lease = testdb.wait(lambda: db.sql("select id, lease from /*schema*/fetch('daily-sync-orchestrator', 1)"), 60, "the job")[0]
    db.sql("select sync.plan_daily('job ' || %s::text, null, '0', '1 hour', %s)", job, job)
    db.sql("select /*schema*/complete(%s::bigint, %s::bigint)", job, lease)
    for _ in range(db.one("select count(*)::int from sync.import_job where status = 'pending'")):
        work("import-checkins", COMPLETE)
    return job


p = testdb.start("pgqueue", "--schema", testdb.schema(), "sync", "run", "--wait", env=cli.env)
job = plan_and_import()
is_(p.wait(), 0, "run --wait ends with the imports of the run")
is_(p.output().splitlines()[0], str(job), "it prints the job's id")
cli.does("finished jobs need not be kept", "queue", "update", "daily-sync-orchestrator", "--keep-finished", "0")
p = testdb.start("pgqueue", "--schema", testdb.schema(), "sync", "run", "--wait", env=cli.env)
plan_and_import()
is_((p.wait(), len(p.output().splitlines()) > 1), (0, True), "run --wait then ends with the imports, too") or testdb.diag(p.log())
cli.does("or are", "queue", "update", "daily-sync-orchestrator", "--keep-finished", "1")
p = testdb.start("pgqueue", "--schema", testdb.schema(), "sync", "run", "--wait", env=cli.env)
work("daily-sync-orchestrator", FAIL)
is_(p.wait(), 1, "an orchestrator that fails is a failure")
ok("no luck" in p.log(), "that says why")
p = testdb.start("pgqueue", "--schema", testdb.schema(), "sync", "run", "--wait", env=cli.env)
p.wait_line("no worker is connected")
work("daily-sync-orchestrator", FAIL)
is_(p.wait(), 1, "whoever waits where nobody works is told so, and goes on waiting")
done()
