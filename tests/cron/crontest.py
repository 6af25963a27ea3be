# SPDX-License-Identifier: MIT
"""What the cron tests share: expressions drawn from a seed, and which minutes an expression names; knows no database and no zone."""
from croniter import croniter

import testdb

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def _spelled(random, index, number):
    """A value as a user would write it: a number or, for some, a name in any case."""
    names = {3: dict(zip(range(1, 13), MONTHS)), 4: dict(zip(range(0, 7), DAYS))}.get(index)
    if names and number in names and random.random() < 0.4:
        return random.choice((str.lower, str.upper, str.title))(names[number])
    return "%02d" % number if random.random() < 0.1 else str(number)


def _item(random, index):
    low, high = BOUNDS[index]
    kind = random.random()
    if kind < 0.12:
        return "*/%d" % random.randint(1, high)
    first, last = sorted((random.randint(low, high), random.randint(low, high)))
    if kind < 0.55:
        return _spelled(random, index, first)
    text = "%s-%s" % (_spelled(random, index, first), _spelled(random, index, last))
    return text + "/%d" % random.randint(1, max(1, high // 2)) if kind < 0.75 else text


def none(wrong, sentence):
    """Passes if the list of what went wrong is empty."""
    if not testdb.ok(not wrong, sentence):
        for line in wrong[:20]:
            testdb.diag(line)


def field(random, index):
    stars = (0.25, 0.3, 0.5, 0.55, 0.5)[index]
    if random.random() < stars:
        return "*" if random.random() < 0.8 else "*/%d" % random.randint(1, BOUNDS[index][1])
    items = 1 if random.random() < 0.6 else random.randint(2, 5)
    return ",".join(_item(random, index) for _ in range(items))


def expression(random):
    return random.choice(("%s %s %s %s %s", "%s  %s\t%s %s %s", " %s %s %s %s %s ")) % tuple(
        field(random, index) for index in range(5))


def fields(expression):
    return None if expression.startswith("@") else expression.split()


def joined_by_or(expression):
    f = fields(expression)
    return f is not None and f[2][0] != "*" and f[4][0] != "*"


def matcher(expression):
    """Whether a minute is named by the expression, one minute at a time."""
    minute, hour, day, month, week = (None if f == ["*"] else set(f) for f in croniter.expand(expression)[0])
    either = joined_by_or(expression)

    def named(t):
        by_day = day is None or t.day in day
        by_week = week is None or t.isoweekday() % 7 in week
        return ((minute is None or t.minute in minute) and (hour is None or t.hour in hour) and (month is None or t.month in month)
                and (by_day or by_week if either else by_day and by_week))
    return named
