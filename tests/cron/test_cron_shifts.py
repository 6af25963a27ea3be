# SPDX-License-Identifier: MIT
"""Compares cron_next around shifts of a zone's offset with a walk over all minutes by Python's zoneinfo; the rule is that of docs/cron.md."""
import bisect
import datetime
import os
import random
import sys
import zoneinfo

import crontest
import testdb
from crontest import none
from testdb import is_, ok

UTC = datetime.timezone.utc
MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
SEED = int(os.environ.get("PGQUEUE_TEST_SEED", "20111230"))
FACTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "zone-shifts.tsv")

# expression, zone, after, and the following due times: what the documentation says, by hand.
TOLD = [
    ("30 2 * * *", "Europe/Berlin", "2024-03-30T12:00Z", ["2024-03-31T01:00Z", "2024-04-01T00:30Z"]),
    ("0,30 2 * * *", "Europe/Berlin", "2024-03-30T12:00Z", ["2024-03-31T01:00Z", "2024-04-01T00:00Z"]),
    ("0 2,3 * * *", "Europe/Berlin", "2024-03-30T12:00Z", ["2024-03-31T01:00Z", "2024-04-01T00:00Z"]),
    ("30 2 * * *", "Europe/Berlin", "2024-10-26T12:00Z", ["2024-10-27T00:30Z", "2024-10-28T01:30Z"]),
    ("30 2 * * *", "Europe/Berlin", "2024-10-27T01:10Z", ["2024-10-28T01:30Z"]),
    ("30 * * * *", "Europe/Berlin", "2024-10-27T00:00Z", ["2024-10-27T00:30Z", "2024-10-27T01:30Z", "2024-10-27T02:30Z"]),
    ("*/30 2 * * *", "Europe/Berlin", "2024-10-27T00:00Z",
     ["2024-10-27T00:30Z", "2024-10-27T01:00Z", "2024-10-27T01:30Z", "2024-10-28T01:00Z"]),
    ("*/30 2 * * *", "Europe/Berlin", "2024-03-30T12:00Z", ["2024-04-01T00:00Z"]),
    ("0 * * * *", "Europe/Berlin", "2024-03-31T00:00Z", ["2024-03-31T01:00Z", "2024-03-31T02:00Z"]),
    ("15 2 * * *", "Australia/Lord_Howe", "2024-10-05T00:00Z", ["2024-10-05T15:30Z", "2024-10-06T15:15Z"]),
    ("45 1 * * *", "Australia/Lord_Howe", "2024-04-06T00:00Z", ["2024-04-06T14:45Z", "2024-04-07T15:15Z"]),
    ("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00Z", ["2018-11-04T03:00Z", "2018-11-05T02:00Z"]),
    ("30 9 * * *", "Pacific/Apia", "2011-12-29T20:00Z", ["2011-12-30T10:00Z", "2011-12-30T19:30Z"]),
    ("0 0 * * *", "Pacific/Apia", "2011-12-29T11:00Z", ["2011-12-30T10:00Z", "2011-12-31T10:00Z"]),
    ("0 9 30 12 *", "Pacific/Apia", "2011-12-01T00:00Z", ["2011-12-30T10:00Z", "2012-12-29T19:00Z"]),
    ("0 * 30 12 *", "Pacific/Apia", "2011-12-01T00:00Z", ["2012-12-29T10:00Z"]),
    ("30 1 * * *", "Europe/Dublin", "2024-10-26T12:00Z", ["2024-10-27T00:30Z", "2024-10-28T01:30Z"]),
    ("0 12 * * *", "America/New_York", "2024-03-09T20:00Z", ["2024-03-10T16:00Z"]),
]


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def facts():
    with open(FACTS, encoding="ascii") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return [(zone, instant(utc), datetime.timedelta(seconds=int(before)), datetime.timedelta(seconds=int(after)), kind)
            for zone, utc, before, after, kind in rows]


