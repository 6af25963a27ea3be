# SPDX-License-Identifier: MIT
"""A second server that follows a test's own one, and failovers between the two; knows no queue.

    with testdb.Server(**pair.SETTINGS) as server:
        db = server.create()
        two = pair.Pair(server, db)
        two.follow(sync="on")       # the standby is there and has all
        two.crash()                 # kill -9 of every process of the primary
        two.promote()               # the standby is the primary now; follow() gives it one of its own
        two.dsn                     # a connection string of both hosts, which finds the primary
"""
import os
import shutil
import signal
import subprocess

import testdb

SETTINGS = {"fsync": "on", "full_page_writes": "on", "wal_level": "replica", "max_wal_senders": "8", "hot_standby": "on",
            "wal_keep_size": "256MB"}
_PG = os.path.join(os.environ["PGQUEUE_TEST_SRCDIR"], "scripts", "pg.sh")
_ENV = {"PGQUEUE_PG_BINDIR": os.environ.get("PGQUEUE_TEST_PG_BINDIR", "")}


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def _gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Pair:
    """primary and standby are the folders of the two: a server's socket and its data lie in its folder."""

    def __init__(self, server, database):
        self.primary, self.standby = server.dir, server.dir + "/b"
        self.database = database
        self._process = {}
        self.dsn = self.of(f"{self.primary},{self.standby}").replace("port=5432", "port=5432,5432") + " target_session_attrs=read-write"

    def of(self, place, user=None):
        """The connection string of the test's database on one of the two."""
        fields = dict(field.split("=", 1) for field in self.database.dsn.split())
        return " ".join(f"{k}={v}" for k, v in {**fields, "host": place, "user": user or fields["user"]}.items())

    def root(self, place):
        return testdb.Connection(self.of(place, "postgres"))

    def _copy(self, chief):
        """Copies the primary's data to the standby's folder, to follow it. By hand, because not every server that the tests run
        on comes with pg_basebackup."""
        old = chief.one("select current_setting('server_version_num')::int") < 150000
        begin, end = ("pg_start_backup('copy', true, false)", "pg_stop_backup(false, false)") if old else \
            ("pg_backup_start('copy', true)", "pg_backup_stop(false)")
        source, target = self.primary + "/data", self.standby + "/data"
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(target, 0o700, exist_ok=True)
        chief.sql("select " + begin)
        # tar ends with 1 if files changed or went while it read them, as they do here, and with 2 if it could not work.
        run = subprocess.run(["bash", "-c", 'tar --exclude="postmaster.*" -C "$0" -c . | tar -C "$1" -x; s=("${PIPESTATUS[@]}"); [ "${s[0]}" -le 1 ] && [ "${s[1]}" = 0 ]',
                              source, target], capture_output=True, text=True, check=False)
        if run.returncode:
            testdb.bail("the standby's copy: " + run.stderr)
        for name, text in (("backup_label", chief.one("select labelfile from " + end)), ("standby.signal", ""),
                           ("postgresql.conf", f"unix_socket_directories = '{self.standby}'\n"),
                           ("postgresql.auto.conf", f"primary_conninfo = 'host={self.primary} port=5432 user=postgres application_name=standby'\n")):
            with open(f"{target}/{name}", "a", encoding="utf-8") as f:
                f.write(text)
        owner = os.stat(source)
        for name in (self.standby, f"{target}/backup_label", f"{target}/standby.signal"):
            os.chown(name, owner.st_uid, owner.st_gid)

    def follow(self, sync=None):
        """Makes the standby, and waits until it has all. sync: commits wait for it from now on, with this
        synchronous_commit."""
        chief = self.root(self.primary)
        self._copy(chief)
        # The one that is promoted later must not wait for a standby that it does not have: it is set after the copy.
        if sync:
            chief.sql("alter system set synchronous_standby_names = 'standby'")
            chief.sql(f"alter system set synchronous_commit = {sync}")
            chief.sql("select pg_reload_conf()")
        self._process[self.standby] = testdb.start(
            "bash", "-c", f'. "{_PG}"; PG_DEATHSIG=INT pg_as "$(pg_bindir)/postgres" -D "{self.standby}/data"', env=_ENV)
        chief.wait("select exists (select from pg_stat_replication where state = 'streaming' and sync_state = %s)",
                   "sync" if sync else "async", timeout=60)
        chief.close()
        self.caught_up()

    def caught_up(self):
        """Waits until the standby has applied all that was committed on the primary so far."""
        chief, second = self.root(self.primary), None
        at = chief.one("select pg_current_wal_flush_lsn()::text")

        def look():
            nonlocal second
            try:
                second = second or self.root(self.standby)
                return second.one("select pg_last_wal_replay_lsn() >= %s::pg_lsn", at)
            except Exception:  # it does not accept connections yet
                return None
        testdb.wait(look, 60, "the standby has all")
        chief.close()
        second.close()

    def cut(self):
        """The standby gets nothing any more, the primary goes on alone."""
        second, chief = self.root(self.standby), self.root(self.primary)
        second.sql("alter system set primary_conninfo = ''")
        second.sql("select pg_reload_conf()")
        chief.wait("select count(*) = 0 from pg_stat_replication", timeout=60)
        second.close()
        chief.close()

    def crash(self):
        """kill -9 of the primary and all its processes, so that nothing answers or is written after it."""
        with open(self.primary + "/data/postmaster.pid", encoding="ascii") as f:
            chief = int(f.readline())
        pids = [chief] + _children(chief)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        testdb.wait(lambda: all(_gone(pid) for pid in pids), 30, "the primary is gone")

    def promote(self):
        second = self.root(self.standby)
        if not second.one("select pg_is_in_recovery()"):
            testdb.bail("the standby was none")
        second.sql("select pg_promote(false)")
        second.wait("select not pg_is_in_recovery()", timeout=60)
        second.close()
        self.primary, self.standby = self.standby, self.primary

    def stop(self):
        """Stops what was started here."""
        for place, process in self._process.items():
            testdb.run("bash", "-c", '. "$0"; pg_stop "$1" immediate', _PG, place, env=_ENV)
            process.wait(60)
