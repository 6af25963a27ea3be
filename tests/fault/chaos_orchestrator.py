# SPDX-License-Identifier: MIT
"""The orchestrator killed at random points and retried, run twice for the same due time, and by two daemons at once: one
import per user, at exactly t0 + i x 2 minutes. And 100,000 users in one transaction."""
import datetime
import os
import random
import time

import daemon
import storm
import testdb
from testdb import diag, done, is_, ok

ROUNDS = storm.begin(10, 100)
USERS = 400
db = testdb.create()
c = db.connect()
eyes = storm.Eyes(db.dsn)
key = testdb.write("key", "00112233445566778899aabbccddeeff" * 2)
os.chmod(key, 0o600)
# The query takes its time, so that a kill can meet the transaction that plans.
SLOWLY = "select id as user_id from sync.app_user where pg_sleep(0.001) is not null"


# The schedule is due at the hour of half a day ago, so that its next time is half a day away whenever this runs.
due = c.one("select date_trunc('hour', clock_timestamp(), 'UTC') - interval '12 h'").astimezone(datetime.timezone.utc)
stamp = due.strftime("%Y-%m-%dT%H:%M:%SZ")
run_key = f"daily-sync@{stamp}"


def config(name, query=SLOWLY):
    return daemon.config(db, f"""
[sync]
key_file = {key}
schedule = 0 {due.hour} * * *
active_users_query = {query}
[provider foursquare]
base_url = http://127.0.0.1:9
""", name, "concurrency = 4\ndrain_timeout = 1s")


def users(count):
    c.sql("delete from sync.connection")
    c.sql("delete from sync.app_user")
    c.sql("insert into sync.app_user (id, display_name, last_login_at) select g, 'user ' || g, clock_timestamp() from generate_series(1, %s) g", count)
    c.sql("insert into sync.connection (user_id, provider, access_token_encrypted)"
          " select id, 'foursquare', 'sealed' from sync.app_user order by id desc")


def fire():
    """The schedule is due (again) at its last time, and somebody looks."""
    c.sql("update /*schema*/schedule set next_on = %s where key = 'daily-sync'", due)
    c.sql("select /*schema*/fire_schedules()")


def fired():
    """The jobs of this due time since the last clear()."""
    return c.sql("select id, state::text, attempt, (output->>'created')::int from /*schema*/job where queue = 'daily-sync-orchestrator'"
                 " and origin->>'due' = %s and id > %s order by id", stamp, newest)


def planned(run_key):
    """Microseconds from t0 to each user's start, in the order of users."""
    # Whatever autovacuum knows of the tables just now: 100,000 rows are not joined one by one.
    c.sql("set enable_nestloop = off")
    rows = c.sql(
        "select round(extract(epoch from j.start_after - r.t0) * 1000000)::bigint from sync.import_job i join sync.run r using (run_key)"
        " join sync.connection x on x.id = i.connection_id join /*schema*/job j on j.id = i.job_id"
        " where i.run_key = %s and j.state::text = 'created' order by x.user_id", run_key)
    c.sql("reset enable_nestloop")
    return [r[0] for r in rows]


def clear():
    c.sql("select count(/*schema*/cancel(id)) from /*schema*/job_live")
    c.sql("delete from sync.import_job")
    c.sql("delete from sync.run")
    return c.one("select coalesce(max(id), 0)::bigint from /*schema*/job")


users(USERS)
newest = 0
exact = [i * 120 * 1000000 for i in range(USERS)]
first = daemon.Daemon(config("first.ini"), storm.ENV).ready(30)
second = daemon.Daemon(config("second.ini"), storm.ENV).ready(30)
# Planned imports stay queued; a run that is retried is so at once.
c.sql("select /*schema*/pause_queue('import-checkins', 'looked at only')")
c.sql("""select /*schema*/update_queue('daily-sync-orchestrator', '{"retry_delay": 0, "retry_limit": 20}')""")
c.sql("delete from /*schema*/schedule where key <> 'daily-sync'")


def holder():
    """The worker process that has the run, None if nobody has."""
    name = c.one("select w.name from /*schema*/job_lease l join /*schema*/job_worker w on w.id = l.worker where l.queue = 'daily-sync-orchestrator'")
    return int(name.rsplit(":", 1)[1]) if name else None


def planning():
    return c.one("select exists (select from pg_stat_activity where datname = current_database() and state = 'active'"
                 " and query like '%%plan_daily%%' and pid <> pg_backend_pid())")