class Walk:
    """Every minute of the days around a shift (30 hours before, 50 behind), with what the local clock shows."""

    def __init__(self, zone, shift):
        place = zoneinfo.ZoneInfo(zone)
        self.steps = []
        self.first = {}
        for m in range(-30 * 60, 50 * 60):
            t = shift + m * MINUTE
            local = t.astimezone(place).replace(tzinfo=None)
            self.steps.append((t, local))
            self.first.setdefault(local, t)

    def due(self, expression):
        named = crontest.matcher(expression)
        minute, hour = expression.split()[:2]
        if minute[0] == "*" or hour[0] == "*":
            return [t for t, local in self.steps if named(local)]
        due = {t for local, t in self.first.items() if named(local)}
        # The times that the clock never shows run when it has jumped over them.
        for (_, before), (t, local) in zip(self.steps, self.steps[1:]):
            skipped = before + MINUTE
            while skipped < local:
                if named(skipped):
                    due.add(t)
                    break
                skipped += MINUTE
        return sorted(due)


def at(local):
    return "%d %d" % (local.minute, local.hour)


def expressions(rng, shift, before, after):
    early, late = sorted((shift.replace(tzinfo=None) + before, shift.replace(tzinfo=None) + after))
    middle = early + (late - early) / 2
    result = []
    for local in (early - MINUTE, early, early + MINUTE, middle, late - MINUTE, late, late + MINUTE):
        result.append("%s * * *" % at(local))
        result.append("%s %d %d *" % (at(local), local.day, local.month))
        result.append("%s * * %d" % (at(local), local.isoweekday()))
        result.append("%s %d * %d" % (at(local), local.day, (local.isoweekday() + 3) % 7))
    hours = ",".join(sorted({str((middle + h * HOUR).hour) for h in (-2, -1, 0, 1, 2)}, key=int))
    result += ["0 0 * * *", "30 0 * * *", "59 23 * * *", "0,30 %s * * *" % hours, "0-59 %s * * *" % hours, "0-59 0-23 * * *",
               "0-59/15 0-23/2 * * *", "* * * * *", "0 * * * *", "30 * * * *", "45 * * * *", "*/15 * * * *", "*/7 * * * *", "0 */2 * * *",
               "*/15 %s * * *" % hours, "* %d * * *" % middle.hour, "*/20 %d %d %d *" % (early.hour, early.day, early.month),
               "10 * %d %d *" % (late.day, late.month), "0 */3 * * %d" % middle.isoweekday()]
    while len(result) < 55:
        random_one = "%s %s %s * %s" % tuple(crontest.field(rng, i) for i in (0, 1, 2, 4))
        result.append(random_one.replace("  ", " "))
    return result


def compare_with_walk(c, rng):
    chains = []      # kind, expression, zone, from, until, expected
    points = []      # expression, zone, after, expected
    for zone, shift, before, after, kind in facts():
        walk = Walk(zone, shift)
        for expression in expressions(rng, shift, before, after):
            due = walk.due(expression)
            reach = 26 * HOUR if len(due) < 300 else HOUR
            start = shift - reach + rng.randint(-59, 59) * datetime.timedelta(seconds=1)
            end = shift + 40 * HOUR
            expected = [t for t in due if start < t < end][:240]
            chains.append((kind, expression, zone, start, end, expected))
            for point in [shift, shift - MINUTE, shift + MINUTE, shift - datetime.timedelta(microseconds=1)] + [
                    shift + rng.randint(-1800, 1800) * datetime.timedelta(seconds=5) for _ in range(3)]:
                later = bisect.bisect_right(due, point)
                if later < len(due):
                    points.append((expression, zone, point, due[later]))
    rows = c.sql("""
        select array(select t from /*schema*/schedule_preview(expr, zone, start, greatest(n, 1)) t)
        from unnest(%s::text[], %s::text[], %s::timestamptz[], %s::int[]) with ordinality as u (expr, zone, start, n, i) order by i""",
                 *([x[i] for x in chains] for i in (1, 2, 3)), [len(x[5]) for x in chains])
    for kind in ("gap", "overlap"):
        for interval in (False, True):
            wrong = []
            count = 0
            for (chain_kind, expression, zone, start, end, expected), (answers,) in zip(chains, rows):
                minute, hour = expression.split()[:2]
                if chain_kind == kind and ("*" in (minute[0], hour[0])) == interval:
                    count += 1
                    if not expected:
                        answers = [t for t in answers if t < end]
                    if answers != expected:
                        differ = [(a, e) for a, e in zip(answers + [None], expected + [None]) if a != e]
                        wrong.append("%r in %s from %s: %s instead of %s" % ((expression, zone, start) + differ[0]))
            what = "%s around %s" % ("intervals run by elapsed time" if interval else "fixed times run once",
                                     "a gap" if kind == "gap" else "an overlap")
            ok(count > 500, "%s: there are enough chains" % what)
            none(wrong, "%s: %d chains are as the walk says" % (what, count))
    got = c.sql("""
        select /*schema*/cron_next(expr, zone, after) from unnest(%s::text[], %s::text[], %s::timestamptz[]) with ordinality
        as u (expr, zone, after, i) order by i""", *([p[i] for p in points] for i in range(3)))
    ok(len(points) > 10000 and len(points) == len(got), "there are enough instants near shifts")
    none(["%r in %s after %s: %s instead of %s" % (p[:3] + (g[0], p[3])) for p, g in zip(points, got) if p[3] != g[0]],
         "from any instant near a shift the next due time is the walk's (%d)" % len(points))


