# SPDX-License-Identifier: MIT
"""How schedules are kept and fired: watermark, missed runs, clock steps, failures, removal; the time is a row that the test sets."""
import datetime

import testdb
from testdb import is_

UTC = datetime.timezone.utc


def instant(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


class Clock:
    """Takes the place of the database's clock, in every session of the database."""

    def __init__(self, c):
        self.c = c
        c.sql("create table test_clock (t timestamptz); insert into test_clock values (now())")
        c.sql("""create or replace function /*schema*/clock() returns timestamptz language sql volatile
            as 'select t from public.test_clock'""")

    def set(self, time):
        self.c.sql("update test_clock set t = %s", instant(time) if isinstance(time, str) else time)


def set_up():
    db = testdb.create()
    c = db.connect()
    c.sql("set timezone = 'UTC'")
    c.sql("select /*schema*/create_queue('q')")
    return db, c, Clock(c)


def dues(c, key):
    """The due times of the jobs that a schedule made, in the order of their making, to the minute."""
    return [due for due, in c.sql("""select to_char((origin ->> 'due')::timestamptz at time zone 'UTC', 'DD HH24:MI')
        from /*schema*/job_live where origin ->> 'schedule' = %s order by id""", key)]


def next_on(c, key):
    return c.one("select to_char(next_on, 'DD HH24:MI') from /*schema*/schedule where key = %s", key)


def fire(c, most=100):
    return c.one("select /*schema*/fire_schedules(%s)", most)


def set_schedule(c, key, cron, tz="UTC", options="{}", data=None, function="schedule"):
    due = c.one("select /*schema*/" + function + "(%s, 'q', %s, %s, %s, %s)", key, cron, tz, data, options)
    return due and due.astimezone(UTC).strftime("%d %H:%M")


def clear(c):
    c.sql("delete from /*schema*/schedule")
    c.sql("delete from /*schema*/job_live")
    c.sql("delete from /*schema*/job_ready")


def watermark(c, clock):
    clock.set("2024-05-01 10:00:01")
    is_(set_schedule(c, "a", "30 * * * *", data='{"n": 1}', options='{"priority": 7}'), "01 10:30", "a schedule answers its next due time")
    is_(fire(c), 0, "nothing is fired before it is due")
    clock.set("2024-05-01 10:30:00")
    is_(fire(c), 1, "it is fired at its due time")
    is_(fire(c), 0, "and not again")
    is_(c.sql("""select queue, data, rank, origin from /*schema*/job_live"""),
        [("q", {"n": 1}, -7, {"schedule": "a", "due": "2024-05-01T10:30:00Z"})],
        "the job has the schedule's queue, data and options, and tells schedule and due time")
    is_(next_on(c, "a"), "01 11:30", "the watermark is the next due time")
    is_(set_schedule(c, "a", "30 * * * *", data='{"n": 2}'), "01 11:30", "a change of the data leaves the watermark")
    clock.set("2024-05-01 11:40:00")
    is_(set_schedule(c, "a", "30 * * * *", data='{"n": 3}'), "01 11:30", "even if it has passed")
    is_(fire(c), 1, "so that the due time is not lost")
    is_(set_schedule(c, "a", "0 * * * *"), "01 12:00", "a change of the expression moves it")
    is_(set_schedule(c, "a", "0 14 * * *", tz="Asia/Kathmandu"), "02 08:15", "a change of the zone moves it")
    clear(c)


def missed(c, clock):
    for options, expected, what in (
            ("{}", ["03 11:00"], "by default the newest due time that was missed is run"),
            ('{"missed": "latest"}', ["03 11:00"], "latest: the newest due time that was missed is run"),
            ('{"missed": "skip"}', [], "skip: due times that were missed are not run"),
            ('{"missed": "all", "missed_limit": 4}', ["03 08:00", "03 09:00", "03 10:00", "03 11:00"],
             "all: the newest are run, up to the limit, oldest first"),
            ('{"missed": "all"}', ["%02d %02d:00" % (1 + h // 24, h % 24) for h in range(10, 60)], "all: each is run, oldest first")):
        clock.set("2024-05-01 09:30:00")
        set_schedule(c, "m", "0 * * * *", options=options)
        clock.set("2024-05-03 11:20:00")
        is_(fire(c), len(expected), "the jobs of missed due times are counted: %s" % options)
        is_(dues(c, "m"), expected, what)
        is_(next_on(c, "m"), "03 12:00", "then the watermark is the first due time from now on")
        is_(fire(c), 0, "and nothing more is fired")
        clear(c)

    set_late = (("2024-05-01 12:00:59", ["01 12:00"], "skip: a due time 59 s ago is run"),
                ("2024-05-01 12:01:00", ["01 12:00"], "skip: a due time 60 s ago is run"),
                ("2024-05-01 12:01:01", [], "skip: a due time 61 s ago is not"))
    for time, expected, what in set_late:
        clock.set("2024-05-01 11:30:00")
        set_schedule(c, "m", "0 12 * * *", options='{"missed": "skip"}')
        clock.set(time)
        fire(c)
        is_(dues(c, "m"), expected, what)
        is_(next_on(c, "m"), "02 12:00", "skip: the watermark is the next day's")
        clear(c)

    clock.set("2024-01-01 00:00:30")
    set_schedule(c, "minutes", "* * * * *", options='{"missed": "all"}')
    set_schedule(c, "months", "0 0 1 * *", options='{"missed": "all"}')
    clock.set("2026-01-01 00:00:30")
    c.sql("set statement_timeout = '20s'")
    is_(fire(c), 124, "two years of downtime cost no more than what is to be run")
    c.sql("reset statement_timeout")
    is_(dues(c, "minutes")[:1] + dues(c, "minutes")[-1:], ["31 22:21", "01 00:00"], "every minute: the newest hundred")
    is_(len(dues(c, "months")), 24, "every month: all of them")
    clear(c)


def clock_steps(c, clock):
    clock.set("2024-05-01 09:30:00")
    set_schedule(c, "s", "0 * * * *", options='{"missed": "all"}')
    clock.set("2024-05-01 12:00:05")
    fire(c)
    clock.set("2024-05-01 10:30:00")
    is_(fire(c), 0, "a clock that is set back fires nothing")
    is_(set_schedule(c, "s", "0,30 * * * *"), "01 12:30", "a new expression does not come back to times that were fired")
    is_(set_schedule(c, "s", "0 * * * *", options='{"missed": "all"}'), "01 13:00", "nor does the old one")
    for time in ("2024-05-01 11:00:00", "2024-05-01 12:00:00", "2024-05-01 12:59:59"):
        clock.set(time)
        is_(fire(c), 0, "nothing is fired twice when the clock comes to %s again" % time)
    clock.set("2024-05-01 13:00:00")
    is_(fire(c), 1, "it goes on where it was")
    is_(dues(c, "s"), ["01 10:00", "01 11:00", "01 12:00", "01 13:00"], "each due time was fired once")
    clock.set("2044-06-03 17:00:00")
    fire(c)
    clock.set("2024-05-01 13:10:00")
    is_(fire(c), 0, "after a clock that was years ahead it waits")
    c.sql("select /*schema*/unschedule('s')")
    is_(set_schedule(c, "s", "0 * * * *"), "01 14:00", "and starts afresh when it is removed and set again")
    clear(c)


def removal(c, clock):
    clock.set("2024-05-01 09:30:00")
    is_(set_schedule(c, "r", "0 * * * *", function="schedule_declare"), "01 10:00", "a declared schedule is created")
    is_(set_schedule(c, "r", "15 * * * *", function="schedule_declare"), "01 10:15", "and changed")
    clock.set("2024-05-01 10:20:00")
    is_(c.one("select /*schema*/unschedule('r')"), True, "unschedule removes it")
    is_(c.one("select /*schema*/unschedule('r')"), False, "there is none to remove then")
    is_(c.one("select /*schema*/unschedule('nowhere')"), False, "nor one that never was")
    is_(fire(c), 0, "a removed schedule is not fired, though it was due")
    is_(set_schedule(c, "r", "15 * * * *", function="schedule_declare"), None, "declared again it stays removed")
    is_(c.one("select /*schema*/schedule_run_now('r')"), None, "and cannot be run")
    is_(c.one("select next_on is null and removed_on = /*schema*/clock() from /*schema*/schedule"), True, "its row says since when")
    is_(set_schedule(c, "r", "15 * * * *"), "01 11:15", "schedule brings it back, from now on")
    is_(set_schedule(c, "r", "15 * * * *", function="schedule_declare"), "01 11:15", "then it can be declared again")
    clear(c)
    c.sql("select /*schema*/create_queue('short')")
    c.sql("select /*schema*/schedule('r', 'short', '0 * * * *')")
    c.sql("select /*schema*/delete_queue('short')")
    is_(c.one("select count(*) from /*schema*/schedule"), 0, "a schedule goes with its queue")


def run_now(c, clock):
    clock.set("2024-05-01 09:30:12")
    set_schedule(c, "n", "0 * * * *", data='"x"', options='{"priority": 1}')
    job = c.one("select /*schema*/schedule_run_now('n')")
    is_(c.sql("select id, data, rank, origin from /*schema*/job_live"),
        [(job, "x", -1, {"schedule": "n", "due": "2024-05-01T09:30:12Z"})], "run_now sends one job, due now")
    is_(next_on(c, "n"), "01 10:00", "and leaves the watermark")
    is_(c.one("select last_on from /*schema*/schedule"), None, "and the last due time")
    is_(c.one("select /*schema*/schedule_run_now('nowhere')"), None, "without such a schedule there is no job")
    clear(c)


def failing(c, clock):
    clock.set("2024-05-01 09:30:00")
    c.sql("select /*schema*/create_queue('letters')")
    for key in "abcd":
        set_schedule(c, key, "0 * * * *", options='{"dead_letter": "letters"}' if key in "ac" else "{}")
    c.sql("select /*schema*/delete_queue('letters')")
    clock.set("2024-05-01 10:00:00")
    is_(fire(c), 2, "a schedule that fails does not stop the others")
    is_(c.sql("select key, last_error from /*schema*/schedule where last_error is not null order by key"),
        [(key, 'queue "letters" does not exist') for key in "ac"], "it shows the reason")
    is_(next_on(c, "a"), "01 10:00", "and keeps its watermark")
    clock.set("2024-05-01 11:00:00")
    is_([fire(c, 1), fire(c, 1)], [1, 1], "failing schedules do not use up the share of the others")
    is_(dues(c, "b") + dues(c, "d"), ["01 10:00", "01 11:00"] * 2, "which run at each of their due times")
    rows = "select array_agg(xmin::text order by key) from /*schema*/schedule where last_error is not null"
    before = c.one(rows)
    is_((fire(c), c.one(rows)), (0, before), "a failure that repeats does not rewrite its row each time")
    worker = c.one("select /*schema*/register_worker('w')")
    is_(c.one("select wait_ms from /*schema*/poll(%s)", worker), 1000, "a worker tries again in a second, not at once")
    c.sql("select /*schema*/unregister_worker(%s)", worker)
    c.sql("select /*schema*/create_queue('letters')")
    is_(fire(c), 2, "once the cause is gone it is fired")
    is_(dues(c, "a"), ["01 11:00"], "as its policy for missed due times says")
    is_(c.one("select count(*) from /*schema*/schedule where last_error is not null"), 0, "and shows no error any more")
    clear(c)


def sessions(db, c, clock):
    one, two = db.connect(autocommit=False), db.connect(autocommit=False)
    clock.set("2024-05-01 09:30:00")
    for n in range(20):
        set_schedule(c, "k%02d" % n, "0 * * * *")
    clock.set("2024-05-01 10:00:00")
    is_(fire(one, 12), 12, "one session fires as many schedules as it may")
    is_(fire(two), 8, "another, at the same time, those that are left, without waiting")
    two.commit()
    one.rollback()
    is_(fire(c), 12, "what the first had in hand is fired after it has failed")
    is_(c.one("select count(*) || ' ' || count(distinct origin ->> 'schedule') from /*schema*/job_live"), "20 20", "each once")
    clock.set("2024-05-01 11:00:00")
    many = [db.connect() for _ in range(6)]
    fired = [f.result(60) for f in [m.start("select /*schema*/fire_schedules(7)") for m in many for _ in range(2)]]
    is_(sum(rows[0][0] for rows in fired) + fire(c), 20, "six sessions at once fire each schedule once")
    is_(c.one("select count(*) || ' ' || count(distinct origin) from /*schema*/job_live"), "40 40", "with one job each")
    is_(fire(two), 0, "and nothing is left")
    two.rollback()
    clear(c)


def new_rules(c, clock):
    """The watermark as an older tzdata would have left it: an hour beside the due time of today's rules."""
    def aged(time, now):
        clock.set("2024-07-01 12:00:00")
        set_schedule(c, "z", "30 2 * * *", tz="Europe/Berlin", options='{"missed": "all"}')
        c.sql("update /*schema*/schedule set next_on = %s", instant(time))
        clock.set(now)
        fire(c)
    aged("2024-07-01 23:30:00", "2024-07-01 23:30:01")
    is_((dues(c, "z"), next_on(c, "z")), ([], "02 00:30"), "a due time that new rules put off is not run too early")
    clock.set("2024-07-02 00:30:00")
    fire(c)
    is_((dues(c, "z"), next_on(c, "z")), (["02 00:30"], "03 00:30"), "but when it comes, once")
    clear(c)
    aged("2024-07-02 01:30:00", "2024-07-02 01:30:01")
    is_((dues(c, "z"), next_on(c, "z")), (["02 00:30"], "03 00:30"), "a due time that new rules bring forward is run late, once")
    clear(c)
    aged("2024-07-02 01:30:00", "2024-07-04 12:00:00")
    is_(dues(c, "z"), ["02 00:30", "03 00:30", "04 00:30"], "also when others were missed after it")
    clear(c)
    aged("2024-07-01 23:30:00", "2024-07-04 12:00:00")
    is_(dues(c, "z"), ["02 00:30", "03 00:30", "04 00:30"], "or it was put off, and missed as well")
    clear(c)


def polling(c, clock):
    clock.set("2024-05-01 09:30:00")
    worker = c.one("select /*schema*/register_worker('w')")
    poll = "select wait_ms from /*schema*/poll(%s)"
    is_(c.one(poll, worker), 30000, "without schedules a worker comes again in half a minute")
    set_schedule(c, "p", "0 10 * * *")
    is_(c.one(poll, worker), 30000, "also when one is due later")
    clock.set("2024-05-01 09:59:58")
    is_(c.one(poll, worker), 2000, "else at its due time")
    clock.set("2024-05-01 10:00:00")
    c.one(poll, worker)
    is_(dues(c, "p"), ["01 10:00"], "the poll fires what is due")
    c.sql("select /*schema*/unregister_worker(%s)", worker)
    clear(c)


def main():
    db, c, clock = set_up()
    polling(c, clock)
    watermark(c, clock)
    missed(c, clock)
    clock_steps(c, clock)
    removal(c, clock)
    run_now(c, clock)
    failing(c, clock)
    sessions(db, c, clock)
    new_rules(c, clock)
    testdb.done()


if __name__ == "__main__":
    main()
