# SPDX-License-Identifier: MIT
"""A worker with 1,000 running jobs is killed: all are claimable again within 3 s, and charged as its supervisor says."""
import invariants
import testdb
import toy
from testdb import done, is_

db = testdb.create()
c = db.connect()
c.sql("select /*schema*/create_queue('q', '{\"expire_in\": 3600}'); select /*schema*/create_queue('other')")
log = toy.Log()
toy.number(toy.start(db.dsn, "other", "run", toy.Log("other.log")))  # somebody who polls


def full():
    c.sql("select /*schema*/send('q', to_jsonb(g)) from generate_series(1, 1000) g")
    process = toy.start(db.dsn, "q", "hold", log)
    worker = toy.number(process)
    process.wait_line("held 1000", 60)
    is_(c.one("select count(*) from /*schema*/job where queue = 'q' and state = 'active'"), 1000, "a worker runs 1,000 jobs")
    return process, worker


def killed():
    process, _ = full()
    before = c.one("select clock_timestamp()")
    process.kill()
    testdb.wait(lambda: c.one("select count(*) = 1000 from /*schema*/job_ready where queue = 'q' and start_after <= clock_timestamp()"), 60, "the rescue")
    took = c.one("select extract(epoch from clock_timestamp() - %s)::float8", before)
    is_(c.sql("select distinct state::text, attempt from /*schema*/job where queue = 'q'"), [("retry", 1)], "nobody knows which had started: the attempt counts")
    invariants.holds(c, "after the kill")
    c.sql("select /*schema*/delete_queue('q'); select /*schema*/create_queue('q', '{\"expire_in\": 3600}')")
    return took


for _ in range(2):
    testdb.in_time(3, "killed by SIGKILL, its jobs are all claimable again in time", killed)

# The supervisor knows which had started
def reported():
    process, worker = full()
    ids = [r[0] for r in c.sql("select id from /*schema*/job where queue = 'q' order by id")]
    c.sql("begin")
    c.sql("select * from /*schema*/maintenance for update")  # nobody else looks for dead workers now
    process.kill()
    process.wait(60)
    before = c.one("select clock_timestamp()")
    toy.number(toy.start(db.dsn, "other", "hold", toy.Log("new.log"), worker, *ids[:300]))
    took = c.one("select extract(epoch from clock_timestamp() - %s)::float8", before)
    is_(c.sql("select count(*), count(*) filter (where start_after <= clock_timestamp()) from /*schema*/job_ready where queue = 'q'"), [(1000, 1000)],
        "the worker that takes its place frees all jobs before its first claim")
    is_(c.sql("select state::text, attempt, count(*) from /*schema*/job where queue = 'q' group by 1, 2 order by 1"), [("created", 0, 700), ("retry", 1, 300)],
        "those that had not started have not lost an attempt")
    is_(c.one("select count(*) from /*schema*/job where queue = 'q' and state = 'retry' and id = any(%s)", ids[:300]), 300, "those that had, have")
    is_(c.one("select output ->> 'message' from /*schema*/job where id = %s", ids[0]), "the worker process died: killed by the test", "and say why")
    c.sql("commit")
    c.sql("select /*schema*/delete_queue('q'); select /*schema*/create_queue('q', '{\"expire_in\": 3600}')")
    return took


testdb.in_time(3, "a supervisor's report frees all in time", reported)
invariants.holds(c, "at the end")
done()