def ended(n):
    """At least so many runs, all of which have ended."""
    return len(fired()) >= n and all(r[1] == "completed" for r in fired())


def kill(kind, inside):
    """The one that has the run, or any."""
    pid = holder() if inside else None
    d = next((x for x in (first, second) if pid in storm.running(x.path)), random.choice((first, second)))
    if kind == "backend":
        c.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = current_user"
              " and query like '%%plan_daily%%' and pid <> pg_backend_pid()")
        return d
    if kind == "worker":
        testdb.wait(lambda: storm.children(d.process.pid), 60, "a worker process")
        for child in storm.children(d.process.pid):
            storm.signal_to(child)
        return d
    for pid in storm.running(d.path):
        storm.signal_to(pid)
    d.wait()
    return daemon.Daemon(d.path, storm.ENV)


wrong, attempts, kinds = [], 0, {}
for round_ in range(ROUNDS):
    fire()
    kind = random.choice(["worker", "daemon", "backend"]) if round_ >= 3 else ["worker", "daemon", "backend"][round_]
    inside = round_ % 2 == 0  # in the transaction, or anywhere
    if inside:
        testdb.wait(lambda: planning() or ended(1), 60, "a run under way")
    storm.moment(0.1 if inside else 0.4)
    d = kill(kind, inside)
    if d.path == first.path:
        first = d
    else:
        second = d
    # Once more for the same due time, whoever finds it.
    fire()
    testdb.wait(lambda: ended(2), 60, f"both runs of {run_key} end")
    got = planned(run_key)
    if got != exact or storm.wrong(eyes):
        wrong.append((round_, kind, inside, len(got), [i for i in range(min(len(got), USERS)) if got[i] != exact[i]][:5], storm.wrong(eyes)))
    attempts += sum(r[2] for r in fired()) - len(fired())
    kinds[kind] = kinds.get(kind, 0) + 1
    newest = clear()
diag(f"killed: {kinds}; {attempts} attempts were cut off")
is_(wrong, [], f"after each of {ROUNDS} kills: one import per user, user i at exactly t0 + i x 2 minutes")
ok(attempts > 0, "some runs were cut off and retried")

# By two daemons at once: two jobs of one due time, claimed while the other runs
c.sql("select /*schema*/pause_queue('daily-sync-orchestrator', 'until both are there')")
c.sql("select /*schema*/enqueue('daily-sync-orchestrator', array['null'::jsonb, 'null'], '{}', null, array_fill("
      "/*schema*/schedule_origin('daily-sync', %s), array[2]))", due)
c.sql("select /*schema*/resume_queue('daily-sync-orchestrator')")
testdb.wait(lambda: ended(2), 60, "both end")
is_(planned(run_key), exact, "two daemons that run it at once plan each user once, at the exact time")
is_(c.sql("select count(*)::int, count(distinct connection_id)::int from sync.import_job where run_key = %s", run_key),
    [(USERS, USERS)], "no user has a second import")
is_(sorted(r[3] for r in fired()),
    [0, USERS], "one of them found nothing left to do")
clear()
for d in (first, second):
    is_(d.stop(40), 0, "the daemon drains")

# 100,000 users
MANY, WINDOW = 100000, 72000
users(MANY)
d = daemon.Daemon(config("many.ini", "select id as user_id from sync.app_user"), storm.ENV).ready(30)
job = c.one("select /*schema*/send('daily-sync-orchestrator', null, '{}')")
began = time.monotonic()
c.wait("select state::text = 'completed' from /*schema*/job where id = %s", job, timeout=30)
took = c.one("select extract(epoch from completed_on - started_on)::float8 from /*schema*/job where id = %s", job)
lanes = -(-MANY * 120 // WINDOW)
diag(f"100,000 users planned in {took:.2f} s, claim to settle")
got = planned(f"job:{job}")
is_(len(got), MANY, "100,000 users are planned")
is_(got, [i // lanes * 120 * 1000000 for i in range(MANY)], f"in {lanes} lanes, each start exact")
ok(got[-1] < WINDOW * 1000000, "within the window")
is_(c.one("select count(distinct xmin::text)::int from sync.import_job where run_key = %s", f"job:{job}"), 1, "in one transaction")
ok(d.lines("the imports do not fit into the window one after another"), "and the log says that they overlap")
is_(d.stop(40), 0, "the daemon drains")
done()
