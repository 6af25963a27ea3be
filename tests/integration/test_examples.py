# SPDX-License-Identifier: MIT
"""Each example is run as its first lines say, and did in the database what they promise."""
import os
import re
import shutil
import signal

import documents
import testdb
from testdb import is_, ok, done

db = documents.database()
c = db.connect()
env = documents.environment(db)
EXAMPLES = os.path.join(documents.SRC, "examples")
BUILT = os.path.join(documents.BUILD, "examples")


def example(*argv, stdin=""):
    """Runs one to its end, which has to be good: what it printed."""
    name = argv[0] if argv[0].startswith(BUILT) else argv[-1]
    r = testdb.run(*argv, env=env, stdin=stdin)
    if not ok(r.returncode == 0, f"{os.path.basename(name)} ends well"):
        testdb.diag(r.stdout + r.stderr)
    return r.stdout


def built(name, *args):
    return example(os.path.join(BUILT, name), *args)


def psql(name):
    return example("psql", "-X", "-q", "-A", "-t", "-F", "|", "-f", os.path.join(EXAMPLES, name))


def jobs(queue, columns):
    return c.sql(f"select {columns} from pgqueue.job where queue = %s order by id", queue)


def ends(job, state="completed"):
    c.wait("select state::text = %s from pgqueue.job where id = %s", state, job, timeout=20)
    return c.one("select output from pgqueue.job where id = %s", job)


def daemon(folder, ini):
    p = testdb.start("bash", "-c", 'cd "$0" && exec pgqueued -c "$1"', folder, ini, env=env)
    p.wait_line(" ready", 20)
    return p


# 01
out = built("01_send")
is_(out.count("sent job"), 3, "01_send sends three jobs")
ok("not sent" in out, "and says that the fourth is refused")
is_(jobs("mail", "priority, retry_limit, singleton_key, start_after > created_on + interval '59 min'"),
    [(0, 5, None, False), (10, 5, None, True), (0, 5, "invoice-2026-1042", False)], "with the options that it gave")

# 02
c.sql("select pgqueue.send('mail', '{\"to\": \"bounce@example.org\"}')")
out = built("02_worker", "--once")
is_(out.count("attempt 1"), 3, "02_worker runs the three jobs that are due")
is_(jobs("mail", "state::text, output"),
    [("completed", {"sent": True}), ("created", None), ("completed", {"sent": True}),
     ("failed", {"message": "the address does not exist"})], "and settles each")
p = testdb.start(os.path.join(BUILT, "02_worker"), env=env)
c.wait("select exists (select from pgqueue.job_worker)", timeout=20)
job = c.one("select pgqueue.send('mail', '{}')")
ends(job)
p.kill(signal.SIGTERM)
is_(p.wait(20), 0, "TERM ends it")

# 03
built("03_transaction", "COMMIT")
built("03_transaction", "ROLLBACK")
is_(jobs("ship", "(data ->> 'order')::bigint"), c.sql("select id from orders"), "03_transaction: a job for the committed order only")
is_(len(jobs("ship", "id")), 1, "and there is one")

# 04
c.sql("select pgqueue.declare_queue('tick'), pgqueue.send_many('tick', array_fill('{}'::jsonb, array[50]))")
out = built("04_event_loop", "--once")
is_(out.count("is done"), 50, "04_event_loop ends its jobs on the loop")
is_(jobs("tick", "count(*) over () n")[0][0], 50, "all of them")
is_(set(s for (s,) in jobs("tick", "state::text")), {"completed"}, "and they are completed")

# 05
folder = testdb.tmp("module")
os.mkdir(folder)
shutil.copy(os.path.join(EXAMPLES, "05_module.ini"), folder)
shutil.copy(os.path.join(BUILT, ".libs", "05_module.so"), folder)
p = daemon(folder, "05_module.ini")
is_(ends(c.one("select pgqueue.send('echo', '{\"a\": 1}')")), {"a": 1}, "05_module: echo answers with the payload")
job = c.one("select pgqueue.send('stumble', null)")
ends(job)
is_(c.one("select attempts -> 0 -> 'output' ->> 'message' from pgqueue.job where id = %s", job), "stumbled",
    "05_module: the second attempt succeeds, the first one is on record")
