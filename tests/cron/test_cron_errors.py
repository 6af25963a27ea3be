# SPDX-License-Identifier: MIT
"""What cron expressions, zones and schedules refuse, and that the message says what would be right; nothing is written then."""
import random
import re

import testdb
from testdb import diag, is_, ok, raises

EXPRESSIONS = [
    # expression, then what the message must name
    ("", "0 fields", "five"),
    ("* * * *", "4 fields", "minute, hour, day of month, month, day of week"),
    ("0 0 0 * * *", "6 fields", "five"),
    ("60 * * * *", 'minute "60"', "from 0 to 59"),
    ("-1 * * * *", 'minute "-1"', "from 0 to 59"),
    ("* 24 * * *", 'hour "24"', "from 0 to 23"),
    ("* * 0 * *", 'day of month "0"', "from 1 to 31"),
    ("* * 32 * *", 'day of month "32"', "from 1 to 31"),
    ("* * * 0 *", 'month "0"', "from 1 to 12"),
    ("* * * 13 *", 'month "13"', "jan to dec"),
    ("* * * febr *", 'month "febr"', "jan to dec"),
    ("* * * * 8", 'day of week "8"', "from 0 to 7"),
    ("* * * * monday", 'day of week "monday"', "sun to sat"),
    ("jan * * * *", 'minute "jan"', "from 0 to 59"),
    ("99999999999 * * * *", 'minute "99999999999"', "from 0 to 59"),
    ("1,,2 * * * *", 'minute ""', "separated by commas"),
    ("1, * * * *", 'minute ""', "separated by commas"),
    ("1-2-3 * * * *", 'minute "1-2-3"', "a range a-b"),
    ("1- * * * *", 'minute "1-"', "a range a-b"),
    ("? * * * *", 'minute "?"', "a number"),
    ("* * L * *", 'day of month "L"', "from 1 to 31"),
    ("* * * * 1#2", 'day of week "1#2"', "a number"),
    ("30-10 * * * *", 'minute "30-10"', "30-59,0-10"),
    ("* * * * sat-mon", 'day of week "sat-mon"', "sat-7,0-mon"),
    ("5/15 * * * *", 'minute "5/15"', "5-59/15"),
    ("*/0 * * * *", 'minute "*/0"', "from 1 to 59"),
    ("*/60 * * * *", 'minute "*/60"', "from 1 to 59"),
    ("*/x * * * *", 'minute "*/x"', "from 1 to 59"),
    ("*/ * * * *", 'minute "*/"', "a step */n"),
    ("0 0 30 2 *", 'day of month "30"', 'month "2"'),
    ("0 0 31 apr,jun,9,nov *", 'day of month "31"', 'month "apr,jun,9,nov"'),
    ("0 0 30,31 feb */2", 'day of month "30,31"', 'month "feb"'),
    ("@dayly", "@dayly", "@daily"),
    ("@reboot", "@reboot", "@hourly"),
    ("0 0 \u0665 * *", "day of month", "from 1 to 31"),
]
ACCEPTED = ["0 0 29 2 *", "0 0 31 2 1", "0 0 30 2-3 *", "0 0 * * 7", "0 0 * * 0-7", "0 0 * * FRI-sun", "0 0 * JAN-mar,dec *",
            "\t0  0 1 1 * \n", "@Daily", "00 007 * * *", "0-59 * * * *", "*/59 */23 */31 */12 */7", "*,5 * * * *"]
ZONES = [("Mars/Phobos", "Mars/Phobos"), ("", "missing"), (None, "missing"), ("XYZ3", "XYZ3"), ("Foo/Bar3", "Foo/Bar3"),
         ("CET-1CEST", "CET-1CEST"), ("UTC+3", "UTC+3"), ("+02:00", "+02:00"), ("CET", "abbreviation"), ("est", "abbreviation"),
         ("PDT", "abbreviation"), ("localtime", "localtime"), ("Europe/Berlin ", "Europe/Berlin "), ("Etc/GMT+13", "Etc/GMT+13"),
         ("../../etc/passwd", "passwd"), ("<+03>-3", "<+03>-3"), ("Europe", "Europe")]
GOOD_ZONES = ["UTC", "utc", "GMT", "Etc/UTC", "Etc/GMT-14", "Europe/Berlin", "europe/berlin", "America/Argentina/Buenos_Aires",
              "America/Port-au-Prince", "Japan", "NZ-CHAT", "EST5EDT", "GMT0", "W-SU", "US/Eastern", "Asia/Kathmandu"]


