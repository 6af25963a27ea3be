# SPDX-License-Identifier: MIT
"""The sync application for Python tests: a database with connected users, the provider's sandbox, a pgqueued.

    app = syncapp.App("--delay", "20")                # arguments of the sandbox
    anna = app.user("anna", "gen:500")                # connected by pgqueue sync connect; its id
    app.start(processes=2)                            # pgqueued with the sync module; app.daemon
    app.run()                                         # the orchestrator now; waits until all imports have ended
    app.same("anna")                                  # what is stored is what the provider has
"""
import json
import os

import sandbox
import testdb

KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"


class App:
    def __init__(self, *args):
        self.database = testdb.create()
        self.c = self.database.connect()
        self.sandbox = sandbox.Sandbox(*args)
        self.env = {"ENCRYPTION_MASTER_KEY": KEY, "PGQUEUE_DSN": self.database.dsn}
        self.daemon = None
        self.tokens = {}
        # A retry comes at once, not after a minute.
        self.options(retry_delay=0)

    def options(self, **options):
        self.c.sql("select /*schema*/update_queue('import-checkins', %s)", json.dumps(options))

    def pgqueue(self, *args, stdin=""):
        return testdb.run("pgqueue", "--schema", testdb.schema(), *args, env=self.env, stdin=stdin)

    def command(self, *args, stdin=""):
        """A pgqueue command that must succeed; what it prints."""
        done = self.pgqueue(*args, stdin=stdin)
        if done.returncode != 0:
            testdb.bail(f"pgqueue {' '.join(args)}: {done.returncode} {done.stderr}")
        return done.stdout.strip()

    def user(self, token, spec=None):
        """Adds a user, connects him by this token and answers his id; spec makes the token's history."""
        if spec:
            self.sandbox.control("POST", "user", token=token, spec=spec)
        user = self.command("sync", "user", "add", token)
        connection = self.command("sync", "connect", user, "foursquare", stdin=json.dumps({"access_token": token}))
        self.tokens[token] = int(connection)
        return int(user)

    def start(self, wait=True, spacing="0", worker="", sync="", provider="", env=None, **settings):
        """Starts pgqueued. Keyword arguments go to [worker], the texts to their sections as lines."""
        settings = "".join(f"{k} = {v}\n" for k, v in settings.items())
        conf = testdb.write(f"pgqueued.{id(object())}.ini",
                            f"[database]\ndsn = {self.database.dsn}\nschema = {testdb.schema()}\n"
                            f"[worker]\n{settings}{worker}\n[sync]\nspacing = {spacing}\n{sync}\n"
                            f"[provider foursquare]\nbase_url = {self.sandbox.url}\n{provider}\n")
        os.chmod(conf, 0o600)
        self.daemon = testdb.start("pgqueued", "-c", conf, env={**self.env, **(env or {})})
        if wait:
            self.c.wait("select exists (select from /*schema*/job_worker)", timeout=20)
        return self.daemon

    def stop(self):
        self.daemon.kill(15)
        return self.daemon.wait(20)

    def open(self):
        return self.c.one("select count(*) from sync.import_job where status in ('pending', 'running')")

    def wait(self, timeout=60):
        """Waits until no import is open."""
        testdb.wait(lambda: self.open() == 0, timeout, "all imports have ended\n" + (self.daemon.log() if self.daemon else ""))

    def run(self, timeout=60):
        """Runs the orchestrator by hand and waits for its imports; its output."""
        job = self.c.one("select /*schema*/send('daily-sync-orchestrator')")
        self.c.wait("select state in ('completed', 'failed') from /*schema*/job where id = %s", job, timeout=timeout)
        self.wait(timeout)
        return self.c.one("select output from /*schema*/job where id = %s", job)

    def now(self, *users, timeout=60):
        """Imports these users now and waits; (status, records, error, attempts) of the last import of each."""
        self.c.sql("select * from sync.import_now(%s::bigint[])", list(users) or None)
        self.wait(timeout)
        return [self.last(user) for user in users]

    def last(self, user):
        return self.c.sql("select status, records, error, attempts from sync.import_list where user_id = %s"
                          " order by import_id desc limit 1", user)[0]

    def status(self, token):
        return self.c.sql("select sync_status, sync_error from sync.connection where id = %s", self.tokens[token])[0]

    def count(self, token):
        return self.c.one("select count(*) from sync.foursquare_checkin where connection_id = %s", self.tokens[token])

    def same(self, token, texts=None):
        """Each check-in of the provider is stored exactly once and exactly as it is, and nothing else."""
        if texts is None:
            self.sandbox.control("POST", "fault", kind="none", token=token)  # else they meet us, too
            texts = self.sandbox.walk(token)
        rows = self.c.one("with p as (select t::jsonb as raw from unnest(%s::text[]) t),"
                          " s as (select raw from sync.foursquare_checkin where connection_id = %s)"
                          " select (select count(*) from (select raw from p except all select raw from s) x)"
                          " + (select count(*) from (select raw from s except all select raw from p) x)",
                          texts, self.tokens[token])
        if rows:
            testdb.diag(f"{token}: {rows} differences, {self.count(token)} stored, {len(texts)} at the provider")
        return rows == 0

    def agree(self):
        """Job, import and connection of every import tell the same; a list of those that do not."""
        return self.c.sql("""
            select i.id, i.status, j.state::text, c.sync_status from sync.import_job i
            join sync.connection c on c.id = i.connection_id
            left join /*schema*/job j on j.id = i.job_id
            where i.status is distinct from case j.state::text when 'completed' then 'completed' when 'failed' then 'failed'
                when 'cancelled' then 'failed' when 'active' then 'running' else i.status end
              or (i.status in ('pending', 'running') and coalesce(j.state::text, 'gone') <> all (array['created', 'retry', 'active']))
              or (i.id = (select max(id) from sync.import_job l where l.connection_id = c.id)
                and c.sync_status <> all (case i.status when 'completed' then array['completed']
                  when 'failed' then array['failed', 'needs_reauth'] else array['pending', 'syncing', 'completed', 'failed'] end))""")
