# SPDX-License-Identifier: MIT
"""Commands as handlers: what they get, how they end, and that nothing of them stays."""
import json
import os
import signal
import time

import daemon
import testdb
from testdb import is_, ok, done

db = testdb.create()
c = db.connect()
CANARY = "canary-7f3a9"
mark = testdb.tmp("mark")
QUEUES = {
    "done": "cat",
    "words": "echo hello",
    "silent": "true",
    "big": "yes x | head -c 300000",
    "ends_early": "exit 0",
    "counts": "wc -c",
    "env": "env | sort; ls /proc/self/fd | wc -l",
    "snooze": "exit 75",
    "final": "echo no such address >&2; exit 65",
    "retry": "echo try later >&2; exit 3",
    "mute": "exit 4",
    "tail": "yes é | head -c 30000 >&2; echo last words >&2; exit 1",
    "bytes": r"printf '\377\000\033[31m' >&2; exit 1",
    "signal": "kill -SEGV $$",
    "leftover": f"sleep 1000 & echo $$ >{mark}.leftover; exit 0",
    "stubborn": f"trap '' TERM; echo $$ >{mark}.stubborn; sleep 1000 & while :; do wait; done",
    "cancelled": f"echo $$ >{mark}.cancelled; sleep 1000 & wait; exit 0",
    "echoes": "cat >&2; exit 1",
}
body = "".join(f"[queue {name}]\nhandler = exec:{command}\nretry_delay = 1h\n" +
               {"stubborn": "expire_in = 4s\nretry_limit = 0\n", "env": "env = PGQUEUE_TEST_PASSED\n",
                "snooze": "retry_delay_max = 1h\n"}.get(name, "") for name, command in QUEUES.items())
d = daemon.start(db, body, worker="drain_timeout = 3s", env={"PGQUEUE_TEST_PASSED": "yes", "PGPASSWORD": "hidden", "LC_TEST": "C"})


def send(queue, data=None, options="{}"):
    return c.one("select /*schema*/send(%s, %s::jsonb, %s::jsonb)", queue, json.dumps(data), options)


def ends(job, state="completed"):
    c.wait("select state::text = %s from /*schema*/job where id = %s", state, job, timeout=20)
    return c.one("select output from /*schema*/job where id = %s", job)


def message(job, state="retry"):
    return (ends(job, state) or {}).get("message", "")


is_(ends(send("done", {"a": [1, "é"]})), {"a": [1, "é"]}, "the payload comes on standard input, JSON output is kept as JSON")
is_(ends(send("words")), "hello", "other output becomes a string")
is_(ends(send("silent")), None, "no output is none")
out = ends(send("big"))
is_((type(out), len(out)), (str, 65536), "of much output the first 64 KiB are kept, the rest does not stop the command")
is_(ends(send("counts", "x" * 300000)), 300002, "a payload larger than the pipe arrives whole")
is_(ends(send("ends_early", "x" * 300000)), None, "a command may end without reading it")

job = send("env")
lines = ends(job).split("\n")
ok(f"PGQUEUE_JOB_ID={job}" in lines and "PGQUEUE_QUEUE=env" in lines and "PGQUEUE_ATTEMPT=1" in lines,
   "the environment names job, queue and attempt")
ok("PGQUEUE_TEST_PASSED=yes" in lines and "LC_TEST=C" in lines, "with what env names and the locale")
allowed = {"PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_", "PGQUEUE_JOB_ID",
           "PGQUEUE_QUEUE", "PGQUEUE_ATTEMPT", "PGQUEUE_TEST_PASSED"}
is_([x for x in (line.split("=")[0] for line in lines[:-1]) if x not in allowed and not x.startswith("LC_")], [],
    "and nothing else")
is_(lines[-1], "4", "no descriptor of the daemon's is open in it (ls has one of its own)")

job = send("snooze")
c.wait("select state::text in ('created', 'retry') and start_after > now() + interval '20 min' from /*schema*/job where id = %s", job)
is_(c.one("select attempt from /*schema*/job where id = %s", job), 0, "75 puts it back for its retry_delay, attempt not counted")
is_(message(send("final"), "failed"), "no such address", "65 fails for good, with standard error as the message")
is_(message(send("retry")), "try later", "another status retries")
is_(message(send("mute")), "exited with status 4", "without a word on standard error the status is the message")
text = message(send("tail"))
ok(text.endswith("last words") and 8000 <= len(text.encode()) <= 8192 and "\ufffd" not in text,
   "of long errors the last 8 KiB are kept, in whole characters")
ok("[31m" in message(send("bytes")), "bytes that are no text do not keep it from being stored")
is_(message(send("signal")), "killed by signal 11 (Segmentation fault)", "a signal is told by number and name")


def group(name):
    path = f"{mark}.{name}"
    testdb.wait(lambda: os.path.exists(path) and os.path.getsize(path) > 0, 10, f"the command {name} runs")
    with open(path, encoding="utf-8") as f:
        return int(f.read())


ends(send("leftover"))
testdb.wait(lambda: not daemon.group_alive(group("leftover")), 10, "what a command leaves behind ends with it")
ok(True, "what a command leaves running in its group ends with it")

stubborn = send("stubborn")
cancelled = send("cancelled")
pid = group("cancelled")
c.one("select /*schema*/cancel(%s)", cancelled)
testdb.wait(lambda: not daemon.group_alive(pid), 15, "the command of a cancelled job ends")
ok(True, "the command of a cancelled job is ended")
pid = group("stubborn")
testdb.wait(lambda: not daemon.group_alive(pid), 20, "a command beyond its expire_in is ended")
ok(True, "a command that ignores TERM is killed after its expire_in, with its group")
ends(stubborn, "failed")

# The worker dies: its commands die with it, whole groups of them
c.sql("select /*schema*/update_queue('cancelled', '{\"retry_limit\": 0}')")
os.unlink(f"{mark}.cancelled")
send("cancelled")
pid = group("cancelled")
os.kill(d.worker(), signal.SIGKILL)
testdb.wait(lambda: not daemon.group_alive(pid), 15, "the commands of a dead worker end")
ok(True, "the commands of a killed worker are killed with all that they started")
d.wait_workers(2)

send("echoes", CANARY)
d.wait_line('msg="attempt failed"')
log = ""


def drain():
    """Of a daemon that is at work, with a command that ends by itself never."""
    global d, log
    d = d if d.running() else daemon.start(db, body, worker="drain_timeout = 3s")
    os.unlink(f"{mark}.cancelled")
    job = send("cancelled")
    pid = group("cancelled")
    began = time.monotonic()
    is_(d.stop(), 0, "it drains")
    took = time.monotonic() - began
    log += d.log()
    ok(3 <= took, "a command may run on until drain_timeout")
    testdb.wait(lambda: not daemon.group_alive(pid), 2, "the command is dead that was killed with the daemon")
    ok(True, "and does not outlive it")
    is_(c.sql("select state::text in ('created', 'retry'), attempt from /*schema*/job where id = %s", job), [(True, 0)],
        "its job was given back uncharged")
    c.sql("select /*schema*/cancel(%s)", job)
    return took


testdb.in_time(4.2, "a command does not hold it longer than drain_timeout and a second", drain)
ok(CANARY not in log and "hunter2" not in log, "no payload is in the log")
done()
