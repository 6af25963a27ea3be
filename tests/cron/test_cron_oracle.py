# SPDX-License-Identifier: MIT
"""Compares cron_next in UTC with croniter on thousands of expressions drawn from a seed; knows no time zone but UTC.

croniter differs from the documented rule in two places, and is asked so that neither matters.
Days: it joins day of month and day of week with OR whenever both leave something out; the rule (that of Vixie cron) looks at how a
field is written: OR if neither begins with *, else AND. So it answers for each field alone and the earlier answer counts (OR), or it
runs with day_or=False (AND).
February: on its way to a 30th or 31st it steps over the first days of March. So February, with the days that it can have, and the
other months are asked for one by one.
"""
import datetime
import os
import random
import sys

import psycopg2
from croniter import croniter

import crontest
import testdb
from crontest import fields, joined_by_or, matcher, none
from testdb import is_, ok

EXPRESSIONS = int(os.environ.get("PGQUEUE_TEST_CRON_EXPRESSIONS", "3200"))
SEED = int(os.environ.get("PGQUEUE_TEST_SEED", "20240229"))
STARTS = 2
STEPS = 2
UTC = datetime.timezone.utc
NAMED = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"]
LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
EDGES = ["2000-02-28T23:59:00", "2023-12-31T23:59:59", "2024-02-29T00:00:00", "2024-02-28T23:59:30", "2099-12-31T12:00:00",
         "2025-06-30T23:59:00", "2096-03-01T00:00:00", "1999-12-31T23:58:00"]


def comes(expression):
    """Whether any month that the expression allows is long enough for a day that it allows."""
    f = fields(expression)
    if f is None or joined_by_or(expression):
        return True
    expanded = croniter.expand(expression)[0]
    days = range(1, 32) if expanded[2] == ["*"] else expanded[2]
    months = range(1, 13) if expanded[3] == ["*"] else expanded[3]
    return any(day <= LONGEST[month] for day in days for month in months)


def without_february(expression):
    """The expressions, together as good as this one, of which none has a 30th or 31st of February."""
    days, months = croniter.expand(expression)[0][2:4]
    if days == ["*"] or days[-1] < 30:
        return [expression]
    months = list(range(1, 13)) if months == ["*"] else months
    if 2 not in months:
        return [expression]
    f = fields(expression)
    parts = ((days, [m for m in months if m != 2]), ([d for d in days if d < 30], [2]))
    return [" ".join((f[0], f[1], ",".join(map(str, d)), ",".join(map(str, m)), f[4])) for d, m in parts if d and m]


def following(expression, after):
    alone = [expression]
    if joined_by_or(expression):
        f = fields(expression)
        alone = [" ".join(f[:2] + ["*"] + f[3:])]
        by_day = " ".join(f[:4] + ["*"])
        if comes(by_day):
            alone.append(by_day)
    return min(croniter(part, after, day_or=False).get_next(datetime.datetime)
               for e in alone for part in without_february(e) if comes(part))


def refused(c, expression):
    try:
        c.sql("select /*schema*/cron_parse(%s)", expression)
    except psycopg2.errors.InvalidParameterValue:
        return True
    return False


def start(rng):
    if rng.random() < 0.1:
        return datetime.datetime.fromisoformat(rng.choice(EDGES)).replace(tzinfo=UTC)
    return datetime.datetime.fromtimestamp(rng.randint(86400 * 3653, 86400 * 43000), UTC)


def main():
    rng = random.Random(SEED)
    expressions = list(NAMED)
    while len(expressions) < EXPRESSIONS:
        expressions.append(crontest.expression(rng))
    possible = [e for e in expressions if comes(e)]
    ends = ["0 0 %s %d,%d %s" % (days, month, other, week)
            for days in ("29", "30", "31", "30,31", "31-31/2", "*/31") for month in range(1, 13) for other in range(month, 13)
            for week in ("*", "*/2", "1")]
    impossible = [e for e in expressions + ends if not comes(e)]
    cases = [(e, start(rng)) for e in possible for _ in range(STARTS)]
    c = testdb.create().connect()

    testdb.diag("seed %d, %d expressions, %d with a day that never comes" % (SEED, len(expressions) + len(ends), len(impossible)))
    c.sql("""create temp table got as
        select i, expr, after, /*schema*/cron_next(expr, 'UTC', after) as first from unnest(%s::text[], %s::timestamptz[])
        with ordinality as u (expr, after, i)""", [e for e, _ in cases], [after for _, after in cases])
    got = c.sql("select first, /*schema*/cron_next(expr, 'UTC', first) from got order by i")
    wrong = []
    for (expression, after), answers in zip(cases, got):
        for answer in answers[:STEPS]:
            expected = following(expression, after)
            if answer != expected:
                wrong.append("%r after %s: %s, croniter says %s" % (expression, after, answer, expected))
            after = expected
    is_(len(got), len(cases), "every case has an answer")
    none(wrong, "cron_next agrees with croniter on %d expressions and %d due times" % (len(possible), STEPS * len(cases)))

    is_(c.one("select count(*) from unnest(%s::text[]) e where /*schema*/cron_parse(e) is null",
              possible + [e for e in ends if comes(e)]), 0, "an expression whose day comes is accepted")
    ok(len(impossible) > 50, "there are enough expressions whose day never comes")
    none([e for e in impossible if not refused(c, e)], "an expression whose day never comes is refused")

    # Days in a row, so that no due time between two answers is lost: the chain against all minutes that match.
    chain = [e for e in possible if fields(e)][:400]
    day = datetime.datetime(2024, 2, 28, tzinfo=UTC)
    minutes = [day + datetime.timedelta(minutes=m) for m in range(16 * 60)]
    missing = []
    rows = c.sql("""select expr, array(select t from /*schema*/schedule_preview(expr, 'UTC', %s, 1000) t where t < %s)
        from unnest(%s::text[]) expr""", day - datetime.timedelta(seconds=1), day + datetime.timedelta(hours=16), chain)
    for expression, answers in rows:
        named = matcher(expression)
        wanted = [m for m in minutes if named(m)]
        if answers != wanted:
            missing.append("%r: %d instead of %d" % (expression, len(answers), len(wanted)))
    is_(len(rows), len(chain), "every chain has an answer")
    none(missing, "no matching minute is left out between two due times")
    testdb.done()


if __name__ == "__main__":
    sys.exit(main())
