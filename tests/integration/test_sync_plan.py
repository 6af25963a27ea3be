# SPDX-License-Identifier: MIT
"""The orchestrator's planning in SQL: exact starts, lanes, runs repeated and side by side, imports on request."""
import datetime
import time

import testdb
from testdb import diag, done, is_, ok, raises

MINUTE = datetime.timedelta(minutes=1)


database = None


def seeded(users, logged_in="clock_timestamp()"):
    """A database with so many users of one connection each."""
    global database
    database = testdb.create()
    c = database.connect()
    c.sql("insert into sync.app_user (id, display_name, last_login_at)"
          " select g, 'user ' || g, " + logged_in + " from generate_series(1, %s) g", users)
    c.sql("insert into sync.connection (user_id, provider, access_token_encrypted)"
          " select id, 'foursquare', 'sealed' from sync.app_user order by id desc")
    return c


def starts(c, key):
    """Start of each import of a run, in the order of users."""
    return [r[0] for r in c.sql("select j.start_after from sync.import_job i join /*schema*/job j on j.id = i.job_id"
                                " join sync.connection c on c.id = i.connection_id where i.run_key = %s order by c.user_id", key)]


def plan(c, key, *more):
    return c.sql("select * from sync.plan_daily(%s" + "".join(", %s" for _ in more) + ")", key, *more)[0]


def end_all(c, state="completed"):
    """Ends every queued import as a worker would."""
    outcome = {"completed": "done", "failed": "fail"}[state]
    while True:
        rows = c.sql("select id, lease from /*schema*/fetch('import-checkins', 1000, null)")
        if not rows:
            return
        c.sql("select /*schema*/settle(%s::bigint[], %s::bigint[], %s::text[])",
              [r[0] for r in rows], [r[1] for r in rows], [outcome] * len(rows))


def beside(key, query, end):
    """How many imports a first one plans, and what the query answers that waits for its end, a commit or a rollback."""
    one, two = database.connect(autocommit=False), database.connect()
    created = plan(one, key)[0]
    other = two.start(query)
    two.blocked_by(one)
    getattr(one, end)()
    return created, other.result(60)


# Exact times
c = seeded(600)
created, skipped, lanes, last = plan(c, "daily@1")
is_((created, skipped, lanes), (600, 0, 1), "600 users are planned in one lane")
t0 = c.one("select t0 from sync.run where run_key = 'daily@1'")
is_(starts(c, "daily@1"), [t0 + 2 * MINUTE * i for i in range(600)],
    "user i starts at exactly t0 + i x 2 minutes, in the order of user ids")
is_(last, t0 + 2 * MINUTE * 599, "the last start is told")
is_(c.one("select count(distinct priority) || ' ' || min(priority) from /*schema*/job where queue = 'import-checkins'"), "1 100",
    "connections never synced have a high priority")
is_(c.sql("select distinct trigger, status, records from sync.import_job"), [("scheduled", "pending", 0)],
    "each has a pending import_job")
is_(plan(c, "daily@1"), (0, 600, 1, last), "the same run again creates nothing")
is_(plan(c, "daily@2")[:2], (0, 600), "another run skips all whose import is pending")

# A run repeated creates what is missing, after the last start
c.sql("insert into sync.connection (user_id, provider, access_token_encrypted) select g, 'foursquare', 's' from generate_series(601, 603) g")
c.sql("insert into sync.app_user (id, display_name, last_login_at) select g, 'late', clock_timestamp() from generate_series(601, 603) g")
created, skipped, lanes, last = plan(c, "daily@1", None, "2 minutes", "30 hours")
is_((created, skipped), (3, 600), "a repeated run creates only the three that are missing")
is_(starts(c, "daily@1")[600:], [t0 + 2 * MINUTE * i for i in range(600, 603)], "after the last start, on the same grid")

# Who is planned
c = seeded(12)
c.sql("update sync.app_user set last_login_at = clock_timestamp() - interval '31 days' where id = 1")
c.sql("update sync.app_user set last_login_at = null where id = 2")
c.sql("update sync.connection set is_active = false where user_id = 3")
c.sql("update sync.connection set access_token_encrypted = null where user_id = 4")
c.sql("update sync.connection set provider = 'elsewhere' where user_id = 5")
c.sql("update sync.connection set sync_status = 'needs_reauth' where user_id = 6")
c.sql("update sync.connection set last_synced_at = clock_timestamp() where user_id = 7")
c.sql("insert into sync.connection (user_id, provider, account_id, access_token_encrypted) values (8, 'foursquare', 'second', 's')")
is_(plan(c, "k")[:2], (7, 0), "without login, connection, token or trust nobody is planned")
is_([r[0] for r in c.sql("select c.user_id from sync.import_job join sync.connection c on c.id = connection_id order by job_id")],
    [7, 8, 8, 9, 10, 11, 12], "the order is that of user ids, then of connections")