def count_days(c):
    """A daily run is there once for every local day of the year, whatever the zone does: no walk needed."""
    wrong = []
    zone_years = sorted({(zone, shift.year) for zone, shift, _, _, _ in facts()})
    for zone, year in zone_years:
        place = zoneinfo.ZoneInfo(zone)
        first, last = (datetime.datetime(y, 1, 2, tzinfo=place).astimezone(UTC) for y in (year, year + 1))
        days = (datetime.date(year + 1, 1, 1) - datetime.date(year, 1, 1)).days
        for expression in ("0 0 * * *", "30 1 * * *", "15 2 * * *", "30 2 * * *", "59 23 * * *"):
            got = c.one("select count(distinct t) from /*schema*/schedule_preview(%s, %s, %s, 400) t where t < %s",
                        expression, zone, first - datetime.timedelta(microseconds=1), last)
            # The whole day that is skipped has its run at the same instant as the next day's.
            expected = days - 1 if (zone, year) in (("Pacific/Apia", 2011), ("Pacific/Kwajalein", 1993)) and expression == "0 0 * * *" else days
            if got != expected:
                wrong.append("%r in %s in %d: %d runs in %d days" % (expression, zone, year, got, expected))
    ok(len(zone_years) > 40, "there are enough zones and years")
    none(wrong, "a daily time runs once for every day of the year in %d zones and years" % len(zone_years))


def main():
    rng = random.Random(SEED)
    c = testdb.create().connect()
    c.sql("set timezone = 'UTC'")
    unknown = []
    for zone, shift, before, after, _ in facts():
        place = zoneinfo.ZoneInfo(zone)
        for t, offset in ((shift - datetime.timedelta(seconds=1), before), (shift, after)):
            server = c.one("select (%s at time zone %s) - (%s at time zone 'UTC')", t, zone, t)
            if server != offset or t.astimezone(place).utcoffset() != offset:
                unknown.append("%s at %s: %s, the server has %s" % (zone, t, offset, server))
    none(unknown, "the server and Python know the shifts that the test is about")
    for expression, zone, after, expected in TOLD:
        got = c.sql("select t at time zone 'UTC' from /*schema*/schedule_preview(%s, %s, %s, %s) t",
                    expression, zone, instant(after), len(expected))
        is_([t.strftime("%Y-%m-%dT%H:%MZ") for t, in got], expected, "%s in %s after %s is due as told" % (expression, zone, after))
    compare_with_walk(c, rng)
    count_days(c)
    # The session's own zone must not matter.
    expression, zone, after, expected = TOLD[0]
    for session in ("Asia/Kathmandu", "America/New_York", "Europe/Berlin"):
        c.sql("select set_config('timezone', %s, false)", session)
        is_(c.one("select /*schema*/cron_next(%s, %s, %s)", expression, zone, instant(after)), instant(expected[0]),
            "the zone of the session does not matter (%s)" % session)
    testdb.done()


if __name__ == "__main__":
    sys.exit(main())