ok(p.lines("echoed"), "05_module: its line is in the daemon's log")
p.kill(signal.SIGTERM)
is_(p.wait(20), 0, "and the daemon ends")

# 06
for who in ("bounce", "busy", "fine"):
    c.sql("select pgqueue.send('mail', jsonb_build_object('to', %s || '@example.org'))", who)
out = built("06_fetch_by_hand")
is_(out.count("is settled"), 3, "06_fetch_by_hand settles three jobs")
is_([r[0] for r in jobs("mail", "state::text")][-3:], ["failed", "created", "completed"], "one failed, one snoozed, one completed")

# 07
out = psql("07_sql.sql")
ok("\nlost\n" in out, "07_sql: a second settle is lost")
is_(jobs("resize", "data ->> 'image', state::text, attempt, output"),
    [("1", "completed", 1, {"bytes": 1234}),
     ("2", "failed", 1, {"message": "this is no picture"}),
     ("1", "retry", 1, {"message": "the disk is full"})], "07_sql: one done, one failed, one to be tried again")

# 08
p = daemon(EXAMPLES, "08_exec.ini")
is_(ends(c.one("select pgqueue.send('measure', '{\"x\": 1}')")), {"length": 8}, "08_exec: the output is kept")
is_(ends(c.one("select pgqueue.send('measure', '\"broken\"')"), "failed")["message"].split(":")[1].strip(), "this cannot work",
    "08_exec: 65 fails for good, with the last words")
job = c.one("select pgqueue.send('measure', '\"busy\"')")
c.wait("select start_after > clock_timestamp() + interval '4 min' from pgqueue.job where id = %s", job, timeout=20)
is_(c.one("select state::text from pgqueue.job where id = %s", job), "created", "08_exec: 75 comes back later, uncharged")
p.kill(signal.SIGTERM)
is_(p.wait(20), 0, "and the daemon ends")

# 09
out = example("sh", os.path.join(EXAMPLES, "09_schedule.sh"))
ok("2026-03-29 01:00" in out or "2026-03-29 03:00" in out, "09_schedule: the night of the gap has its run, at its end")
is_(jobs("report", "data, origin ->> 'schedule'"), [({"kind": "short"}, "nightly")], "09_schedule: one job, sent by hand")
is_(c.one("select removed_on is not null from pgqueue.schedule where key = 'nightly'"), True, "09_schedule: and it is removed")

# 10
out = psql("10_fan_out.sql")
ok("customer 6|00:10:00" in out, "10_fan_out: the sixth comes after the last of the first run")
is_(len(jobs("statement", "id")), 6, "10_fan_out: six jobs, none doubled")

# The sample configuration, its queue and schedule with every option that stands there as a comment.
sample = documents.page("worker/pgqueued.ini.example")
chosen = re.search(r"^\[queue mail\].*?(?=^#\[http\])", sample, re.MULTILINE | re.DOTALL)[0]
c.sql("select pgqueue.declare_queue('mail-failed')")
testdb.write("sample.ini", re.sub(r"^#(?=\[|\w+ = )", "", chosen, flags=re.MULTILINE))
p = daemon(testdb.tmp(), "sample.ini")
is_(c.sql("select dead_letter, keep_finished, retry_max_ms from pgqueue.queue where name = 'mail'"), [("mail-failed", 1, 86400000)],
    "pgqueued.ini.example: the database takes every option of a queue")
is_(c.one("select options ->> 'group_id' from pgqueue.schedule where key = 'nightly-report'"), "reports",
    "pgqueued.ini.example: and of a schedule")
p.kill(signal.SIGTERM)
p.wait(20)

seen = sorted(f for f in os.listdir(EXAMPLES) if f[0].isdigit())
is_(sorted({f[:2] for f in seen}), [f"{i:02}" for i in range(1, 11)], "no example is left out here")
for f in seen:
    ok(len(documents.page("examples/" + f).splitlines()) < 100, f"{f} has less than 100 lines")
done()