is_(c.one("select priority from /*schema*/job j join sync.import_job i on i.job_id = j.id join sync.connection c on c.id = connection_id"
          " where user_id = 7"), 0, "a connection synced before has the ordinary priority")
c = seeded(5)
is_(plan(c, "k", "select 2 as user_id union all select 4 union all select 2 union all select null; ")[0], 2,
    "an application's own query names the active users, each counted once")
raises("42601", "a query that is no query is refused", lambda: plan(c, "k2", "selec 1"))
raises("22023", "an empty key is refused", lambda: plan(c, ""))
raises("22023", "a negative spacing is refused", lambda: plan(c, "k2", None, "-1 second"))
is_(c.one("select count(*) from sync.run where run_key = 'k2'"), 0, "and leaves no trace")

# Lanes
c = seeded(61)
created, skipped, lanes, last = plan(c, "k", None, "2 minutes", "1 hour")
t0 = c.one("select t0 from sync.run")
is_(lanes, 3, "61 users two minutes apart need three lanes in an hour")
is_(starts(c, "k"), [t0 + 2 * MINUTE * (i // 3) for i in range(61)], "three start at the same time")
ok(last < t0 + 60 * MINUTE, "the last one within the window")
c = seeded(4)
is_(plan(c, "k", None, "0 seconds")[2], 1, "without spacing there is one lane")
is_(len(set(starts(c, "k"))), 1, "and all start at once")
c = seeded(3)
plan(c, "k", None, "150 milliseconds")
t0 = c.one("select t0 from sync.run")
is_(starts(c, "k"), [t0 + datetime.timedelta(milliseconds=150) * i for i in range(3)], "a spacing may be less than a second")

# Two at once
c = seeded(300)
created, answer = beside("k", "select created, skipped from sync.plan_daily('k')", "commit")
is_(created, 300, "one orchestrator plans 300 imports")
is_(answer, [(0, 300)], "a second one with the same key waits for it and creates nothing")
c = seeded(300)
_, answer = beside("k1", "select created, skipped from sync.plan_daily('k2')", "commit")
is_(answer, [(0, 300)], "a second one with another key finds all imports open")
c = seeded(300)
_, answer = beside("k1", "select count(*) filter (where fresh), count(*) from sync.import_now()", "rollback")
is_(answer, [(300, 300)], "imports on request wait for a run under way, here one that fails")
is_(c.one("select count(*) from sync.run"), 0, "which leaves nothing behind")
is_(plan(c, "k1")[:2], (0, 300), "its retry plans none twice")
end_all(c)
is_(plan(c, "k1")[:2], (300, 0), "and those that ended meanwhile are still missing in it")

# The next day
c = seeded(10)
plan(c, "monday", None, "0 seconds")
end_all(c)
is_(c.sql("select distinct i.status, c.sync_status, c.last_synced_at = i.completed_at, c.sync_error from sync.import_job i"
          " join sync.connection c on c.id = connection_id"), [("completed", "completed", True, None)],
    "a completed job completes import and connection in its transaction")
is_(plan(c, "tuesday", None, "0 seconds")[:2], (10, 0), "nobody is locked out of the next run")
job = c.one("select min(job_id) from sync.import_job where run_key = 'tuesday'")
c.sql("select /*schema*/cancel(%s)", job)
is_(c.sql("select i.status, i.error, c.sync_status from sync.import_job i join sync.connection c on c.id = connection_id"
          " where job_id = %s", job), [("failed", "cancelled", "failed")], "a cancelled job ends its import as failed")
c.sql("select /*schema*/delete_job(id) from /*schema*/job where state = 'created' and queue = 'import-checkins'")
is_(c.one("select count(*) from sync.import_job where status = 'pending'"), 0, "deleted jobs leave no import open")
is_(plan(c, "wednesday", None, "0 seconds")[0], 10, "and lock nobody out")
end_all(c, "failed")
is_(c.one("select count(*) from sync.import_job where run_key = 'wednesday' and status = 'failed' and completed_at is not null"), 10,
    "failed jobs fail their imports")
plan(c, "thursday")
c.sql("select /*schema*/delete_queue('import-checkins')")
is_(c.one("select count(*) from sync.import_job where status = 'pending'"), 0, "nor does a queue that is deleted")
is_(plan(c, "friday", None, "0 seconds")[0], 10, "it is made again")
end_all(c)
is_(c.one("select count(*) from sync.import_job where run_key = 'friday' and status = 'completed'"), 10, "with its hook")
plan(c, "saturday")
c.sql("delete from /*schema*/job_live")
is_(plan(c, "sunday")[0], 10, "imports whose jobs somebody took away by hand are ended and planned anew")
is_(c.one("select count(*) from sync.import_job where run_key = 'saturday' and error = 'the job is gone'"), 10, "and say so")

# On request
c = seeded(3)
rows = c.sql("select user_id, fresh from sync.import_now(array[2, 3, 99])")
is_(rows, [(2, True), (3, True)], "users with a connection are imported now, others are not in the answer")
again = c.sql("select user_id, fresh, import_id from sync.import_now(array[2])")
is_(again[0][:2], (2, False), "an import that is open is answered, not made again")
is_(c.one("select min(id) from sync.import_job where connection_id = (select id from sync.connection where user_id = 2)"), again[0][2],
    "by its id")
is_(c.one("select count(*) from /*schema*/job where queue = 'import-checkins' and start_after <= /*schema*/clock()"), 2, "they are due")
is_(c.one("select trigger from sync.import_job limit 1"), "manual", "and called manual")
is_(c.sql("select created, skipped from sync.plan_daily('k')"), [(1, 2)], "the daily run skips them")

# Users and connections
is_(c.one("select sync.add_user('new')"), 4, "a new user's id steps over those given by hand")
is_(c.one("select sync.add_user('hundred', 100)"), 100, "an id may be given")
raises("PQ409", "but not twice", lambda: c.sql("select sync.add_user('again', 100)"))
is_(c.one("select sync.touch_user(100)"), True, "a login is recorded")
is_(c.one("select sync.touch_user(12345)"), False, "but not for nobody")
one = c.one("select sync.connect(4, 'foursquare')")
is_(c.sql("select is_active, sync_status from sync.connection where id = %s", one), [(False, "pending")],
    "a connection without tokens is not active")
is_(c.one("select sync.connect(4, 'foursquare')"), one, "connecting again finds it")
ok(c.one("select sync.connect(4, 'foursquare', 'other')") != one, "another account is another connection")
c.sql("update sync.connection set sync_status = 'needs_reauth', sync_error = 'gone' where id = %s", one)
c.sql("select sync.store_tokens(%s, 'a', 'r')", one)
is_(c.sql("select is_active, sync_status, sync_error, access_token_encrypted from sync.connection where id = %s", one),
    [(True, "pending", None, "a")], "new tokens make it whole again")
is_(c.one("select sync.replace_tokens(%s, 'other', 'r', 'b', 's')", one), False, "a token changed meanwhile is not replaced")
is_(c.one("select sync.replace_tokens(%s, 'a', 'other', 'b', 's')", one), False, "neither with a refresh token changed meanwhile")
is_(c.one("select sync.replace_tokens(%s, 'a', 'r', 'b', 's')", one), True, "else they are")
is_(c.sql("select access_token_encrypted, refresh_token_encrypted from sync.connection where id = %s", one), [("b", "s")], "both")
is_(c.one("select sync.disconnect(4, 'foursquare')"), 1, "disconnecting forgets the tokens")
is_(c.sql("select is_active, access_token_encrypted, refresh_token_encrypted from sync.connection where id = %s", one),
    [(False, None, None)], "all of them")

# Many
c = seeded(100000)
began = time.monotonic()
created, skipped, lanes, last = plan(c, "k")
diag(f"100,000 users planned in {time.monotonic() - began:.2f} s, {lanes} lanes")
t0 = c.one("select t0 from sync.run")
is_((created, lanes), (100000, 167), "100,000 users are planned in one transaction, in 167 lanes")
is_(last, t0 + 2 * MINUTE * (99999 // 167), "the last start is exact")
ok(last < t0 + datetime.timedelta(hours=20), "and within the window")
is_(c.one("select count(*) from (select start_after from /*schema*/job where queue = 'import-checkins' group by 1 having count(*) > 167) s"), 0,
    "no start has more than a lane's worth")
began = time.monotonic()
is_(plan(c, "k")[:2], (0, 100000), "again, it creates none")
diag(f"and that takes {time.monotonic() - began:.2f} s")
done()
