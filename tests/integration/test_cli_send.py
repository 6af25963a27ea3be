# SPDX-License-Identifier: MIT
"""pgqueue send: payloads, options, files; every refusal leaves nothing behind."""
import json
import os
import pty
import subprocess

import testdb
from testdb import done, is_, ok

from cli import Cli, no_server

cli = Cli()
db = cli.database.connect()
cli.queue("mail")
cli.queue("dead")


def jobs():
    return db.one("select count(*)::int from /*schema*/job where queue = 'mail'")


# --- one job
first = cli.send("mail", '{"to": "anna"}')
job = cli.json("a job is sent and shown", "show", first)[0]
is_((job["id"], job["queue"], job["state"], job["data"], job["attempt"]), (first, "mail", "created", {"to": "anna"}, 0),
    "ids are numbers, the payload is embedded, the state is text")
is_(cli.json("--json prints the id as an object", "send", "mail")[0], {"id": first + 1}, "without a payload, too")
is_(cli.json("no payload", "show", first + 1)[0]["data"], None, "is null")
text = 'ö 🐘 "quoted" \\ \u2028 \x7f \u009b31m </script>'
i = cli.send("mail", json.dumps({"t": text, "n": 1234567890}), "--priority", "-7")
job = cli.json("any text survives", "show", i)[0]
is_((job["data"], job["priority"]), ({"t": text, "n": 1234567890}, -7), "and a negative priority")
big = cli.run("--json", "send", "mail", "12345678901234567890.12345678901234567890").stdout
ok("12345678901234567890.12345678901234567890" in cli.run("--json", "show", json.loads(big)["id"]).stdout,
   "numbers keep all their digits")
is_(cli.does("a payload may come from standard input", "send", "mail", "-", stdin='{"a":\n 1}\n').strip().isdigit(), True,
    "and its id is printed")
is_(cli.does("--quiet", "send", "mail", "1", "--quiet"), "", "prints nothing")
i = cli.send("mail", "{}", "--start-after", "1 hour", "--retry-limit", "1", "--retry-delay", "2m", "--retry-backoff", "no",
             "--retry-delay-max", "300", "--expire-in", "10 min", "--keep-queued", "1 day", "--singleton-key", "k1",
             "--group-id", "g", "--dead-letter", "dead")
job = cli.json("each option arrives", "show", i)[0]
is_([job[k] for k in ("retry_limit", "retry_delay", "retry_backoff", "expire_in", "singleton_key", "group_id", "dead_letter")],
    [1, "00:02:00", False, "00:10:00", "k1", "g", "dead"], "with its type")
ok(db.one("select start_after - created_on = interval '1 hour' from /*schema*/job where id = %s", i), "and the start is later")
i = cli.send("mail", "{}", "--start-after", "2030-01-01 00:00+00")
ok(db.one("select start_after = '2030-01-01 00:00+00' from /*schema*/job where id = %s", i), "a start may be a point in time")

before = jobs()
cli.ends(3, "a duplicate is refused", "send", "mail", "1", "--singleton-key", "k1", error='the key "k1"')
cli.ends(4, "an unknown queue is not found", "send", "nowhere", "{}", error="pgqueue queue create nowhere")
cli.ends(2, "invalid JSON", "send", "mail", "{bad", error="the payload is not valid JSON")
cli.ends(2, "JSON that ends early", "send", "mail", '{"a":', error="not valid JSON")
cli.ends(2, "an empty payload is not JSON", "send", "mail", "", error="not valid JSON")
cli.ends(2, "a NUL byte", "send", "mail", "-", stdin='{"a":"\0"}', error="NUL byte")
cli.ends(2, "an escaped NUL", "send", "mail", '"\\u0000"', error="\\u0000")
cli.ends(2, "bytes that are not UTF-8", "send", "mail", "\udcff", error="UTF-8")
cli.ends(2, "a payload over the limit", "send", "mail", "-", stdin=json.dumps("".join(chr(33 + (i * 7919) % 5000)
         for i in range(12_000_000))), error="over the limit")
