# SPDX-License-Identifier: MIT
"""pgqueue work --exec: what exit codes do to jobs, once, limits, signals."""
import json
import os
import signal
import time

import testdb
from testdb import done, is_, ok

from cli import Cli, no_server

cli = Cli()
db = cli.database.connect()
cli.queue("q", "--retry-delay", "1 hour", "--retry-limit", "2")


def work(*args, **kwargs):
    return cli.run("work", "q", *args, **kwargs)


def start(*args):
    return testdb.start("pgqueue", "--schema", testdb.schema(), "work", "q", *args, env=cli.env)


def job(i):
    return cli.json("a look", "show", i)[0]


i = cli.send("q", '{"a": [1, "ö"]}')
p = work("--once", "--exec", 'cat; test "$PGQUEUE_JOB_ID.$PGQUEUE_QUEUE.$PGQUEUE_ATTEMPT" = "%d.q.1"' % i)
is_((p.returncode, p.stderr), (0, ""), "a command runs for a job")
j = job(i)
is_((j["state"], j["output"], j["attempt"]), ("completed", {"a": [1, "ö"]}, 1), "0 completes it, JSON on standard output is its output")
ok(p.stdout.startswith(f"{i} completed (attempt 1, "), "a line tells its end")

i = cli.send("q", "1")
work("--once", "--exec", "echo done it")
is_(job(i)["output"], "done it", "other output is a JSON string")

i = cli.send("q", "1")
p = cli.run("--json", "work", "q", "--once", "--exec", "exit 75")
j = job(i)
is_((p.returncode, j["state"], j["attempt"]), (0, "created", 0), "75 puts it back, the attempt is not counted")
ok(db.one("select start_after > clock_timestamp() + interval '50 min' from /*schema*/job where id = %s", i), "for the retry delay")
is_([json.loads(x)["outcome"] for x in p.stdout.splitlines()], ["snoozed"], "--json prints it")
cli.run("rm", i)

i = cli.send("q", "1")
run = testdb.run("/bin/bash", "-c", "trap '' CHLD; exec pgqueue \"$@\"", "bash", "--schema", testdb.schema(), "work", "q", "--once",
                 "--exec", "exit 3", env=cli.env)
j = job(i)
is_((run.returncode, j["state"], j["attempt"]), (0, "retry", 1), "a parent that ignores SIGCHLD does not make a failed command a done one")
cli.run("rm", i)

i = cli.send("q", "1")
work("--once", "--exec", "echo broken >&2; exit 65")
j = job(i)
is_((j["state"], j["attempt"]), ("failed", 1), "65 fails it for good")
ok("broken" in json.dumps(j["output"]), "the tail of standard error is the error")

i = cli.send("q", "1")
work("--once", "--exec", "echo again >&2; exit 1")
j = job(i)
is_((j["state"], j["attempt"]), ("retry", 1), "any other has it retried")
ok("again" in json.dumps(j["output"]), "with its error")
cli.run("rm", i)

p = work("--once", "--exec", " ")
ok(p.returncode == 2 and "--exec: the command is empty" in p.stderr, "an empty command, which would complete all jobs, is refused")
ids = [cli.send("q", str(n)) for n in range(6)]
later = cli.send("q", "1", "--start-after", "1 hour")
p = work("--once", "--exec", "cat", "--concurrency", "3")
is_([job(i)["state"] for i in ids], ["completed"] * 6, "--once works off what is due")
is_((p.returncode, job(later)["state"]), (0, "created"), "and leaves what is not")
is_(len(p.stdout.splitlines()), 6, "a line for each")

ids = [cli.send("q", str(n)) for n in range(4)]
is_(work("--exec", "cat", "--max-jobs", "3").returncode, 0, "--max-jobs ends it")
is_(sorted(job(i)["state"] for i in ids), ["completed"] * 3 + ["created"], "after so many")
work("--once", "--exec", "cat")

p = start("--exec", "cat")
i = cli.send("q", '"late"')
db.wait("select exists (select from /*schema*/job where id = %s and state = 'completed')", i)
ok(p.running(), "without --once it waits for jobs")
p.kill(signal.SIGTERM)
is_(p.wait(), 0, "TERM ends it")

go = testdb.tmp("go")
i = cli.send("q", "1")
p = start("--exec", f'echo $$ >"{go}.pid"; until [ -e "{go}" ]; do sleep 0.02; done; echo drained')
testdb.wait(lambda: os.path.exists(go + ".pid"), 10, "the command runs")  # a job that is only claimed is given back
p.kill(signal.SIGINT)
testdb.write("go", "")
is_((p.wait(), job(i)["output"]), (0, "drained"), "a running command is let finish")

i = cli.send("q", "1")
p = start("--exec", "exec sleep 600")
testdb.wait(lambda: db.one("select state = 'active' from /*schema*/job where id = %s", i), 10, "the job runs")
p.kill(signal.SIGTERM)
p.wait_line("stopping")
p.kill(signal.SIGTERM)
ok(p.wait(15) in (0, 1), "a second signal ends it now")
j = job(i)
is_((j["state"], j["attempt"]), ("created", 0), "and its job is given back")

