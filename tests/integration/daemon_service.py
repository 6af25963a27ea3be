# SPDX-License-Identifier: MIT
"""As a service: what the manager is told, the watchdog, several processes, schedules, the log as JSON."""
import json
import os
import re
import signal
import socket

import daemon
import testdb
from testdb import is_, ok, done

db = testdb.create()
c = db.connect()
HANDLERS = daemon.module("daemon_handlers")

manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(testdb.tmp("notify"))
told = []


def hears(text, timeout=60):
    """Waits until the manager was told something that contains text."""
    manager.settimeout(timeout)
    while not any(text in t for t in told):
        try:
            told.append(manager.recv(4096).decode())
        except TimeoutError:
            testdb.diag(told)
            return False
    return True


d = daemon.start(db, f"""
[queue hold]
handler = module:{HANDLERS}:hold
retry_limit = 0
[queue take]
handler = module:{HANDLERS}:take
[queue env]
handler = exec:env
env = NOTIFY_SOCKET WATCHDOG_USEC
[schedule every-minute]
queue = take
cron = * * * * *
data = 0
[http]
listen = 127.0.0.1:0
""", worker="processes = 2\nwatchdog = 2s\nlog_format = json\nname = tester",
                 env={"NOTIFY_SOCKET": testdb.tmp("notify"), "WATCHDOG_USEC": "2000000"})
ok(hears("READY=1"), "the manager hears when it is ready")
ok(hears("STATUS=2 workers ready"), "and how many workers there are")
ok(hears("WATCHDOG=1"), "and that it is alive")
is_(d.metric("workers_connected"), 2.0, "two worker processes are connected")
is_(c.one("select count(*) from /*schema*/job_worker where name like 'tester%%'"), 2, "both are in the worker table by their name")
is_(c.sql("select key, cron from /*schema*/schedule"), [("every-minute", "* * * * *")], "the schedule is set")
job = c.one("select /*schema*/send('env', 'null', '{}')")
c.wait("select state::text = 'completed' from /*schema*/job where id = %s", job)
ok("NOTIFY_SOCKET" not in c.one("select output #>> '{}' from /*schema*/job where id = %s", job),
   "commands do not speak to the manager")

lines = [json.loads(line) for line in d.log().splitlines() if line.startswith("{")]
is_(len(lines), len(d.log().splitlines()), "every line of the log is JSON")
ended = [x for x in lines if x["msg"] == "attempt ended" and x.get("job") == job]
ok(len(ended) == 1 and ended[0]["queue"] == "env" and ended[0]["attempt"] == 1 and ended[0]["worker"] > 0,
   "with job, queue, attempt and worker")

# A loop that stands still
job = c.one("select /*schema*/send('hold', '600000', '{}')")
c.wait("select state::text = 'failed' from /*schema*/job where id = %s", job, timeout=30)
text = c.one("select output->>'message' from /*schema*/job where id = %s", job)
ok("did not answer any more" in (text or ""), "a handler that holds the loop is ended by the watchdog, and the job told why") or testdb.diag(text)
ok(hears("STATUS=waiting for the database: 1 of 2"), "the manager hears of the missing worker")
told.clear()
ok(hears("STATUS=2 workers ready"), "and of the new one")

job = c.one("select /*schema*/send('take', '4000', '{}')")
c.wait("select state::text = 'completed' from /*schema*/job where id = %s", job, timeout=30)
is_(c.one("select attempt from /*schema*/job where id = %s", job), 1, "a handler that takes long on its thread is left alone")

told.clear()
d.kill(signal.SIGHUP)
ok(hears("RELOADING=1\nMONOTONIC_USEC="), "the manager hears of a reload")
ok(hears("READY=1"), "and of its end")
d.kill(signal.SIGTERM)
ok(hears("STOPPING=1"), "and of the stop")
is_(d.wait(), 0, "it drains")

# What the database refuses of a configuration is told with its name; what an operator removed stays removed
for section, name in (("[schedule broken]\nqueue = env\ncron = @daily\ntz = Mars/Phobos\n", 'schedule \\"broken\\": '),
                      ("dead_letter = nowhere\n", 'queue \\"env\\": ')):
    d = daemon.Daemon(daemon.config(db, f"[queue env]\nhandler = exec:env\n{section}", "refused.ini"))
    is_(d.wait(), 2, "a configuration that the database refuses ends it")
    ok(f'why="{name}' in d.log(), "and the message names the section") or testdb.diag(d.log())
c.sql("select /*schema*/unschedule('every-minute')")
d = daemon.start(db, "[queue env]\nhandler = exec:env\n[schedule every-minute]\nqueue = env\ncron = @daily\n", "removed.ini")
ok("schedule every-minute was removed and stays so" in d.log(), "a schedule that somebody removed is told of")
is_(d.stop(), 0, "it drains")

# What cannot listen is never ready
told.clear()
d = daemon.Daemon(daemon.config(db, "[queue env]\nhandler = exec:env\n[http]\nlisten = unix:/nowhere/http\n", "nowhere.ini"),
                  env={"NOTIFY_SOCKET": testdb.tmp("notify")})
is_(d.wait(), 1, "a place that cannot be listened on ends it")
manager.setblocking(False)
try:
    while True:
        told.append(manager.recv(4096).decode())
except BlockingIOError:
    pass
ok(not any("READY=1" in t for t in told), "and the manager is not told that it is ready") or testdb.diag(told)

# The unit's user reads no file that is closed to others: all secrets may stand in the environment that systemd reads
with open(os.path.join(os.environ["PGQUEUE_TEST_BUILDDIR"], "worker", "pgqueued.service"), encoding="utf-8") as f:
    unit = dict(line.split("=", 1) for line in f.read().splitlines() if "=" in line and line[0] != "#")
ini = unit["ExecStart"].split(" -c ")[1]
ok(unit["ExecStart"].startswith("/") and re.fullmatch("/.*/pgqueued.ini", ini), "the unit names program and configuration")
is_(unit["EnvironmentFile"], "-" + ini.replace(".ini", ".env"), "and secrets beside it, which need not be there")
d = daemon.Daemon(testdb.write("open.ini", f"[database]\nschema = {testdb.schema()}\n[sync]\n"),
                  env={"PGQUEUE_DSN": db.dsn, "ENCRYPTION_MASTER_KEY": "07" * 32}).ready()
is_(d.stop(), 0, "a configuration without database and key works with those of the environment")

# Nobody stops the supervisor's children from outside: what TERM to all of the group at once does
d = daemon.start(db, f"[queue take]\nhandler = module:{HANDLERS}:take\n", "group.ini")
job = c.one("select /*schema*/send('take', '1000', '{}')")
d.wait_line(f'msg="attempt started" job={job} ')  # what is only claimed is given back
os.killpg(d.process.pid, signal.SIGTERM)
is_(d.wait(), 0, "TERM to the whole group, as a terminal or timeout(1) sends it, drains")
is_(c.sql("select state::text, attempt from /*schema*/job where id = %s", job), [("completed", 1)], "and the running job ends")
is_(len(re.findall("stopping now", d.log())), 0, "it is not taken for two")
done()