# What jsonb takes, and what not
JSON_TEXTS = ["1", "-0.5e+3", "01", "1.", ".5", "-", "+1", "1e", "1e5", "true", "truely", "nul", '""', '"a', '"\\"', '"\\q"', '"\\u00e4"', '"\\u00"',
              '"\\u0000"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\ud83dx"', '"a\tb"', "[]", "[ ]", "[1,]", "[,1]", "[1 2]", "[1, [2, {}], 3]",
              "[[[]", "[]]", "{}", "{ }", '{"a"}', '{"a": }', '{"a": 1,}', '{"a": 1 "b": 2}', '{"a": {"b": [null, {}]}, "c": "}"}', "{1: 2}",
              "{'a': 1}", "[}", "{]", '{"a": [1}', '{"a": 1]', "{x", "1 2", '"a" "b"', '"\u00fc"', "NaN", "[1", '{"a": 1', '{"a":', "{", "["]


def daemon_refuses(key, texts):
    """Which of these values of a schedule's key pgqueued --check-config refuses, by their line."""
    refused = set()
    for at in range(0, len(texts), 40):  # it tells the first 50 mistakes
        part = texts[at:at + 40]
        others = {"cron": "@daily", "data": "1"}
        others.pop(key, None)
        lines = ["[queue q]", "handler = exec:true"]
        place = {}
        for i, text in enumerate(part):
            lines += [f"[schedule s{i}]", "queue = q", *(f"{k} = {v}" for k, v in others.items()), f"{key} = {text}"]
            place[len(lines)] = text
        r = testdb.run("pgqueued", "-c", testdb.write("check.ini", "\n".join(lines) + "\n"), "--check-config")
        told = {int(n) for n in re.findall(r"check\.ini:(\d+):", r.stderr)}
        if r.returncode != (2 if told else 0) or not told <= set(place):
            raise AssertionError(r.stderr)
        refused |= {place[n] for n in told}
    return refused


def server_refuses(c, call, texts):
    """The same of the server."""
    c.sql("create or replace function pg_temp.refuses(x text) returns bool language plpgsql as $$ begin perform " + call
          + "; return false; exception when others then return true; end $$")
    return {text for text in texts if c.one("select pg_temp.refuses(%s)", text)}


def odd_expressions(count):
    """Expressions of which about every other one is wrong."""
    dice = random.Random(7)
    values = ["0", "1", "5", "7", "12", "13", "23", "24", "29", "30", "31", "32", "59", "60", "007", "00012", "jan", "FEB", "apr", "dec", "sun", "Mon", "sat", "x", ""]

    def item(low, high):
        def value():
            return dice.choice(values) if dice.random() < 0.06 else str(dice.randint(low, high))

        kind = dice.random()
        if kind < 0.4:
            return "*" + dice.choice(["", "", "", "", "/2", "/7", "/2", "/5", "/31", "/0", "/", "-5"])
        if kind < 0.8:
            return value()
        a, b = sorted([dice.randint(low, high), dice.randint(low, high)])
        return (f"{a}-{b}" if dice.random() < 0.8 else value() + "-" + value()) + dice.choice(["", "", "", "/3", "/1", "/7", "/99", "/2/2", "-9"])

    def expression():
        bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
        del bounds[dice.choice([5] * 30 + [4]):]
        return " ".join(",".join(item(*bound) for _ in range(dice.choice([1, 1, 1, 2]))) for bound in bounds)

    return [expression() for _ in range(count)]


def daemon_agrees(c):
    """pgqueued checks its file without a database: it must refuse what a start would, and nothing else."""
    fits = [e for e in [e[0] for e in EXPRESSIONS] + ACCEPTED if e and "\n" not in e]
    odd = odd_expressions(1200)
    for what, key, call, texts in (("expressions", "cron", "/*schema*/cron_parse(x)", fits), ("1,200 odd expressions", "cron", "/*schema*/cron_parse(x)", odd),
                                   ("good zones", "tz", "/*schema*/cron_zone(x)", GOOD_ZONES), ("JSON values", "data", "x::jsonb", JSON_TEXTS)):
        want, got = server_refuses(c, call, texts), daemon_refuses(key, texts)
        if not ok(want == got and len(want) < len(texts), f"pgqueued refuses of the {what} what the server refuses ({len(want)})"):
            diag(f"the server only: {sorted(want - got)[:20]}\nthe daemon only: {sorted(got - want)[:20]}")
    # Names are the server's: abbreviations, and zones that are not there, are left to it.
    told = {"XYZ3", "Foo/Bar3", "CET-1CEST", "UTC+3", "+02:00", "localtime", "Etc/GMT+13", "../../etc/passwd", "<+03>-3"}
    is_(daemon_refuses("tz", [z for z, _ in ZONES if z and z.strip() == z]), told, "it refuses what cannot be the name of a zone")


