# SPDX-License-Identifier: MIT
"""Imports while everything around them is killed: worker process, supervisor, provider, database backend; knows the
promises of the sync application, not how they are kept.

10 rounds, 100 in the long run (PGQUEUE_TEST_LONG). PGQUEUE_TEST_SEED repeats the choices of a run, not its timing."""
import os
import random
import signal
import time

import psycopg2

import sandbox
import testdb
from testdb import diag, done, is_, ok

ROUNDS = 100 if os.environ.get("PGQUEUE_TEST_LONG") else 10
USERS_PER_ROUND = 3
CHECKINS = 300
KEY = "00112233445566778899aabbccddeeff" * 2
seed = int(os.environ.get("PGQUEUE_TEST_SEED") or time.time_ns() % 1000000)
random.seed(seed)
diag(f"PGQUEUE_TEST_SEED={seed}, {ROUNDS} rounds")


class Eyes:
    """Looks at the database over crashes of the server: a lost connection is opened again."""

    def __init__(self, dsn):
        self.dsn = dsn
        self.connection = None

    def _rows(self, sql, values):
        try:
            if not self.connection:
                self.connection = testdb.Connection(self.dsn)
            return self.connection.sql(sql, *values) or [(None,)]
        except psycopg2.Error as e:
            if e.pgcode and not e.pgcode.startswith(("57P", "08")):
                raise
            self.connection = None
            return None

    def rows(self, sql, *values):
        return testdb.wait(lambda: self._rows(sql, values), 30, "the database is back")

    def one(self, sql, *values):
        return self.rows(sql, *values)[0][0]

    def wait(self, sql, timeout):
        testdb.wait(lambda: self.one(sql), timeout, sql)


def cli(*args, **how):
    """pgqueue, again when the database was away just then."""
    def call():
        result = testdb.run("pgqueue", "-d", db.dsn, "--schema", testdb.schema(), *args, **how)
        return None if result.returncode == 5 else result
    return testdb.wait(call, 60, "pgqueue " + " ".join(map(str, args)))


def must(*args, **how):
    result = cli(*args, **how)
    if result.returncode:
        testdb.bail(f"pgqueue {args}: {result.returncode} {result.stderr}")
    return result.stdout.strip()


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(child) for child in f.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def start_provider(port=0):
    return sandbox.Sandbox("--listen", f"127.0.0.1:{port}", "--generate", CHECKINS, "--delay", 20)


def start_daemon():
    process = testdb.start("pgqueued", "-c", config)
    process.wait_line("worker started", 20)
    return process


def kill_worker():
    testdb.wait(lambda: children(daemon.pid), 20, "the supervisor has a worker process")
    return any([kill(pid) for pid in children(daemon.pid)])


def kill_supervisor():
    global daemon
    workers = children(daemon.pid)
    daemon.kill()
    daemon.wait()
    for pid in workers:
        testdb.wait(lambda pid=pid: not os.path.exists(f"/proc/{pid}") or zombie(pid), 10,
                    f"worker {pid} ends with its supervisor")
    daemon = start_daemon()
    return True


def zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill_provider():
    global provider
    port = provider.port
    provider.process.kill()
    provider.process.wait()
    provider = start_provider(port)
    return True


def kill_backend():
    pid = eyes.one("select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
                   " and backend_type = 'client backend' order by random() limit 1")
    return pid is not None and kill(pid)


KINDS = [kill_worker, kill_supervisor, kill_provider, kill_backend]
OPEN = "select count(*) from sync.import_job where status in ('pending', 'running')"

with testdb.Server(restart_after_crash="on") as server:
    db = server.create()
    eyes = Eyes(db.dsn)
    provider = start_provider()
    key = testdb.write("key", KEY)
    os.chmod(key, 0o600)
    config = testdb.write("pgqueued.ini", f"""
[database]
dsn = {db.dsn}
schema = {testdb.schema()}
[worker]
processes = 2
[sync]
key_file = {key}
spacing = 0
[provider foursquare]
base_url = {provider.url}
page_size = 50
""")
    must("queue", "update", "import-checkins", "--retry-delay", "1", "--retry-delay-max", "1", "--retry-limit", "1000")
    daemon = start_daemon()

    killed = {kind.__name__: 0 for kind in KINDS}
    user = 0
    for round_ in range(ROUNDS):
        users = []
        for _ in range(USERS_PER_ROUND):
            user += 1
            must("sync", "user", "add", f"user {user}", "--id", user)
            must("sync", "connect", user, "foursquare", "--key-file", key,
                 stdin=f'{{"access_token": "gen-{user}"}}')
            users.append(user)
        must("sync", "now", *users)
        eyes.wait("select exists (select from sync.import_job where status = 'running')", 60)
        time.sleep(random.random() * 0.3)  # the random moment
        if round_ % len(KINDS) == 0:
            random.shuffle(KINDS)
        kind = KINDS[round_ % len(KINDS)]
        if kind():
            killed[kind.__name__] += 1
    diag(f"killed: {killed}")
    ok(all(killed.values()), "each kind of process was killed while imports ran")

    eyes.wait(OPEN.replace("select count(*)", "select count(*) = 0"), 180)
    ok(True, "every import ends")
    is_(eyes.one("select count(*) from sync.import_job where status not in ('completed', 'failed')"), 0,
        "each as completed or failed")
    is_(eyes.rows("select i.id, i.status, j.state::text from sync.import_job i left join /*schema*/job j on j.id = i.job_id"
                  " where i.status <> coalesce(j.state::text, '')"), [(None,)],
        "no import says another end than its job")
    is_(eyes.rows("select i.id, i.error from sync.import_job i where i.status = 'failed'"), [(None,)],
        "with retries left none fails")
    is_(eyes.rows("select c.user_id, count(k.id), count(distinct k.id) from sync.connection c"
                  " left join sync.foursquare_checkin k on k.connection_id = c.id group by c.user_id"
                  f" having count(k.id) <> {CHECKINS} or count(distinct k.id) <> {CHECKINS}"), [(None,)],
        "every user has every check-in once")
    is_(eyes.rows("select c.user_id, sum(i.records) from sync.import_job i join sync.connection c on c.id = i.connection_id"
                  f" group by c.user_id having sum(i.records) <> {CHECKINS}"), [(None,)],
        "and the imports counted each of them once")

    again = cli("sync", "now", "--wait", timeout=180)
    is_(again.returncode, 0, "nobody is locked out of the next run")
    if again.returncode:
        diag(again.stdout + again.stderr)
    is_(eyes.one("select count(*)::int from sync.foursquare_checkin"), user * CHECKINS, "which imports nothing twice")
    is_(eyes.one(OPEN), 0, "and leaves nothing open")
    daemon.kill(signal.SIGTERM)
    is_(daemon.wait(40), 0, "the daemon that lived through it ends well")
done()
