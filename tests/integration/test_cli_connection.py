# SPDX-License-Identifier: MIT
"""How pgqueue finds its database, what it says when there is none, and that no password is seen."""
import subprocess

import testdb
from testdb import done, is_, ok

from cli import Cli, no_server

cli = Cli()
other = Cli(testdb.create())
cli.queue("here")
other.queue("there")


def queues(*args, **env):
    p = testdb.run("pgqueue", *args, "queue", "ls", "--schema", testdb.schema(), env={"PGQUEUE_DSN": "", "DATABASE_URL": "", **env})
    return "there" if "there " in p.stdout else "here" if "here " in p.stdout else p.stderr


fields = dict(f.split("=", 1) for f in cli.database.dsn.split())
libpq = {"PGHOST": fields["host"], "PGPORT": fields["port"], "PGUSER": fields["user"], "PGDATABASE": fields["dbname"]}
is_(queues(**libpq), "here", "libpq's environment is used when nothing else is said")
is_(queues(**libpq, DATABASE_URL=other.database.dsn), "there", "DATABASE_URL goes before it")
is_(queues(PGQUEUE_DSN=cli.database.dsn, DATABASE_URL=other.database.dsn), "here", "PGQUEUE_DSN goes before that")
is_(queues("-d", other.database.dsn, PGQUEUE_DSN=cli.database.dsn), "there", "and -d before all")

secret = "geheimwort"
for sentence, dsn in (("nobody listens", no_server()),
                      ("nobody listens there", f"postgresql://u:{secret}@127.0.0.1:1/x?connect_timeout=2")):
    cli.ends(5, sentence, "-d", dsn, "queue", "ls", error="no database, asked for by -d")
    ok(secret not in cli.run("-d", dsn, "queue", "ls").stderr, "the message has no password")
cli.ends(5, "a database that does not exist", "-d", cli.database.dsn.replace("dbname=t_", "dbname=none_"), "ls", error="does not exist")
for dsn in (f"password={secret} nonsense", f"postgresql://u:{secret}@[::1", f"host=x nokey={secret}"):
    cli.ends(2, "a connection string that cannot be understood", "-d", dsn, "queue", "ls", error="cannot be understood")
    ok(secret not in cli.run("-d", dsn, "queue", "ls").stderr, "is not repeated, it may hold a password")

# What ps shows of a program that waits.
for dsn in (f"{cli.database.dsn} password={secret}", f"{cli.database.dsn} sslpassword={secret} password = '{secret} \\'x'",
            f"postgresql://u:{secret}@/{fields['dbname']}?host={fields['host']}"):
    q = subprocess.Popen(["pgqueue", "-d", dsn, "--schema", testdb.schema(), "send", "here", "-"], stdin=subprocess.PIPE,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    testdb.wait(lambda: b"xxxx" in open(f"/proc/{q.pid}/cmdline", "rb").read(), 10, "arguments without the password")
    ok(secret.encode() not in open(f"/proc/{q.pid}/cmdline", "rb").read(), "ps does not show the password")
    q.communicate(b"1")

empty = testdb.create(empty=True)
cli.ends(1, "a schema that is not migrated", "-d", empty.dsn, "send", "here", "1", error="migrate")
p = testdb.run("pgqueue", "-d", cli.database.dsn, "--schema", "elsewhere", "queue", "ls")
ok(p.returncode == 1 and "migrate" in p.stderr, "another schema is not there")

# Output that cannot be written.
def shell(command):
    return testdb.run("sh", "-c", command, env={"PGQUEUE_DSN": cli.database.dsn, "S": testdb.schema()})


p = shell('pgqueue --schema "$S" queue ls >/dev/full')
ok(p.returncode == 1 and "cannot write" in p.stderr, "a full disk is an error")
p = shell('pgqueue --schema "$S" queue ls >&-')
ok(p.returncode == 1 and "cannot write" in p.stderr, "so is a closed output")
p = shell('{ pgqueue --schema "$S" queue ls; echo $? >&2; } | exec true')
ok(p.stderr in ("0\n", "1\n"), "a reader that has gone away is no crash")
p = shell('pgqueue --schema "$S" send here 1 <&- 2>&-')
is_(p.returncode, 0, "closed descriptors are not the database's")

# Without a database.
cli.ends(2, "a later command is unknown", "doctor", error='unknown command "doctor"')
out = testdb.run("pgqueue", "--help")
ok(out.returncode == 0 and "schedule preview" in out.stdout, "help needs no database")
is_(testdb.run("pgqueue", "--version").stdout.split()[0], "pgqueue", "nor does the version")
p = testdb.run("pgqueue", "version", env={"PGQUEUE_DSN": no_server()})
ok(p.returncode == 0 and "libpgqueue" in p.stdout and "no database" in p.stdout, "version says when there is none")
v = cli.json("version", "version")[0]
ok(v["queue"]["installed"] == v["queue"]["wanted"] > 0, "tells the schema's version")
done()
