# SPDX-License-Identifier: MIT
"""The whole chain while it is killed: the daily orchestrator and its imports run, histories grow, and a worker process,
the supervisor, the provider or a database backend gets SIGKILL at a random moment. Afterwards every check-in is there
exactly once, and nobody is locked out of the next run."""
import os
import random

import sandbox
import storm
import testdb
from testdb import diag, done, is_, ok

ROUNDS = storm.begin(10, 100)
USERS = 6  # at first; one more with each round up to twice as many
CHECKINS = 120
GROWTH = 25
PAGE = 20
key = testdb.write("key", "00112233445566778899aabbccddeeff" * 2)
os.chmod(key, 0o600)


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


class Provider:
    """The sandbox, always at the same port and with the same histories, however often it is started."""

    def __init__(self):
        self.grown = {}
        self.port = 0
        self.start()

    def start(self):
        users = [arg for user, n in self.grown.items() for arg in ("--user", f"{self.token(user)}=gen:{CHECKINS},seed={user},grown={n}")]
        self.sandbox = sandbox.Sandbox("--listen", f"127.0.0.1:{self.port}", "--delay", 15, *users)
        self.port = self.sandbox.port

    @staticmethod
    def token(user):
        return f"user-{user}"

    def add(self, user):
        self.grown[user] = 0
        self.sandbox.control("POST", "user", token=self.token(user), spec=f"gen:{CHECKINS},seed={user}")

    def grow(self, user):
        self.grown[user] += GROWTH
        self.sandbox.grow(self.token(user), GROWTH)

    def kill(self):
        self.sandbox.process.kill()
        self.sandbox.process.wait()
        self.start()


def add_user():
    user = len(provider.grown) + 1
    provider.add(user)
    must("sync", "user", "add", f"user {user}", "--id", user)
    must("sync", "connect", user, "foursquare", "--key-file", key, stdin=f'{{"access_token": "{provider.token(user)}"}}')


def start_daemon():
    process = testdb.start("pgqueued", "-c", config)
    process.wait_line("worker started", 30)
    return process


def kill_worker():
    testdb.wait(lambda: storm.children(daemon.pid), 40, "the supervisor has a worker process")
    return any([storm.signal_to(pid) for pid in storm.children(daemon.pid)[:1]])


def kill_supervisor():
    global daemon
    daemon.kill()
    daemon.wait()
    daemon = start_daemon()  # its predecessor's workers may still drain
    return True


def kill_provider():
    provider.kill()
    return True


def kill_backend():
    pid = eyes.one("select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
                   " and backend_type = 'client backend' order by state = 'active' desc, random() limit 1")
    return pid is not None and storm.signal_to(pid)


KINDS = [kill_worker, kill_supervisor, kill_provider, kill_backend]
OPEN = "select count(*)::int from sync.import_job where status in ('pending', 'running')"

with testdb.Server(fsync="on", full_page_writes="on", restart_after_crash="on") as server:
    db = server.create()
    eyes = storm.Eyes(db.dsn)
    provider = Provider()
    config = testdb.write("pgqueued.ini", f"""
[database]
dsn = {db.dsn}
schema = {testdb.schema()}
[worker]
processes = 2
drain_timeout = 2s
[sync]
key_file = {key}
spacing = 0.05
[provider foursquare]
base_url = {provider.sandbox.url}
page_size = {PAGE}
""")
    must("queue", "update", "import-checkins", "--retry-delay", "0.2", "--retry-delay-max", "1", "--retry-limit", "50")
    must("queue", "update", "daily-sync-orchestrator", "--retry-delay", "0.2", "--retry-delay-max", "1", "--retry-limit", "50")
    for _ in range(USERS):
        add_user()
    daemon = start_daemon()

    killed = {kind.__name__: 0 for kind in KINDS}
    broken = []
    for round_ in range(ROUNDS):
        if round_ % len(KINDS) == 0:
            random.shuffle(KINDS)
        kind = KINDS[round_ % len(KINDS)]
        for user in provider.grown:
            provider.grow(user)
        if len(provider.grown) < 2 * USERS:
            add_user()
        must("sync", "run")
        if round_ % 3:  # every third kill may meet the orchestrator
            eyes.wait("select exists (select from sync.import_job where status = 'running') or not exists (select from /*schema*/job_live)",
                      timeout=90)
        storm.moment(0.5)
        if kind():
            killed[kind.__name__] += 1
        broken += [(round_, kind.__name__, what) for what in storm.wrong(eyes)]
    diag(f"killed: {killed}")
    ok(all(killed.values()), "each kind of process was killed while imports ran")
    is_(broken, [], "after each kill all invariants held, no import was open without a live job")

    eyes.wait("select count(*) = 0 from /*schema*/job_live", timeout=120)
    is_(eyes.one(OPEN), 0, "every import ends")
    is_(eyes.sql("select i.id, i.status, j.state::text from sync.import_job i left join /*schema*/job j on j.id = i.job_id"
                 " where i.status <> coalesce(j.state::text, '') or i.status not in ('completed', 'failed')"), [],
        "as completed or failed, as its job")
    is_(eyes.sql("select j.id, j.output::text from /*schema*/job j where j.state::text <> 'completed'"), [], "with retries left no job fails")
    is_(eyes.sql("select c.id, c.sync_status, i.status from sync.connection c left join lateral (select * from sync.import_job i"
                 " where i.connection_id = c.id order by i.id desc limit 1) i on true where c.sync_status is distinct from i.status"), [],
        "and each connection says the same")

    again = cli("sync", "run", "--wait", timeout=120)
    ok(again.returncode == 0, "nobody is locked out of the next run") or diag(again.stdout + again.stderr)
    is_(eyes.sql("select u.id from sync.app_user u where not exists (select from sync.import_job i join sync.connection c"
                 " on c.id = i.connection_id where c.user_id = u.id and i.status = 'completed'"
                 " and i.run_key = (select run_key from sync.run order by created_on desc limit 1))"), [], "it imports for every user")
    missing = {}
    for user in provider.grown:
        texts = provider.sandbox.walk(provider.token(user))
        if len(texts) != CHECKINS + provider.grown[user]:
            testdb.bail(f"the provider has {len(texts)} check-ins of user {user}")
        bad = eyes.sql("select coalesce(k.id, t.item->>'id'), k.id is null, t.item is null from unnest(%s::jsonb[]) t(item)"
                       " full join (select k.* from sync.foursquare_checkin k join sync.connection c on c.id = k.connection_id"
                       " where c.user_id = %s) k on k.id = t.item->>'id' where k.raw is distinct from t.item", texts, user)
        if bad:
            missing[user] = bad[:3]
    is_(missing, {}, "every check-in that the provider serves is there once, as it was served, and no other")
    is_(eyes.one("select count(*)::int from sync.foursquare_checkin"), sum(CHECKINS + n for n in provider.grown.values()), "none twice")
    is_(eyes.one("select sum(records)::int from sync.import_job"), eyes.one("select count(*)::int from sync.foursquare_checkin"),
        "and the imports counted each of them once")
    storm.holds(eyes, "all invariants hold at the end")

    daemon.kill(15)
    is_(daemon.wait(40), 0, "the daemon that lived through it drains")
    testdb.wait(lambda: not storm.running(config), 20, "no process is left over")
    ok(True, "no process is left over")
    eyes.close()
done()
