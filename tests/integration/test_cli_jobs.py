# SPDX-License-Identifier: MIT
"""pgqueue ls, show, cancel, retry, run-now, rm, fanout: states, several ids, exit codes."""
from testdb import done, is_, ok

from cli import Cli

cli = Cli()
db = cli.database.connect()
cli.queue("mail")


def state(job):
    rows = db.sql("select state::text from /*schema*/job where id = %s", job)
    return rows[0][0] if rows else None


def fetch():
    return db.sql("select id, lease from /*schema*/fetch('mail', 1)")[0]


a, b, c = (cli.send("mail", "1") for _ in range(3))
is_(cli.ends(4, "several ids: the highest code", "cancel", a, 999999, b, error="job 999999 does not exist"),
    f"{a} cancelled\n{b} cancelled\n", "and a line for each")
is_((state(a), state(b), state(c)), ("cancelled", "cancelled", "created"), "those that could be are changed")
cli.ends(3, "what has ended is not cancelled again", "cancel", a, error="cannot be cancelled: it is cancelled")
cli.ends(2, "a word is no id", "cancel", c, "x", error='"x" is not an id')
is_(state(c), "created", "and nothing is changed by such a line")
cli.ends(2, "nor is 0", "cancel", "0", error="not an id")
cli.ends(2, "nor what does not fit", "show", "9223372036854775808", error="not an id")
cli.ends(2, "an id is needed", "cancel", error="usage: pgqueue cancel ID...")

is_(cli.json("a cancelled job is queued again", "retry", a)[0], {"id": a, "done": "queued"}, "and said so")
is_(state(a), "created", "it is created again")
cli.ends(3, "what was never run is not retried", "retry", a, error="it is created")

later = cli.send("mail", "1", "--start-after", "1 hour")
cli.does("run-now", "run-now", later)
ok(db.one("select start_after <= clock_timestamp() from /*schema*/job where id = %s", later), "makes it due")
for job in (a, b, c):
    cli.run("rm", job)
job, lease = fetch()
is_((job, state(job)), (later, "active"), "it is claimed")
cli.ends(3, "a running job is not deleted", "rm", job, error="it is active")
cli.ends(3, "nor run now", "run-now", job, error="it is active")
cli.does("but it can be cancelled", "cancel", job)
is_(db.sql("select * from /*schema*/complete(%s, %s)", job, lease)[0][-1] in ("lost", False), True, "its end is lost then")
cli.does("rm", "rm", job)
is_(state(job), None, "leaves no trace")
cli.ends(4, "what is not there is not deleted", "rm", job, error="does not exist")

f = cli.send("mail", '{"x": 1}', "--retry-limit", "0")
job, lease = fetch()
db.sql("select /*schema*/fail(%s, %s, %s)", job, lease, "no\x1b[2J luck")
is_(state(f), "failed", "a job fails")
shown = cli.json("its output is shown", "show", f)[0]
is_(shown["output"], {"message": "no\x1b[2J luck"}, "as JSON")
out = cli.does("and to a person", "show", f)
ok("\x1b" not in out and "no\\u001b[2J luck" in out, "without its power over the terminal")
is_(cli.json("show with several", "show", f, 999999, code=4, error="999999")[0]["id"], f, "prints those that are there")

for _ in range(5):
    cli.send("mail", "2")
is_(len(cli.json("ls has a limit", "ls", "--limit", "3")), 3, "that holds")
ids = [j["id"] for j in cli.json("ls", "ls")]
is_(ids, sorted(ids, reverse=True), "is newest first")
is_([j["id"] for j in cli.json("by state", "ls", "--state", "failed")], [f], "only those")
is_({j["state"] for j in cli.json("queued", "ls", "--state", "queued")}, {"created"}, "means created or retry")
is_([j["id"] for j in cli.json("finished", "ls", "--state", "finished", "--queue", "mail")], [f], "means the three ends")
cli.ends(2, "a state that does not exist", "ls", "--state", "done", error="none of created, retry")
ok(cli.does("a table", "ls").startswith("id  queue  state"), "has titles")

# --- fanout
query = "select g as id, 'u' || g as name from generate_series(1, 3) g"
r = cli.json("a fan-out", "fanout", "mail", "--query", query + ";\n", "--spacing", "2m", "--run-key", "r1", "--priority", "4")[0]
is_((r["created"], r["skipped"]), (3, 0), "makes a job per row")
rows = db.sql("select data, priority, start_after - lag(start_after) over (order by id) = interval '2 min' from /*schema*/job "
              "where origin ->> 'run_key' = 'r1' order by id")
is_([x[0]["name"] for x in rows], ["u1", "u2", "u3"], "with the row as payload")
is_([x[1:] for x in rows], [(4, None), (4, True), (4, True)], "spaced, with the options")
r = cli.json("again with the key", "fanout", "mail", "--query", query.replace("3)", "5)"), "--spacing", "120", "--run-key", "r1")[0]
is_((r["created"], r["skipped"]), (2, 3), "makes what is missing")
cli.ends(2, "a fan-out needs a query", "fanout", "mail", "--run-key", "r", error="--query")
cli.ends(2, "and a key", "fanout", "mail", "--query", query, error="--run-key")
cli.ends(4, "and a queue", "fanout", "nowhere", "--query", query, "--run-key", "r2", error="nowhere")
cli.ends(1, "a query that is wrong", "fanout", "mail", "--query", "select nonsense", "--run-key", "r3", error="--query: column")
cli.ends(1, "a statement that is no query", "fanout", "mail", "--query", "delete from /*x*/y", "--run-key", "r3", error="--query: ")
cli.ends(2, "a spacing that is no interval", "fanout", "mail", "--query", query, "--run-key", "r4", "--spacing", "soon", error="--spacing: ")
cli.ends(2, "an option that a fan-out sets itself", "fanout", "mail", "--query", query, "--run-key", "r4", "--start-after", "5", error="--start-after: unknown option of fanout")
cli.ends(4, "the jobs of a queue that does not exist", "ls", "--queue", "nowhere", error='queue "nowhere" does not exist')
cli.ends(2, "a negative spacing", "fanout", "mail", "--query", query, "--run-key", "r4", "--spacing", "-1", error="negative")
is_(db.one("select count(*)::int from /*schema*/job where origin ->> 'run_key' <> 'r1'"), 0, "none of these sent anything")
done()