def main():
    c = testdb.create().connect()
    for expression, *words in EXPRESSIONS:
        text = raises("22023", "%r is refused" % expression, c.sql, "select /*schema*/cron_next(%s, 'UTC', now())", expression)
        for word in words + ['"%s"' % expression.strip()]:
            if not ok(word in text, "the message for %r names %s" % (expression, word)):
                testdb.diag(text)
    for expression in ACCEPTED:
        ok(c.one("select /*schema*/cron_next(%s, 'UTC', now())", expression), "%r is accepted" % expression)
    for zone, word in ZONES:
        text = raises("22023", "zone %r is refused" % zone, c.sql, "select /*schema*/schedule_preview('@daily', %s)", zone)
        ok(word in text and "Europe/Berlin" in text, "the message for zone %r names it and an example" % zone)
    for zone in GOOD_ZONES:
        ok(c.one("select /*schema*/schedule_preview('@daily', %s)", zone), "zone %r is accepted" % zone)
    is_(c.one("""select string_agg(name, ' ') from pg_timezone_names where name !~ '^posix' and name !~ '^right/'
        and name not in ('CET', 'MET', 'EET', 'WET', 'EST', 'MST', 'HST', 'localtime', 'posixrules', 'Factory')
        and /*schema*/cron_zone(name) <> name"""), None, "every zone that the server lists is accepted")
    raises("22023", "a preview without an expression is refused", c.sql, "select /*schema*/schedule_preview(null)")
    raises("22023", "a preview of too many times is refused", c.sql, "select /*schema*/schedule_preview('@daily', n => 1001)")
    is_(c.sql("select /*schema*/schedule_preview('@daily', n => 0)"), [], "a preview of no times is empty")
    is_(c.one("select /*schema*/cron_next('@daily', 'UTC', 'infinity')"), None, "nothing is due after infinity")

    c.sql("select /*schema*/create_queue('q')")
    refused = [
        ("PQ404", "a schedule for an unknown queue", 'queue "nowhere" does not exist', ("k", "nowhere", "@daily", "UTC", None, "{}")),
        ("22023", "a schedule with a bad expression", 'minute "99"', ("k", "q", "99 * * * *", "UTC", None, "{}")),
        ("22023", "a schedule without an expression", "expression is missing", ("k", "q", None, "UTC", None, "{}")),
        ("22023", "a schedule with a bad zone", "Mars/Phobos", ("k", "q", "@daily", "Mars/Phobos", None, "{}")),
        ("22023", "a schedule without a key", "key", ("", "q", "@daily", "UTC", None, "{}")),
        ("22023", "an unknown option", '"prioritty"', ("k", "q", "@daily", "UTC", None, '{"prioritty": 1}')),
        ("22023", "a bad value of an option of send", '"retry_delay"', ("k", "q", "@daily", "UTC", None, '{"retry_delay": -1}')),
        ("22023", "an unknown missed policy", "skip, latest or all", ("k", "q", "@daily", "UTC", None, '{"missed": "some"}')),
        ("22023", "a missed limit of 0", '"missed_limit"', ("k", "q", "@daily", "UTC", None, '{"missed_limit": 0}')),
        ("22023", "a missed limit that is no number", '"missed_limit"', ("k", "q", "@daily", "UTC", None, '{"missed_limit": "x"}')),
        ("22023", "options that are no object", "object", ("k", "q", "@daily", "UTC", None, "[1]")),
    ]
    for function in ("schedule", "schedule_declare"):
        for state, what, words, arguments in refused:
            text = raises(state, "%s is refused by %s" % (what, function), c.sql,
                          "select /*schema*/" + function + "(%s, %s, %s, %s, %s, %s)", *arguments)
            if not ok(words in text, "and the message of %s says so: %s" % (function, words)):
                testdb.diag(text)
    is_(c.one("select count(*) from /*schema*/schedule"), 0, "nothing of a refused schedule is written")
    daemon_agrees(c)
    testdb.done()


if __name__ == "__main__":
    main()
