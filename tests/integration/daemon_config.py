# SPDX-License-Identifier: MIT
"""What pgqueued says to a wrong configuration and to modules that it cannot take, before it touches a database; and that the
example shows the defaults."""
import os
import re
import shutil

import daemon
import testdb
from testdb import is_, ok, done


def check(text, name="check.ini", *options):
    return testdb.run("pgqueued", "-c", testdb.write(name, text), *(options or ("--check-config",)))


def refused(text, line, what, sentence):
    r = check(text)
    ok(r.returncode == 2 and f"check.ini:{line}: " in r.stderr and what in r.stderr, sentence) or testdb.diag(
        f"{r.returncode}: {r.stderr}")


QUEUE = "[queue mail]\nhandler = "
r = check(QUEUE + "exec:true\n")
is_((r.returncode, r.stderr), (0, ""), "a right configuration is accepted without a database")

r = check(QUEUE + "exec:true\nretry_limits = 3\n[wroker]\n")
is_(r.returncode, 2, "a wrong one is a usage error")
ok('check.ini:3: unknown key "retry_limits" in [queue]; did you mean "retry_limit"?' in r.stderr, "the key is named with its line")
ok("check.ini:4: unknown section [wroker]; did you mean [worker]?" in r.stderr, "so is the next mistake")
r = testdb.run("pgqueued", "-c", testdb.tmp("nowhere.ini"), "--check-config")
ok(r.returncode == 2 and "No such file" in r.stderr, "a configuration that is not there is told")
r = testdb.run("pgqueued", "-c", testdb.tmp("nowhere.ini"), "--chekc-config")
is_((r.returncode, r.stderr), (2, "pgqueued: --chekc-config: unknown option; try pgqueued --help\n"), "an option typo is a usage error of one line")
r = testdb.run("pgqueued")
ok(r.returncode == 2 and "-c FILE" in r.stderr, "without a configuration it says what it needs")
ok(testdb.run("pgqueued", "--version").stdout.startswith("pgqueued 0."), "it tells its version")

# Modules
good = daemon.module("daemon_handlers")
r = check(QUEUE + f"module:{good}:take\n")
is_((r.returncode, r.stderr), (0, ""), "a module's handler is found")
refused(QUEUE + f"module:{good}:tkae\n", 2, "it has take, answer, crash", "a handler that it does not have is told, with those it has")
refused(QUEUE + "module:/nowhere/x.so:take\n", 2, "cannot open the module /nowhere/x.so: No such file", "a missing module is told")
refused(QUEUE + "module:x.so:take\n", 2, "there is no module x.so in ", "a relative one with the folders it was looked up in")
refused(QUEUE + f"module:{daemon.module('daemon_other_abi')}:take\n", 2, "was built for module ABI 2, this pgqueued has ABI 1",
        "a module of another ABI is told with both numbers")
refused(QUEUE + f"module:{daemon.module('daemon_no_entry')}:take\n", 2, "no symbol pgqueue_module_entry",
        "a shared object that is no module is told")
text = testdb.write("text.so", "no code\n")
refused(QUEUE + f"module:{text}:take\n", 2, "cannot load the module", "a file that is no shared object is told")

testdb.run("cc", "-shared", "-fPIC", "-o", testdb.tmp("abort.so"), "-x", "c", testdb.write(
    "abort.c", "#include <stdlib.h>\n__attribute__((constructor)) static void loaded(void) { abort(); }\n"))
r = check(QUEUE + "module:abort.so:take\n")
ok(r.returncode == 2 and "a module of the configuration crashes when it is loaded" in r.stderr, "a module that crashes when it is loaded is told") or testdb.diag(r)

