# SPDX-License-Identifier: MIT
"""README.md is followed word by word: its programs are compiled, its commands and queries run in the order of the page."""
import os
import re
import signal

import documents
import testdb
from testdb import is_, ok, done

text = documents.page("README.md")
db = documents.database()
c = db.connect()
env = {**documents.environment(db), **documents.installed()}
home = testdb.tmp("clone")
os.mkdir(home)

# What a test cannot run: the scripts (this runs inside of one of them), and somebody's server.
UNTESTED = ["scripts/demo\nscripts/test\n", "scripts/dev\ncd \"$(mktemp -d)\"\n", "pgqueue -d postgresql://owner@db.example.org/app migrate\n"]
is_([b for _, b in documents.blocks(text, "sh") if b not in [m for _, m in documents.marked(text)]], UNTESTED,
    "every command of README is tried, except those that are known not to be")


def passes(result, sentence):
    if not ok(result.returncode == 0, sentence):
        testdb.diag(result.stdout + result.stderr)
    return result.stdout


def run_daemon(line, command):
    p = testdb.start("bash", "-c", f"cd {home!r} && exec {command}", env=env)
    p.wait_line(" ready", 20)
    job = c.one("select pgqueue.send('words', '\"four words are here\"')")
    c.wait("select state::text = 'completed' from pgqueue.job where id = %s", job, timeout=20)
    is_(c.one("select output::text from pgqueue.job where id = %s", job), "4", f"line {line}: the daemon works the queue of a command")
    job = c.one("select pgqueue.send('mail', '{}')")
    c.wait("select state::text = 'completed' from pgqueue.job where id = %s", job, timeout=20)
    is_(c.one("select output ->> 'message' from pgqueue.job where id = %s", job), "sent", f"line {line}: and that of the module")
    is_(c.one("select count(*) from pgqueue.schedule where key = 'morning'"), 1, f"line {line}: and sets the schedule")
    p.kill(signal.SIGTERM)
    is_(p.wait(20), 0, f"line {line}: and ends on TERM")


for mark, block in documents.marked(text):
    line = text.count("\n", 0, text.index(block)) + 1
    if mark in ("hello.c", "module.c", "pgqueued.ini"):
        with open(os.path.join(home, mark), "w", encoding="utf-8") as f:
            f.write(block)
        if mark == "hello.c":
            ok(len(block.splitlines()) <= 30, "the C example has at most 30 lines")
    elif mark == "dev":
        out = passes(documents.bash(block, env, home), f"line {line}: the commands work")
        if "./hello" in block:
            ok(re.search(r'^job \d+ says {"name": "Ann"}$', out, re.MULTILINE), "the C example says what README says")
        elif "wc -w" in block:
            is_(c.one("select output::text from pgqueue.job where queue = 'words'"), "4", "a command counts the words of the payload")
        elif "fanout" in block:
            is_(c.one("select max(start_after) - min(start_after) = '4 min' from pgqueue.job where origin ->> 'run_key' = 'first'"), True,
                "the fan-out is spaced")
        elif "sync now" in block:
            is_(c.one("select array_agg(distinct status) from sync.import_list"), ["completed"], "the import is completed")
            is_(c.one("select count(*) from sync.foursquare_checkin"), 500, "with all check-ins")
            ok("completed" in out, "and the status says so")
    elif mark == "psql":
        is_(passes(testdb.run("psql", "-X", "-v", "ON_ERROR_STOP=1", env=env, stdin=block), f"line {line}: the SQL works")
            .count("completed"), 1, "and shows one completed job")
    elif mark == "queries":
        for query in filter(None, (re.sub(r"^--.*\n", "", q, flags=re.MULTILINE).strip() for q in block.split(";"))):
            passes(testdb.run("psql", "-X", "-v", "ON_ERROR_STOP=1", "-c", query, env=env), f"the query runs: {query.splitlines()[0]}")
    elif mark == "daemon":
        run_daemon(line, block)
    elif mark == "packages":
        script = documents.bash(f". {documents.SRC}/scripts/packages.sh; echo $PACKAGES_BUILD", env).stdout
        is_(block.replace("\\\n", " ").split()[2:], script.split(), "the packages are those that the scripts install")
    elif mark == "build":
        pass  # make distcheck does these steps
    else:
        ok(False, f"line {line}: a known mark: {mark}")

