# SPDX-License-Identifier: MIT
"""A simulated year of firing: sessions killed and rolled back, several at once, downtime, a clock that steps back; drawn from a seed.

At the end each due time of the year must have made one job (missed = all), or as many as the policy says.
"""
import datetime
import os
import random

import psycopg2

import testdb
from testdb import is_, ok

SEED = int(os.environ.get("PGQUEUE_TEST_SEED", "366"))
YEARS = 10 if os.environ.get("PGQUEUE_TEST_LONG") else 1
BEGIN = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
END = BEGIN.replace(year=2024 + YEARS)
ALL = [
    ("hourly", "17 * * * *", "Europe/Berlin"), ("night", "30 2 * * *", "Europe/Berlin"), ("twice", "0,30 2,3 * * *", "Europe/London"),
    ("new york", "30 1 * * *", "America/New_York"), ("midnight", "0 0 * * *", "America/Havana"), ("half", "15 2 * * *", "Australia/Lord_Howe"),
    ("often", "*/20 1-3 * * sun", "America/Asuncion"), ("cairo", "0 0 * * *", "Africa/Cairo"), ("week", "@weekly", "UTC"),
    ("ends", "0 12 31 * *", "Asia/Kathmandu"), ("13th", "5 4 13 * fri", "Pacific/Chatham"), ("leap", "0 0 29 2 *", "UTC"),
    ("workdays", "0 9,17 * * mon-fri", "Europe/Dublin"), ("two hours", "0 */2 * * *", "Antarctica/Troll"),
]
POLICIES = [("latest", '{"missed": "latest"}'), ("skip", '{"missed": "skip"}'), ("all", '{"missed": "all", "missed_limit": 10000}')]


class Year:
    def __init__(self):
        self.random = random.Random(SEED)
        self.db = testdb.create()
        self.c = self.db.connect()
        self.c.sql("set timezone = 'UTC'")
        self.c.sql("create table test_clock (t timestamptz); insert into test_clock values (%s)", BEGIN)
        self.c.sql("""create or replace function /*schema*/clock() returns timestamptz language sql volatile
            as 'select t from public.test_clock'""")
        self.c.sql("select /*schema*/create_queue('q')")
        for key, cron, tz in ALL:
            self.c.sql("select /*schema*/schedule(%s, 'q', %s, %s, null, %s)", key, cron, tz, POLICIES[2][1])
        for key, options in POLICIES[:2]:
            self.c.sql("select /*schema*/schedule(%s, 'q', '30 * * * *', 'UTC', null, %s)", key, options)
        # What the two others should make: told from when firing was done, not from what it did.
        self.seen = {"latest": BEGIN, "skip": BEGIN}
        self.expected = {"latest": [], "skip": []}
        self.done = {"fired": 0, "rolled back": 0, "killed": 0, "overlapped": 0, "set back": 0, "down": 0}

    def fire(self, c):
        return c.one("select /*schema*/fire_schedules()")

    def killed(self):
        """A session that dies after firing, before its commit."""
        c = self.db.connect(autocommit=False)
        self.fire(c)
        self.c.sql("select pg_terminate_backend(%s)", c.pid)
        self.c.wait("select not exists (select from pg_stat_activity where pid = %s)", c.pid)
        try:
            c.commit()
            testdb.bail("a terminated session has committed")
        except psycopg2.Error:
            pass
        self.done["killed"] += 1

    def rolled_back(self):
        c = self.db.connect(autocommit=False)
        self.fire(c)
        c.rollback()
        c.close()
        self.done["rolled back"] += 1

    def overlapped(self):
        """A second session fires while the first is not finished; whether the first commits is left to chance. True if it does."""
        c = self.db.connect(autocommit=False)
        self.fire(c)
        if self.fire(self.c):
            testdb.bail("two sessions fired the same schedule")
        commits = self.random.random() < 0.5
        c.commit() if commits else c.rollback()
        c.close()
        self.done["overlapped"] += 1
        return commits

    def fired(self, now):
        self.done["fired"] += 1
        for key, seen in self.seen.items():
            hour = datetime.timedelta(hours=1)
            newest = now.replace(minute=30, second=0, microsecond=0)
            newest -= hour if newest > now else hour * 0
            if newest > seen:
                if key == "latest" or now - newest <= datetime.timedelta(seconds=60):
                    self.expected[key].append(newest)
                self.seen[key] = now
            self.seen[key] = max(now, self.seen[key])

    def run(self):
        now = BEGIN
        while now < END:
            draw = self.random.random()
            if draw < 0.02:
                self.done["down"] += 1
                now += datetime.timedelta(days=self.random.uniform(1, 12))
            else:
                now += datetime.timedelta(seconds=self.random.choice((20, 70, 1800, 3600, 14400, 43200, 86400)) * self.random.uniform(0.3, 1.5))
            now = min(now, END).replace(microsecond=0)
            clock = now
            if self.random.random() < 0.1:
                self.done["set back"] += 1
                clock -= datetime.timedelta(seconds=self.random.uniform(1, 5400))
            self.c.sql("update test_clock set t = %s", clock)
            draw = self.random.random()
            if draw < 0.1:
                self.killed()
            elif draw < 0.25:
                self.rolled_back()
            elif draw >= 0.4 or self.overlapped():
                self.fire(self.c)
                self.fired(clock)
        self.c.sql("update test_clock set t = %s", END)
        self.fire(self.c)
        self.fired(END)

    def dues(self, key):
        return [due for due, in self.c.sql("""select (origin ->> 'due')::timestamptz from /*schema*/job_live
            where origin ->> 'schedule' = %s order by id""", key)]


def main():
    year = Year()
    year.run()
    testdb.diag("seed %d, %d years: %s" % (SEED, YEARS, year.done))
    ok(min(year.done.values()) > 5, "everything that should happen has happened")
    for key, cron, tz in ALL:
        wanted = [t for t, in year.c.sql("""with recursive d (t) as (
                select /*schema*/cron_next(%s, %s, %s) union all select /*schema*/cron_next(%s, %s, t) from d where t <= %s)
            select t from d where t <= %s order by t""", cron, tz, BEGIN, cron, tz, END, END)]
        got = year.dues(key)
        if not ok(got == wanted and (wanted or key == "leap"), "%s: each of %d due times has made one job, in order" % (key, len(wanted))):
            testdb.diag("%d jobs; missing %s; too many %s" % (len(got), sorted(set(wanted) - set(got))[:5], sorted(set(got) - set(wanted))[:5]))
    for key, _ in POLICIES[:2]:
        is_(year.dues(key), year.expected[key], "%s: the jobs are those of the policy (%d)" % (key, len(year.expected[key])))
    ok(year.expected["latest"] and year.expected["skip"] and len(year.expected["skip"]) < len(year.expected["latest"]),
       "the two policies have something to show")
    is_(year.c.one("""select count(*) from /*schema*/schedule where last_error is not null or next_on <= %s"""
                   , END), 0, "no schedule has failed or is left behind")
    testdb.done()


if __name__ == "__main__":
    main()
