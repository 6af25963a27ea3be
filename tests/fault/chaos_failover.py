# SPDX-License-Identifier: MIT
"""The server is killed and its synchronous standby promoted under load: the daemon finds it by the list of hosts, nothing
that was acknowledged is lost, nothing is settled twice."""
import os
import random
import subprocess
import time

import daemon
import storm
import testdb
from testdb import diag, done, is_, ok

storm.begin(1, 1)
UNFLUSHED = 1.5  # s: claims need not wait for the disk or the standby
PG = os.path.join(os.environ["PGQUEUE_TEST_SRCDIR"], "scripts", "pg.sh")


def standby_of(server):
    """A copy of the stopped server's data in a folder of its own; the process and its folder."""
    place = server.dir + "/b"
    subprocess.run(["install", "-d", "-m", "700", place], check=True)
    subprocess.run(["cp", "-a", server.dir + "/data", place + "/data"], check=True)
    stat = os.stat(server.dir + "/data")
    os.chown(place, stat.st_uid, stat.st_gid)
    with open(place + "/data/postgresql.conf", "a", encoding="ascii") as f:
        f.write(f"unix_socket_directories = '{place}'\nprimary_conninfo = 'host={server.dir} port=5432 user=postgres application_name=b'\n")
    with open(place + "/data/standby.signal", "w", encoding="ascii"):
        pass
    os.chown(place + "/data/standby.signal", stat.st_uid, stat.st_gid)
    process = testdb.start("bash", "-c", f'. "{PG}"; dir=$(pg_bindir); PG_DEATHSIG=INT pg_as "$dir/postgres" -D "{place}/data"')
    return process, place


with testdb.Server(fsync="on", full_page_writes="on", wal_level="replica", max_wal_senders="4", hot_standby="on") as server:
    db = server.create()
    server.ctl("stop")
    standby, place = standby_of(server)
    server.ctl("start")
    chief = testdb.Connection(os.environ["PGQUEUE_TEST_SUPER_DSN"])
    chief.sql("alter system set synchronous_standby_names = 'b'")
    chief.sql("select pg_reload_conf()")
    chief.wait("select exists (select from pg_stat_replication where sync_state = 'sync')", timeout=60)
    chief.close()
    both = db.dsn.replace(f"host={server.dir}", f"host={server.dir},{place}").replace("port=5432", "port=5432,5432")
    second = os.environ["PGQUEUE_TEST_SUPER_DSN"].replace(server.dir, place)
    eyes = storm.Eyes(both + " target_session_attrs=read-write")
    d = daemon.start(both, f"[queue chaos]\nhandler = module:{storm.MODULE}:act\nretry_limit = 5\nretry_delay = 0\n",
                     worker="processes = 2\nconcurrency = 4", env=storm.ENV)
    pids = d.workers()

    def add(n):
        rows = eyes.sql("select /*schema*/send_many('chaos', array(select jsonb_build_object('data', x) from unnest(%s) x))",
                        [random.randint(5, 60) for _ in range(n)])
        return [row[0] for row in rows]

    sent = add(400)
    storm.moment(1)
    sent += add(50)  # acknowledged by both, right before
    eyes.close()
    crash = time.monotonic()
    server.ctl("kill")
    waiting = testdb.Connection(second)
    ok(waiting.one("select pg_is_in_recovery()"), "the server is gone, the standby is one still")
    waiting.sql("select pg_promote()")
    waiting.wait("select not pg_is_in_recovery()", timeout=60)
    promoted = time.monotonic()
    waiting.close()
    testdb.wait(lambda: any(e.what == "S" and e.at > promoted for e in storm.events()), 30, "work goes on")
    diag(f"work goes on {next(e.at for e in storm.events() if e.what == 'S' and e.at > promoted) - promoted:.2f} s after the promotion")
    sent += add(20)
    eyes.wait("select count(*) = 0 from /*schema*/job_live", timeout=90)
    is_(eyes.sql("select id from /*schema*/job where state::text = 'completed' order by id"), [(i,) for i in sorted(sent)],
        "nothing that was acknowledged is lost, each job is completed once")
    again = {job: s for job, s in storm.starts().items() if len(s) > 1}
    is_({job: [e.at - crash for e in s] for job, s in again.items() if not all(crash - UNFLUSHED < e.at < promoted for e in s[:-1])}, {},
        "only what was claimed in the last moment is started again")
    is_(eyes.one("select max(attempt) from /*schema*/job"), 1, "no attempt is burnt")
    lines = [line for line in d.log().splitlines() if "level=warning" in line or "level=error" in line]
    ok(len(lines) <= 20, f"the log of two processes stays short ({len(lines)} lines)") or diag("\n".join(lines))
    storm.holds(eyes, "the invariants hold on the new server")
    is_(d.workers(), pids, "no worker process ended")
    is_(d.stop(40), 0, "the daemon drains")
    eyes.close()
    standby.kill(2)
    testdb.run("bash", "-c", f'. "{PG}"; pg_stop "{place}" immediate')
    standby.wait(60)
done()