folder = testdb.tmp("modules")
os.mkdir(folder, 0o755)
shutil.copy(good, folder)
copy = os.path.join(folder, os.path.basename(good))
r = check(QUEUE + "module:modules/daemon_handlers.so:take\n")
is_((r.returncode, r.stderr), (0, ""), "a relative module is looked up beside the configuration")
os.chmod(copy, 0o757)
refused(QUEUE + f"module:{copy}:take\n", 2, "can be changed by every user", "a module that everybody can write is refused")
os.chmod(copy, 0o755)
os.chmod(folder, 0o777)
refused(QUEUE + f"module:{copy}:take\n", 2, "can be changed by every user", "so is one in a folder that everybody can write")
os.chmod(folder, 0o755)
refused(QUEUE + "exec:true\n[http]\nlisten = 127.0.0.1:0\nkey_file = missing.key\n", 5, "No such file", "a missing key file is told")

# Printing
r = check("[database]\ndsn = postgresql://u:hunter2@h/db\n" + QUEUE + "exec:true\n", "print.ini", "--print-config")
ok(r.returncode == 0 and "hunter2" not in r.stdout and "u:***@h" in r.stdout, "it is printed without the password")
again = check(r.stdout, "printed.ini")
is_(again.returncode, 0, "what was printed can be read") or testdb.diag(again.stderr)
example = os.path.join(os.environ["PGQUEUE_TEST_SRCDIR"], "worker", "pgqueued.ini.example")
is_(testdb.run("pgqueued", "-c", example, "--check-config").returncode, 0, "the example can be read")
with open(example, encoding="utf-8") as f:
    lines = [line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in f]
whole = "".join(line for line in lines if not line.startswith(("dsn", "key_file", "[sync]", "[provider")))
r = check(whole.split("token_format")[0], "whole.ini")
is_(r.returncode, 0, "with all that it has in comments, too") or testdb.diag(r.stderr)

# What the example shows after "#" are the defaults: a queue and a schedule with them are those without
def shown(section, *without):
    """The lines of a section of the example that are comments, but those that only show how such a value looks."""
    text = "".join(lines).split(f"[{section}]\n")[1].split("\n[")[0]
    return "".join(f"{line}\n" for line in text.splitlines() if line and line.split(" = ")[0] not in without)


EXAMPLES = ("handler", "env", "dead_letter", "singleton_key", "group_id", "queue", "cron", "data")
job_options = shown("queue mail", *EXAMPLES, "concurrency", "policy", "keep_finished")
is_(shown("schedule nightly-report", *EXAMPLES, "tz", "missed", "missed_limit", "priority"), job_options,
    "a schedule's jobs have their queue's options")
db = testdb.create()
c = db.connect()
daemon.start(db, f"[queue bare]\nhandler = exec:true\n[queue told]\nhandler = exec:true\n{shown('queue mail', *EXAMPLES)}"
             "[schedule bare]\nqueue = bare\ncron = @yearly\n"
             f"[schedule told]\nqueue = bare\ncron = @yearly\n{shown('schedule nightly-report', *EXAMPLES)}", "shown.ini").stop()
bare, told = c.sql("select policy, retry_limit, retry_ms, backoff, coalesce(retry_max_ms, 86400000), expire_ms, keep_queued_s, "
                   "keep_finished from /*schema*/queue where name in ('bare', 'told') order by name")
is_(told, bare, "the defaults of a queue in the example are right")
bare, told = c.sql("select timezone, missed, missed_limit from /*schema*/schedule order by key")
is_(told, bare, "so are those of a schedule")
printed = check(f"{QUEUE}exec:true\n[sync]\n", "defaults.ini", "--print-config").stdout
for section, other in (("worker", ["name"]), ("sync", ["key_file", "active_users_query", "concurrency"])):
    told = re.sub(r"(?<= = )(\d+)([smhd])$", lambda m: str(int(m[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[m[2]]),
                  shown(section, *other), flags=re.MULTILINE)
    unset = re.findall(r"^# (.*) \(default\)$", printed.split(f"[{section}]\n")[1].split("\n[")[0], re.MULTILINE)
    is_(set(told.splitlines()), set(unset), f"so are those of [{section}]")

# A daemon with a wrong configuration ends with the same words
p = testdb.start("pgqueued", "-c", testdb.write("wrong.ini", QUEUE + f"module:{good}:tkae\n"))
is_(p.wait(), 2, "it does not start with a handler that is not there")
ok("wrong.ini:2: " in p.log(), "and says so with the line")
done()