cli.ends(2, "a negative start", "send", "mail", "1", "--start-after", "-5", error="--start-after")
cli.ends(2, "a start long ago as an interval", "send", "mail", "1", "--start-after", "5 min ago", error="start_after")
cli.ends(2, "no time at all", "send", "mail", "1", "--start-after", "soon", error="start_after")
cli.ends(2, "a negative delay", "send", "mail", "1", "--retry-delay", "-0.5", error="negative")
cli.ends(2, "an option typo", "send", "mail", "1", "--priorty", "1", error="did you mean --priority?")
cli.ends(2, "a retry limit that is no number", "send", "mail", "1", "--retry-limit", "many", error="--retry-limit")
cli.ends(2, "two payloads", "send", "mail", "1", "2", error="unexpected argument")
cli.ends(2, "its own queue as dead letter queue", "send", "mail", "1", "--dead-letter", "mail", error="dead_letter")
cli.ends(4, "a dead letter queue that is not there", "send", "mail", "1", "--dead-letter", "gone", error='"gone"')
is_(jobs(), before, "none of these sent anything")

# --- files
lines = "".join(json.dumps({"n": n, "text": 'a"b\\c{},ö'}) + "\n" for n in range(2500))
out = cli.does("a file is sent", "send", "mail", "--file", testdb.write("jobs.ndjson", lines), "--group-id", "file")
ids = [int(x) for x in out.split()]
is_((len(ids), len(set(ids))), (2500, 2500), "each line has an id")
is_(db.one("select array_agg((data ->> 'n')::int order by id) = array(select generate_series(0, 2499)) from /*schema*/job "
           "where group_id = 'file'"), True, "in the order of the lines")
is_(db.one("select data ->> 'text' from /*schema*/job where id = %s", ids[7]), 'a"b\\c{},ö', "and their text is kept")
is_(cli.json("standard input, CRLF, empty lines, no newline at the end", "send", "mail", "--file", "-",
             stdin='1\r\n\r\n  \n2\n\n[3]'), [{"line": 1, "id": ids[-1] + 1}, {"line": 4, "id": ids[-1] + 2},
                                             {"line": 6, "id": ids[-1] + 3}], "lines are counted as an editor does")
is_(cli.does("an empty file", "send", "mail", "--file", "/dev/null"), "", "sends nothing")
is_([x["line"] for x in cli.json("a file that begins with an empty line", "send", "mail", "--file", "-", stdin="\n1\n")], [2],
    "sends the others")

before = jobs()
bad = "".join(f"{n}\n" for n in range(1, 2345)) + '{"n": \n' + "5\n"
cli.ends(2, "an invalid line is named, all of the file is taken back", "send", "mail", "--file", testdb.write("bad", bad),
         error="line 2345: not valid JSON")
is_(jobs(), before, "nothing was sent")
out = cli.ends(2, "with --commit-every", "send", "mail", "--file", testdb.tmp("bad"), "--commit-every", "1000",
               error="lines 1 to 2000 were sent, the others were not")
is_((jobs() - before, len(out.split())), (2000, 2000), "exactly what it says was sent, and its ids printed")
before = jobs()
cli.ends(2, "a NUL byte in a line", "send", "mail", "--file", "-", stdin="1\n\0\n", error="line 2: a NUL byte")
cli.ends(2, "a line that is not UTF-8", "send", "mail", "--file", testdb.tmp("latin"), error="line 2: ") if open(
    testdb.tmp("latin"), "wb").write(b'"a"\n"\xff"\n') else None
cli.ends(4, "an unknown queue", "send", "nowhere", "--file", "-", stdin="1\n", error='queue "nowhere" does not exist')
cli.ends(4, "an unknown queue, although the file is empty", "send", "nowhere", "--file", "/dev/null", error="nowhere")
cli.ends(1, "a file that is not there", "send", "mail", "--file", "/nowhere/x", error="No such file")
cli.ends(2, "a payload and a file", "send", "mail", "1", "--file", "-", error="not both")
is_(jobs(), before, "none of these sent anything")

