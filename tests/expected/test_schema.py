# SPDX-License-Identifier: MIT
"""The migrated schema against tests/expected/schema.sql, which shows what the migrations add up to, and against itself
in another schema. PGQUEUE_TEST_UPDATE=1 writes the file anew."""
import difflib
import os
import re
import subprocess

import testdb
from testdb import bail, diag, done, is_, ok

EXPECTED = os.path.join(os.environ["PGQUEUE_TEST_SRCDIR"], "tests/expected/schema.sql")
MARKER = "/*schema*/"


def dump(database, schema):
    """What pg_dump says of a schema, without what differs between servers; the schema's name becomes the marker."""
    run = subprocess.run([os.path.join(os.environ["PGQUEUE_TEST_PG_BINDIR"], "pg_dump"), "--schema-only", "--no-owner", "--no-acl",
                          "--no-comments", "--schema", '"' + schema + '"', "-d", database.dsn], capture_output=True, text=True, check=False)
    if run.returncode:
        bail(run.stderr)
    text = re.sub(r'"?' + re.escape(schema) + r'"?\.', MARKER, run.stdout)
    text = re.sub(r'"?' + re.escape(schema) + r'"?;', "SCHEMA;", text)
    text = re.sub(r"^(SET|SELECT pg_catalog.set_config|--|\\).*$", "", text, flags=re.M)
    # The partitions of finished jobs are alike.
    text = re.sub(r"job_finished_(\d+)", lambda m: m.group(0) if m.group(1) == "0" else "", text)
    return text


def statements(text):
    """Tables, types, constraints, indexes, views; functions are shown by their own files."""
    found = []
    text = re.sub(r"^CREATE FUNCTION .*?AS (\$[a-z_]*\$).*?\1;$", "", text, flags=re.S | re.M)
    for s in re.split(r";\n", text):
        s = re.sub(r"\n\s*\n+", "\n", s).strip()
        if s and not re.search(r"job_finished_?\b(?!_0)(?:_id_idx|_queue_state)|\bATTACH PARTITION " + re.escape(MARKER) + r"\s", s) \
                and not re.search(re.escape(MARKER) + r"(\s|_)", s):
            found.append(re.sub(r"[ \t]+$", "", s, flags=re.M) + ";\n")
    return sorted(found)


db = testdb.create()
got = statements(dump(db, testdb.schema()))
text = "-- SPDX-License-Identifier: MIT\n-- What the migrations of the queue add up to: written by tests/expected/test_schema.py.\n\n" + "\n".join(got)
ok(len(got) > 40, f"the schema has its objects ({len(got)})")
if os.environ.get("PGQUEUE_TEST_UPDATE"):
    with open(EXPECTED, "w", encoding="utf-8") as f:
        f.write(text)
if db.connect().raw.server_version // 10000 == 15:
    with open(EXPECTED, encoding="utf-8") as f:
        want = f.read()
    if not ok(text == want, "it is the one that tests/expected/schema.sql shows"):
        diag("\n".join(list(difflib.unified_diff(want.splitlines(), text.splitlines(), "expected", "migrated", lineterm="", n=1))[:60]))
        diag("if that is meant: PGQUEUE_TEST_UPDATE=1 make check TESTS=tests/expected/test_schema.py")

# In a schema of another name, and in a database where one is installed already
other = "Another Odd Name" if testdb.schema() != "Another Odd Name" else "pgqueue"
run = testdb.run("pgqueue", "-d", db.dsn, "--schema", other, "migrate", "--only", "queue")
is_(run.returncode, 0, "a second schema can be migrated into the same database")
is_(statements(dump(db, other)), got, "it is the same under any name")
c = db.connect()
is_(c.one("""select count(*) from pg_depend d join pg_class k on d.classid = 'pg_class'::regclass and d.objid = k.oid
    join pg_class r on d.refclassid = 'pg_class'::regclass and d.refobjid = r.oid
    where (k.relnamespace::regnamespace::text, r.relnamespace::regnamespace::text) in ((%s, %s), (%s, %s))""",
          f'"{other}"', testdb.schema(), testdb.schema(), f'"{other}"'), 0, "neither depends on the other")
c.sql(f"""select "{other}".create_queue('q'); select "{other}".send('q', '1')""")
is_(c.one("select count(*) from /*schema*/queue where name = 'q'"), 0, "and a queue of the one is none of the other")
rows = c.sql(f"""select id, lease from "{other}".fetch('q')""")
is_(c.one(f"""select "{other}".complete(%s, %s)""", *rows[0]), "ok", "the second works")
run = testdb.run("pgqueue", "-d", db.dsn, "--schema", testdb.schema(), "migrate")
is_(run.returncode, 0, "migrating again is no error")
is_(statements(dump(db, testdb.schema())), got, "and changes nothing")
done()
