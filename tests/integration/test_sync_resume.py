# SPDX-License-Identifier: MIT
"""Imports and runs that are interrupted: killed at each page, connections cut, planned twice and by two daemons."""
import datetime
import json
import os
import signal

import syncapp
import testdb
from testdb import done, is_, ok

PAGES = 6  # 4 with check-ins that are new, one that repeats the last second, one that is empty

app = syncapp.App()
app.start(concurrency=2)


def workers(daemon):
    """The processes below a pgqueued."""
    with open(f"/proc/{daemon.pid}/task/{daemon.pid}/children", encoding="ascii") as f:
        return [int(pid) for pid in f.read().split()]


# The worker process is killed while it waits for page k
for k in range(PAGES):
    token = f"killed-{k}"
    user = app.user(token, "gen:800,seed=7")
    app.sandbox.fault(kind="silence", token=token, after=k, count=1, seconds=60)
    app.c.sql("select * from sync.import_now(array[%s])", user)
    testdb.wait(lambda: app.sandbox.stats(token)["requests"] == k + 1, 20, f"request {k + 1} waits for its answer")
    place = app.c.one("select state #>> '{walk,before}' from sync.connection where id = %s", app.tokens[token])
    for pid in workers(app.daemon):
        os.kill(pid, signal.SIGKILL)
    app.wait()
    is_(app.last(user), ("completed", 800, None, 2), f"an import whose process is killed at page {k + 1} completes in its second attempt")
    ok(app.same(token), "with each check-in once")
    is_(app.sandbox.stats(token)["asked"][k + 1].get("beforeTimestamp"), int(place) if place else None,
        "and goes on from the place that was stored")
is_(app.agree(), [], "job, import and connection agree")

# Connections of the importer are cut again and again
app.stop()
app = syncapp.App("--delay", "100")
user = app.user("cut", "gen:3000,seed=8")
app.start(concurrency=2)
app.c.sql("select * from sync.import_now(array[%s])", user)
cuts = 0
place = None


def cut():
    """Once after each page that was stored."""
    global cuts, place
    here = app.c.one("select state from sync.connection where id = %s", app.tokens["cut"])
    if here != place:
        place = here
        cuts += app.c.one("select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity"
                          " where application_name = 'pgqueue sync' and datname = current_database()")
    return app.open() == 0


testdb.wait(cut, 60, "the import has ended")
is_(app.last(user), ("completed", 3000, None, 1), "an import whose database connections are cut completes in one attempt")
ok(app.same("cut"), "with each check-in once")
ok(cuts >= 3, "they were cut several times")
testdb.diag(f"{cuts} connections cut")

# New check-ins while a walk is under way
user = app.user("growing", "gen:600,seed=9")
app.sandbox.fault(kind="403-rate-limit", token="growing", after=1, count=1, seconds=5)
app.c.sql("select * from sync.import_now(array[%s])", user)
app.c.wait("select exists (select from /*schema*/job where queue = 'import-checkins' and state = 'created' and start_after > /*schema*/clock())", timeout=20)
app.sandbox.grow("growing", 5)
app.wait()
is_(app.last(user)[:2], ("completed", 605), "a walk that had to wait also brings what came while it waited")
ok(app.same("growing"), "each check-in once")

# One due time fired twice, worked by two daemons at once
app.stop()
app = syncapp.App()
for n in range(1, 51):
    app.c.sql("select sync.add_user(%s)", f"user {n}")
app.c.sql("insert into sync.connection (user_id, provider, access_token_encrypted) select id, 'foursquare', 'x' from sync.app_user")
first = app.start(concurrency=4, spacing="2m")
second = app.start(concurrency=4, spacing="2m")
app.c.wait("select count(*) = 2 from /*schema*/job_worker", timeout=20)
origin = json.dumps({"schedule": "daily-sync", "due": "2026-01-01T02:00:00Z"})
app.c.sql("select /*schema*/enqueue('daily-sync-orchestrator', array_fill('{}'::jsonb, array[8]), '{}', null, array_fill(%s::jsonb, array[8]))", origin)
app.c.wait("select count(*) = 8 from /*schema*/job where queue = 'daily-sync-orchestrator' and state = 'completed'", timeout=20)
is_(app.c.one("select sum((output ->> 'created')::int) from /*schema*/job where queue = 'daily-sync-orchestrator'"), 50,
    "one due time fired eight times, worked by two daemons, makes each import once")
starts = [r[0] for r in app.c.sql("select j.start_after from sync.import_job i join /*schema*/job j on j.id = i.job_id order by i.connection_id")]
t0 = app.c.sql("select run_key, t0 from sync.run")
is_(t0[0][0], "daily-sync@2026-01-01T02:00:00Z", "the run is named by schedule and due time")
is_(starts, [t0[0][1] + datetime.timedelta(minutes=2) * i for i in range(50)], "user i starts at t0 + i x 120 s exactly")
first.kill(signal.SIGTERM)
first.wait(20)
app.stop()

# The schedule itself
app = syncapp.App()
app.user("scheduled", "gen:10")
app.start(concurrency=1)
app.c.wait("select exists (select from /*schema*/schedule)", timeout=20)
is_(app.c.sql("select cron, timezone, queue from /*schema*/schedule where key = 'daily-sync'"), [("0 2 * * *", "UTC", "daily-sync-orchestrator")],
    "the daily schedule is there")
ok(app.c.one("select /*schema*/schedule_run_now('daily-sync') is not null"), "it can be run now")
app.c.wait("select exists (select from sync.import_job where status = 'completed')", timeout=20)
ok(app.same("scheduled"), "and imports")
app.stop()
done()
