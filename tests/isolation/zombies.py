# SPDX-License-Identifier: MIT
"""Whatever a worker says of a job that was taken from it is lost and changes nothing: while the job waits again, while
another has it, when that one has given it back, and when it has ended."""
import testdb
from testdb import diag, done, is_, ok

db = testdb.create()
c = db.connect()
c.sql("""select /*schema*/create_queue('q', '{"retry_limit": 3, "retry_delay": 0}')""")
VERBS = ["complete(%s, %s)", "complete(%s, %s, '\"late\"')", "fail(%s, %s)", "fail(%s, %s, 'late', '{\"for_good\": true}')",
         "snooze(%s, %s, '1 s')", "release(%s, %s)", "touch(%s, %s)", "progress(%s, %s, '1')",
         "complete(array[%s], array[%s])", "fail(array[%s], array[%s], array['late'])", "snooze(array[%s], array[%s], '1 s')",
         "release(array[%s], array[%s])", "touch(array[%s], array[%s])", "progress(array[%s], array[%s], array['1'::jsonb])"]
VERBS += [f"settle(array[%s], array[%s], array['{outcome}'], array['late'], array[1.0])"
          for outcome in ("done", "fail", "retry", "snooze", "release", "cancel")]
VERBS += ["settle(array[%s], array[%s], p_closes => (select array_agg(lease) from /*schema*/job_lease))"]
TABLES = ["job_live", "job_ready", "job_lease", "job_finished", "queue_delta", "job_worker", "job_bell"]
# How the job was taken from the zombie.
TAKEN = {"its worker was found dead": "select /*schema*/end_leases({worker}, null, '{{}}', 'gone')",
         "its worker was reported dead": "select /*schema*/worker_died({worker}, array[{job}], '{{}}', 'killed')",
         "its time ran out": "update /*schema*/job_lease set expire_on = '-infinity' where lease = {lease}",
         "it was given back by itself": "select /*schema*/release({job}, {lease})",
         "it was cancelled and retried": "select /*schema*/cancel({job}), /*schema*/retry({job})"}


def rows():
    # A lease with nothing in it means nothing: its owner may close it.
    return [c.sql(f"select t::text from /*schema*/{t} t" + (" where ids <> '{}'" if t == "job_lease" else "") + " order by 1") for t in TABLES]


def claim(worker):
    return c.sql("select id, lease from /*schema*/fetch('q', 1, %s)", worker)[0]


def late(job, lease):
    """The verbs that were not answered "lost", or changed something."""
    wrong = []
    for verb in VERBS:
        before = rows()
        answer = c.one("select /*schema*/" + verb, job, lease)
        if answer not in ("lost", ["lost"], [False]):
            wrong.append((verb, answer))
        if rows() != before:
            wrong.append((verb, "changed something"))
    return wrong


for how, statement in TAKEN.items():
    first = c.one("select /*schema*/register_worker('first')")
    second = c.one("select /*schema*/register_worker('second')")
    c.sql("select /*schema*/send('q', '{}')")
    job, lease = claim(first)
    c.sql(statement.format(worker=first, job=job, lease=lease))
    if "time" in how:
        # The attempt's own time, too: started long ago.
        c.sql("update /*schema*/job_live set touched_on = null, expire_ms = 1 where id = %s", job)
        c.sql("update /*schema*/job_lease set started_on = started_on - interval '1 min' where lease = %s", lease)
        c.sql("select /*schema*/expire_attempts()")
        c.sql("update /*schema*/job_live set expire_ms = 900000 where id = %s", job)
    if c.one("select start_after > /*schema*/clock() from /*schema*/job_live where id = %s", job):
        c.sql("select /*schema*/run_now(%s)", job)
    is_(late(job, lease), [], f"{how}: lost while the job waits")
    same, other = claim(second)
    ok(same == job and other != lease, "another claims it") or diag(f"{same} {other}")
    is_(late(job, lease), [], f"{how}: lost while another has it")
    c.sql("select /*schema*/complete(%s::bigint, %s::bigint, '\"right\"')", job, other)
    is_(late(job, lease), [], f"{how}: lost after its end")
    is_(c.sql("select state::text, output::text from /*schema*/job where id = %s", job), [("completed", '"right"')], "the other's outcome stands")
    for worker in (first, second):
        c.sql("select /*schema*/unregister_worker(%s)", worker)
done()
