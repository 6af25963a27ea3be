# SPDX-License-Identifier: MIT
"""The command line for its tests: runs pgqueue on a test's database and compares exit codes, lines and messages."""
import json
import os

import testdb
from testdb import diag, is_, ok


class Cli:
    def __init__(self, database=None, **env):
        self.database = database or testdb.create()
        self.env = {"PGQUEUE_DSN": self.database.dsn, **env}

    def run(self, *args, stdin="", env=None):
        """The finished program, with the database and the schema of the suite."""
        return testdb.run("pgqueue", "--schema", testdb.schema(), *args, stdin=stdin, env={**self.env, **(env or {})})

    def does(self, sentence, *args, **kwargs):
        """It ends with 0 and says nothing on standard error; its output."""
        return self.ends(0, sentence, *args, error="", **kwargs)

    def ends(self, code, sentence, *args, error=None, **kwargs):
        """It ends with the code, each line of standard error begins with the program's name; error: stands in them. Its output."""
        p = self.run(*args, **kwargs)
        lines = p.stderr.splitlines()
        good = p.returncode == code and all(line.startswith("pgqueue: ") for line in lines)
        if error == "":
            good = good and not lines
        elif error is not None:
            good = good and len(lines) == 1 and error in lines[0]
        if not ok(good, sentence):
            diag(f"$ pgqueue {args}\nexit code {p.returncode}, expected {code}\nstdout: {p.stdout}\nstderr: {p.stderr}")
        return p.stdout

    def json(self, sentence, *args, code=0, **kwargs):
        """The objects, one per line, that it prints with --json."""
        out = self.ends(code, sentence, "--json", *args, **kwargs)
        try:
            return [json.loads(line) for line in out.split("\n") if line]
        except ValueError as e:
            is_(f"{e}: {out!r}", None, "each line is JSON")
            return []

    def queue(self, name, *options):
        p = self.run("queue", "create", name, *options)
        if p.returncode != 0:
            testdb.bail(f"no queue: {p.stderr}")

    def send(self, queue, payload=None, *options):
        """The id of a job just sent."""
        p = self.run("send", queue, *([payload] if payload is not None else []), *options)
        if p.returncode != 0:
            testdb.bail(f"not sent: {p.stderr}")
        return int(p.stdout)


def no_server():
    """A connection string where nobody listens."""
    return f"host={os.environ.get('PGQUEUE_TEST_TMP', '/tmp')} user=nobody password=geheimwort dbname=none"