# The limits.
limits = dict(re.findall(r"^\| ([^|\n]+?) \| ([^|\n]+?) \|$", text.split("\n## Limits\n")[1].split("\n## ")[0], re.MULTILINE))
c.sql("select pgqueue.create_queue('q')")


def limit(name, says, good, bad, sqlstate="22023"):
    """README says so; the one statement works, the other does not."""
    ok(says in limits.get(name, ""), f"README tells the limit of {name}")
    c.sql(good)
    testdb.raises(sqlstate, f"{name}: beyond that it is refused", c.sql, bad)


limit("payload", "16 MiB", "select pgqueue.send('q', to_jsonb(repeat('x', 16777000)))",
      "select pgqueue.send('q', to_jsonb(repeat('x', 16777216)))", "54000")
limit("payload", r"no `\u0000`", r"""select pgqueue.send('q', '"\u0001"')""", r"""select pgqueue.send('q', '"\u0000"')""", "22P05")
limit("priorities", "1000000", "select pgqueue.send('q', null, '{\"priority\": 1000000}')",
      "select pgqueue.send('q', null, '{\"priority\": -1000001}')")
limit("priorities", "256 different", "select pgqueue.create_queue('p'), (select count(pgqueue.send('q', null, jsonb_build_object('priority', i)))"
      " from generate_series(1, 254) i)", "select pgqueue.send('q', null, '{\"priority\": 999}')", "54000")
limit("`retry_limit`", "32000", "select pgqueue.send('q', null, '{\"retry_limit\": 32000}')",
      "select pgqueue.send('q', null, '{\"retry_limit\": 32001}')")
limit("`keep_finished`", "0 to 30", "select pgqueue.update_queue('q', '{\"keep_finished\": 30}')",
      "select pgqueue.update_queue('q', '{\"keep_finished\": 31}')")
limit("`expire_in` and all other durations", "24 days", "select pgqueue.update_queue('q', '{\"expire_in\": \"24 days\"}')",
      "select pgqueue.update_queue('q', '{\"expire_in\": \"25 days\"}')")
limit("`expire_in` and all other durations", "as far as you like", "select pgqueue.send('q', null, '{\"start_after\": \"100 years\"}')",
      "select pgqueue.send('q', null, '{\"start_after\": \"infinity\"}')")
limit("names of queues", "100", "select pgqueue.create_queue(repeat('x', 100))", "select pgqueue.create_queue(repeat('x', 101))")
limit("names of queues", "255", "select pgqueue.send('q', null, jsonb_build_object('singleton_key', repeat('x', 255)))",
      "select pgqueue.send('q', null, jsonb_build_object('singleton_key', repeat('x', 256)))")
limit("jobs per `fetch`", "10000", "select pgqueue.fetch('p', 10000)", "select pgqueue.fetch('p', 10001)")

# Exactly once in this database: touch, work, complete in one transaction.
c.sql("select pgqueue.send('p', '1')")
job, lease = c.sql("select id, lease from pgqueue.fetch('p')")[0]
c.sql(f"begin; create table effect as select pgqueue.touch({job}, {lease}) as touched")
is_(c.one("select touched from effect"), "ok", "touch says that the job is still ours")
is_(c.one("select pgqueue.complete(%s, %s)", job, lease), "ok", "and complete is part of the transaction")
c.sql("commit")
is_(c.one("select pgqueue.touch(%s, %s)", job, lease), "lost", "afterwards touch says that it is not")

# The statements of the page for the night.
for mark, block in documents.marked(documents.page("docs/operations.md")):
    if mark == "sql":
        passes(testdb.run("psql", "-X", "-v", "ON_ERROR_STOP=1", env=env, stdin=block), f"operations.md: {block.splitlines()[0]}")
    else:
        boss = os.environ["PGQUEUE_TEST_SUPER_DSN"].replace("dbname=postgres", "dbname=" + db.name)
        role = f"sender_{os.getpid()}"
        script = f"create role {role};\n" + re.sub(r"\bsender\b", role, block) + \
            f"set role {role};\nselect pgqueue.send('mail', '{{}}', '{{\"priority\": 7}}') > 0 as sent;\n" + \
            f"reset role; drop owned by {role}; drop role {role};"
        out = passes(testdb.run("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", boss, stdin=script),
                     "operations.md: the grants are enough to send")
        ok("\nt\n" in out, "and the job is sent")
done()
