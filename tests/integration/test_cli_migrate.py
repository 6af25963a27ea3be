# SPDX-License-Identifier: MIT
"""pgqueue migrate: twice, two at once, --plan, --only, hostile schema names, a newer database, missing rights."""
import os

import testdb
from testdb import done, is_, ok

from cli import Cli


def migrate(database, *args, schema=None):
    return testdb.run("pgqueue", "-d", database.dsn, "--schema", schema or testdb.schema(), "migrate", *args)


def objects(database):
    return database.connect().one("select count(*)::int from pg_class c join pg_namespace n on n.oid = relnamespace "
                                  "where nspname not like 'pg\\_%%' and nspname <> 'information_schema'")


one = testdb.create(empty=True)
p = migrate(one, "--plan")
plan = p.stdout
is_((p.returncode, p.stderr), (0, ""), "--plan prints the SQL")
ok("create table" in plan and "/*schema*/" not in plan, "with the schema in it")
is_(objects(one), 0, "and changes nothing")
is_(testdb.run("pgqueue", "-d", one.dsn, "--schema", testdb.schema(), "migrate", "--plan").stdout, plan, "nor does it the second time")

p = migrate(one)
is_((p.returncode, p.stderr), (0, ""), "an empty database is migrated")
ok(objects(one) > 10, "objects are there")
first = one.describe()
p = migrate(one)
is_((p.returncode, p.stderr), (0, ""), "a second time is fine")
is_(one.describe(), first, "and changes nothing")

two = testdb.create(empty=True)
p = testdb.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", two.dsn, stdin=plan)
is_((p.returncode, p.stderr), (0, ""), "psql takes the plan")
is_(two.describe(), first, "and makes the same schema")
p = migrate(two, "--plan")
ok(p.returncode == 0 and "create table" not in p.stdout.lower().replace("create table if not exists", ""),
   "after which nothing is left to plan")
is_(migrate(two).returncode, 0, "and migrate has nothing against it")

for n in range(3):
    both = testdb.create(empty=True)
    procs = [testdb.start("pgqueue", "-d", both.dsn, "--schema", testdb.schema(), "migrate") for _ in range(3)]
    is_([(p.wait(60), p.log()) for p in procs], [(0, "")] * 3, "three at once all succeed")
    is_(both.describe(), first, "and make the schema once")

three = testdb.create(empty=True)
is_(migrate(three, "--only", "queue").returncode, 0, "--only queue")
is_(three.connect().one("select count(*)::int from pg_namespace where nspname = 'sync'"), 0, "leaves out the sync application")
p = testdb.run("pgqueue", "-d", three.dsn, "--schema", testdb.schema(), "sync", "status")
ok(p.returncode == 1 and "pgqueue migrate" in p.stderr, "whose commands say what to do")
p = migrate(three, "--only", "everything")
ok(p.returncode == 2 and "neither queue nor sync" in p.stderr, "another set is refused")

second = migrate(one, schema="second")
ok(second.returncode == 1 and f'belongs to the queue in schema "{testdb.schema()}"' in second.stderr and
   "--only queue" in second.stderr, "a second queue in a database is told whose the sync application is")
p = migrate(one, "--only", "sync", "--plan", schema="second")
is_((p.returncode, p.stdout), (1, ""), "nor is it planned to take it over")
p = migrate(one, "--only", "queue", schema="second")
is_((p.returncode, p.stderr), (0, ""), "with --only queue all is well")
p = migrate(one)
is_((p.returncode, p.stderr), (0, ""), "also for the first")

for name in ("Odd Name", "a;b, drop schema public --", "日本 ö"):
    odd = testdb.create(empty=True)
    p = migrate(odd, "--only", "queue", schema=name)
    is_((p.returncode, p.stderr), (0, ""), f"a schema may be called {name!r}")
    is_(odd.connect().one("select count(*)::int from pg_namespace where nspname = %s", name), 1, "and is called so")
    run = ["pgqueue", "-d", odd.dsn, "--schema", name]
    is_(testdb.run(*run, "queue", "create", "q").returncode, 0, "a queue in it")
    is_(testdb.run(*run, "send", "q", "1").stdout, "1\n", "takes a job")

for name in ('a"b', "a'b", "a\\b", "$1 x", "%s", "x" * 64, ""):
    p = migrate(three, schema=name) if name else testdb.run("pgqueue", "-d", three.dsn, "--schema", "", "migrate")
    ok(p.returncode == 2 and "1 to 63 bytes" in p.stderr, f"a schema is not called {name!r}")

cli = Cli(one)
c = one.connect()
c.sql("update /*schema*/migration set version = 9999 where set_name = 'queue' and version > 0")
for args in (("migrate",), ("queue", "ls"), ("send", "x", "1")):
    p = cli.run(*args)
    ok(p.returncode == 1 and "newer" in p.stderr and len(p.stderr.splitlines()) == 1,
       f"a database that is newer is refused by {args[0]}, with a message")
v = cli.run("version")
ok(v.returncode == 0 and "9999" in v.stdout, "version still tells it")

fields = dict(f.split("=", 1) for f in os.environ["PGQUEUE_TEST_SUPER_DSN"].split())
locked = testdb.create(empty=True)
admin = testdb.Connection(os.environ["PGQUEUE_TEST_SUPER_DSN"])
admin.sql(f"alter database {locked.name} owner to {fields['user']}")
p = migrate(locked)
ok(p.returncode == 1 and "permission denied" in p.stderr, "missing rights are told")
is_(objects(locked), 0, "and nothing is half done")
owner = dict(f.split("=", 1) for f in os.environ["PGQUEUE_TEST_DSN"].split())["user"]
admin.sql(f"alter database {locked.name} owner to {owner}")
done()
