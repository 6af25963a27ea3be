# SPDX-License-Identifier: MIT
"""pgqueue schedule ...: set, ls, preview, run-now, rm and what they refuse."""
from datetime import datetime

from testdb import done, is_, ok

from cli import Cli

cli = Cli()
db = cli.database.connect()
cli.queue("mail")

r = cli.json("a schedule is set", "schedule", "set", "daily", "mail", "0 2 * * *", "--tz", "Europe/Vienna", "--data",
             '{"a": 1}', "--missed", "all", "--missed-limit", "10000", "--priority", "3", "--retry-delay", "5 min")[0]
ok(r["key"] == "daily" and r["next_on"], "and its next time answered")
s = cli.json("it is listed", "schedule", "ls")
is_([[x[k] for k in ("key", "queue", "cron", "tz", "data", "options", "missed", "missed_limit", "last_on")] for x in s],
    [["daily", "mail", "0 2 * * *", "Europe/Vienna", {"a": 1}, {"priority": 3, "retry_delay": "5 min"}, "all", 10000, None]],
    "with all that was said")
ok("Europe/Vienna" in cli.does("also as a table", "schedule", "ls"), "for a person")
cli.does("it is replaced", "schedule", "set", "daily", "mail", "@hourly")
is_(cli.json("then", "schedule", "ls")[0]["cron"], "@hourly", "the new one holds")

cli.ends(2, "a bad expression", "schedule", "set", "x", "mail", "61 * * * *", error="61")
cli.ends(2, "too few fields", "schedule", "set", "x", "mail", "* * *", error="* * *")
cli.ends(2, "a zone that does not exist", "schedule", "set", "x", "mail", "@daily", "--tz", "Mars/Base", error="Mars/Base")
cli.ends(4, "a queue that does not exist", "schedule", "set", "x", "nowhere", "@daily", error="nowhere")
cli.ends(2, "data that is not JSON", "schedule", "set", "x", "mail", "@daily", "--data", "{", error="--data is not valid JSON")
cli.ends(2, "a policy that does not exist", "schedule", "set", "x", "mail", "@daily", "--missed", "some", error="some")
cli.ends(2, "a preview from no time", "schedule", "preview", "@daily", "--from", "soon", error="--from: ")
cli.ends(2, "an empty key", "schedule", "set", "", "mail", "@daily", error="key")
cli.ends(2, "a field left out", "schedule", "set", "x", "mail", error="usage: pgqueue schedule set KEY QUEUE CRON")
is_([x["key"] for x in cli.json("after all that", "schedule", "ls")], ["daily"], "no other schedule is there")

p = cli.json("a preview", "schedule", "preview", "30 2 * * *", "--tz", "Europe/Vienna", "--from", "2026-03-27 12:00+00", "-n", "3")
is_(len(p), 3, "has as many times as asked for")
# In the session's zone, which is the machine's.
is_(datetime.fromisoformat(p[0]["due"]), datetime.fromisoformat("2026-03-28T01:30:00+00:00"), "as points in time")
cli.ends(2, "of a bad expression", "schedule", "preview", "x x x x x", error="x")
cli.ends(2, "of a bad zone", "schedule", "preview", "@daily", "--tz", "Nowhere", error="Nowhere")
cli.ends(2, "of a bad number", "schedule", "preview", "@daily", "-n", "0", error="--count")

i = cli.json("out of turn", "schedule", "run-now", "daily")[0]
is_(db.sql("select queue, origin ->> 'schedule' from /*schema*/job where id = %s", i["id"]), [("mail", "daily")], "a job is sent")
cli.ends(4, "of an unknown schedule", "schedule", "run-now", "daily", "nope", error='schedule "nope" does not exist')

for key in ("a b", "\"'; drop table x --", "ключ"):
    cli.does(f"a key may be {key!r}", "schedule", "set", key, "mail", "@daily")
    is_(cli.does("and is removed", "schedule", "rm", key), f"schedule {key} removed\n", "by its name")
cli.does("rm", "schedule", "rm", "daily")
is_(cli.json("then", "schedule", "ls"), [], "it is gone")
cli.ends(4, "a second time", "schedule", "rm", "daily", error="does not exist")
cli.ends(4, "it does not run any more", "schedule", "run-now", "daily", error="does not exist")
done()
