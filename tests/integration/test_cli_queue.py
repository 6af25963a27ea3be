# SPDX-License-Identifier: MIT
"""pgqueue queue ...: every subcommand, its exit codes and its messages."""
from testdb import done, is_, ok

from cli import Cli

HOSTILE = ["Odd Name", "a\"b'c", "semi;colon--", "日本語 ö 🐘", "%s%n \\d", "--", "null", "x" * 100]

cli = Cli()
is_(cli.does("a queue is created", "queue", "create", "mail", "--retry-limit", "5", "--retry-delay", "90",
             "--retry-backoff", "off", "--retry-delay-max", "1 hour", "--expire-in", "5 min", "--keep-queued", "2 days",
             "--keep-finished=2"), "queue mail created\n", "and named")
q = cli.json("show prints it as JSON", "queue", "show", "mail")[0]
is_([q[k] for k in ("name", "retry_limit", "retry_delay", "retry_backoff", "retry_delay_max", "expire_in", "keep_queued",
                    "keep_finished", "dead_letter", "paused_on")],
    ["mail", 5, "00:01:30", False, "01:00:00", "00:05:00", "48:00:00", 2, None, None], "each option arrives with its type")

cli.ends(3, "a queue that is there is refused", "queue", "create", "mail", error='queue "mail" exists already')
cli.ends(4, "a dead letter queue that is not there is not found", "queue", "create", "x", "--dead-letter", "nowhere",
         error='queue "nowhere" does not exist')
cli.ends(2, "a queue is not its own dead letter queue", "queue", "create", "x", "--dead-letter", "x", error="dead")
cli.ends(4, "nothing was made by these", "queue", "show", "x", error='queue "x" does not exist')
cli.ends(2, "a mistyped option is named and corrected", "queue", "create", "x", "--retry-limt", "3",
         error="--retry-limt: did you mean --retry-limit?")
cli.ends(2, "a negative delay is refused", "queue", "create", "x", "--retry-delay", "-5", error="--retry-delay")
cli.ends(2, "also as an interval that only the database understands", "queue", "create", "x", "--retry-delay", "5 min ago",
         error="must not be negative")
cli.ends(2, "a word that is no interval is refused", "queue", "create", "x", "--expire-in", "soon", error='"soon"')
cli.ends(2, "a name with a control character is refused", "queue", "create", "a\nb", error="control characters")
cli.ends(2, "an empty name is refused", "queue", "create", "", error="name")
cli.ends(2, "a policy that is not built yet is named", "queue", "create", "x", "--policy", "stately", error='"stately"')
is_([q["name"] for q in cli.json("after all that", "queue", "ls") if q["name"] == "x"], [], "no queue was half made")

cli.does("a second queue", "queue", "create", "dead")
cli.does("options are changed", "queue", "update", "mail", "--dead-letter", "dead", "--retry-limit=")
q = cli.json("the change is seen", "queue", "show", "mail")[0]
is_((q["dead_letter"], q["retry_limit"], q["expire_in"]), ("dead", 3, "00:05:00"),
    "an option changes, an empty value is the default again, the others stay")
cli.does("a text can be taken away, too", "queue", "update", "mail", "--dead-letter", "")
is_(cli.json("it is gone", "queue", "show", "mail")[0]["dead_letter"], None, "and null")
cli.ends(4, "an unknown queue is not changed", "queue", "update", "nowhere", "--retry-limit", "1", error="nowhere")
cli.ends(2, "an update needs something to change", "queue", "update", "mail", error="nothing to change")

cli.does("a pause", "queue", "pause", "mail", "--reason", "ill\x1b[31m")
q = cli.json("is seen", "queue", "show", "mail")[0]
ok(q["paused_on"] is not None and q["paused_reason"] == "ill\x1b[31m", "with its reason")
ok("ill\\x1b[31m" in cli.does("in a table", "queue", "ls"), "terminal escapes are shown, not sent")
is_(cli.ends(4, "several: the highest code", "queue", "resume", "mail", "nowhere", "dead", error='"nowhere" does not exist'),
    "queue mail resumed\nqueue dead resumed\n", "and one line for each")
is_(cli.json("resumed", "queue", "show", "mail")[0]["paused_on"], None, "the pause is over")

for name in HOSTILE:
    cli.does(f"a queue may be called {name!r}", "queue", "create", "--", name)
    ids = cli.json("it takes jobs", "send", "--", name, '{"a": 1}')
    is_(cli.json("and shows them", "ls", "--queue", name)[0]["id"], ids[0]["id"], "by its name")
    cli.does("it is deleted", "queue", "rm", "--", name)
is_(sorted(q["name"] for q in cli.json("in the end", "queue", "ls") if not q["name"].startswith(("daily-", "import-"))),
    ["dead", "mail"], "only those that were left are there")
cli.ends(4, "deleting an unknown queue", "queue", "rm", "nowhere", error='"nowhere"')

lines = cli.does("a table", "queue", "ls").splitlines()
ok(lines[0].startswith("name ") and len({line.index("standard") for line in lines[1:]}) == 1, "has titles and aligned columns")

for _ in range(3):
    cli.send("mail", "1")
cli.send("mail", "1", "--start-after", "1 hour")
s = cli.json("stats count", "stats", "mail")
is_([(x["queue"], x["created"], x["active"]) for x in s], [("mail", 4, 0)], "by queue and state")
ok(cli.does("and in a table", "stats").startswith("queue "), "for a person")
out = cli.json("stats of a mistyped queue", "stats", "male", "mail", code=4, error='queue "male" does not exist')
is_([x["queue"] for x in out], ["mail"], "show those that are there")
done()