# A connection that breaks on the way: the file comes from a pipe that stops in the middle.
for every, sent in ((None, 0), (1000, 2000)):
    before = jobs()
    read, write = os.pipe()
    p = subprocess.Popen(["pgqueue", "--schema", testdb.schema(), "send", "mail", "--file", "-"] +
                         (["--commit-every", str(every)] if every else []), stdin=read, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **cli.env})
    os.close(read)
    os.write(write, "".join(f"{n}\n" for n in range(2500)).encode())
    state = "idle" if every else "idle in transaction"
    # Right after a commit it is idle, too, until it has sent the next thousand.
    db.wait("select count(*) = %s from /*schema*/job where queue = 'mail'", before + sent)
    db.wait("select count(*) = 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
            "and state = %s and query ~ %s", state, "commit" if every else "send_many")
    db.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
           " and backend_type = 'client backend'")  # not an autovacuum
    os.write(write, "".join(f"{n}\n" for n in range(2500)).encode())
    os.close(write)
    out, err = p.communicate(timeout=60)
    is_((p.returncode, len(err.splitlines())), (5, 1), "a broken connection in the middle of a file")
    ok(("lines 1 to 2000 were sent" if every else "nothing was sent") in err, "says what was sent")
    is_((jobs() - before, len(out.split())), (sent, sent), "exactly")

out = cli.json("lines with options", "send", "mail", "--file", "-", "--objects", "--priority", "3", "--group-id", "obj",
               stdin='{"data": {"a": 1}}\n{"data": 2, "priority": 9}\n{}\n')
is_([db.sql("select data, priority from /*schema*/job where id = %s", x["id"])[0] for x in out], [({"a": 1}, 3), (2, 9), (None, 3)],
    "go before those of the command line")
out = cli.json("duplicates in a file", "send", "mail", "--file", "-", "--objects", code=3,
               stdin='{"singleton_key": "z"}\n{"data": 1}\n{"singleton_key": "z"}\n', error="1 of 3 jobs were refused")
is_([x["id"] is None for x in out], [False, False, True], "are refused alone")
before = jobs()
cli.ends(2, "an option typo in a line", "send", "mail", "--file", "-", "--objects", stdin='{"data":1}\n{"prio":1}\n',
         error='line 2: unknown option "prio"')
cli.ends(2, "an option that is not built yet", "send", "mail", "--file", "-", "--objects", stdin='{"prio":1}\n', error="line 1")
cli.ends(2, "a line that is no object", "send", "mail", "--file", "-", "--objects", stdin='5\n', error="line 1")
cli.ends(2, "--objects needs a file", "send", "mail", "1", "--objects", error="--file")
is_(jobs(), before, "none of these sent anything")
ok(cli.run("send", "mail", "--file", testdb.tmp("jobs.ndjson")).stderr == "", "no progress bar where there is no terminal")
master, slave = pty.openpty()
p = subprocess.Popen(["pgqueue", "--schema", testdb.schema(), "send", "mail", "--file", testdb.tmp("jobs.ndjson"), "--quiet"],
                     stderr=slave, stdout=subprocess.DEVNULL, env={**os.environ, **cli.env})
os.close(slave)
bar = b""
try:
    while chunk := os.read(master, 65536):
        bar += chunk
except OSError:
    pass  # how a terminal says that nobody has its other end any more
bar = bar.decode()
p.wait()
ok(p.returncode == 0 and "\r[" in bar and "jobs" in bar and bar.endswith("\r\x1b[K"), "on a terminal there is one, and it is cleared")

cli.ends(5, "no database", "send", "mail", "1", env={"PGQUEUE_DSN": no_server()}, error="no database")
done()