cli.send("q", "1")
p = cli.run("work", "q", "--once", "--exec", 'echo "$A|$B|$C|$PGQUEUE_DSN$ENCRYPTION_MASTER_KEY"', "--env", "A  C,", env={
    "A": "1", "B": "2", "C": "3", "ENCRYPTION_MASTER_KEY": "x"})
is_(cli.json("the environment", "ls", "-n", "1")[0]["output"], "1||3|", "is what --env names, without secrets")

i = cli.send("q", "1")
p = start("--exec", "exec sleep 600")
testdb.wait(lambda: db.one("select state = 'active' from /*schema*/job where id = %s", i), 10, "the job runs")
cli.does("a running job is cancelled", "cancel", i)
p.wait_line(f"job {i}, attempt 1: lost")
ok(p.running(), "its command ends and its worker goes on")
p.kill(signal.SIGTERM)
is_(p.wait(), 0, "and ends well")

with testdb.Server() as server:
    own = Cli(server.create())
    own.queue("q")
    p = testdb.start("pgqueue", "--schema", testdb.schema(), "work", "q", "--exec", "cat", env=own.env)
    own.send("q", "1")
    testdb.wait(lambda: "1 completed" in p.output(), 10, "the first job")
    server.ctl("restart")
    p.wait_line("the database went away")
    own.send("q", "2")
    testdb.wait(lambda: "2 completed" in p.output(), 20, "the job after the restart")
    ok("geheim" not in p.log() and len(p.lines("went away")) == 1, "a restart of the database is told once and outlived")
    p.kill(signal.SIGTERM)
    is_(p.wait(), 0, "and the end is as ever")

    # A drain without a database: what has ended waits for it as long as what runs may take, and two seconds for the last word
    gate = testdb.write("gate", "")
    p = testdb.start("pgqueue", "--schema", testdb.schema(), "work", "q", "--drain-timeout", "1", "--exec", f"while [ -e {gate} ]; do sleep 0.05; done",
                     env=own.env)
    i = own.send("q", "3")
    own.database.connect().wait("select state::text = 'active' from /*schema*/job where id = %s", i)
    server.ctl("stop")
    p.wait_line("the database went away")
    os.unlink(gate)
    testdb.wait(lambda: f"{i} completed" in p.output(), 20, "the command ends")
    began = time.monotonic()
    p.kill(signal.SIGTERM)
    is_(p.wait(), 1, "a drain that cannot store what has ended fails")
    ok(time.monotonic() - began >= 1, "it has waited for the database as long as the drain may take")
    ok("they run again" in p.log().splitlines()[-1] and "commands still ran" not in p.log(), "and says what becomes of the jobs") or testdb.diag(p.log())

cli.ends(2, "--exec is needed", "work", "q", error="--exec")
cli.ends(4, "so is a queue", "work", "nowhere", "--once", "--exec", "true", error='queue "nowhere" does not exist')
cli.ends(2, "--concurrency is a number", "work", "q", "--exec", "true", "--concurrency", "0", error="--concurrency")
cli.ends(5, "and a database", "work", "q", "--exec", "true", env={"PGQUEUE_DSN": no_server()}, error="no database")

# A database that refuses each claim, and says each time that there are jobs
cli.send("q", "1")
db.sql("alter table /*schema*/job_ready rename column expire_ms to elsewhere")
p = start("--exec", "true")
failed = lambda: len(p.lines('claim from queue "q" failed'))
testdb.wait(lambda: failed() >= 1, 15, "a claim that fails")
began = time.monotonic()
testdb.wait(lambda: failed() >= 3, 15, "two more")
ok(time.monotonic() - began > 1, "claims that fail are tried again once a second, not in a circle")
p.kill(signal.SIGTERM)
is_(p.wait(), 0, "it can be stopped all the same")


def refused(sentence, reason):
    r = cli.run("work", "q", "--once", "--exec", "true")
    ok(r.returncode == 1 and reason in r.stderr.splitlines()[-1], sentence) or testdb.diag(r)


refused("and the work of a moment ends by itself, with the reason", 'no claim from queue "q": column x.expire_ms does not exist')
db.sql("alter table /*schema*/job_ready rename column elsewhere to expire_ms")

# Three claims that wait for a lock and lose their connection: nobody has refused them
lock = cli.database.connect(autocommit=False)
lock.sql("lock table /*schema*/job_ready in share mode")
p = start("--once", "--exec", "true")
eyes = testdb.Connection(os.environ["PGQUEUE_TEST_SUPER_DSN"])
for _ in range(3):
    eyes.wait("select exists (select from pg_stat_activity where %s = any (pg_blocking_pids(pid)))", lock.pid, timeout=60)
    eyes.sql("select pg_terminate_backend(pid, 60000) from pg_stat_activity where %s = any (pg_blocking_pids(pid))", lock.pid)
lock.rollback()
is_(p.wait(60), 0, "a worker that runs once outlives connections that break while it claims")

db.sql("alter function /*schema*/poll rename to poll_elsewhere")
refused("also when polls are refused", "poll(bigint")
done()
