# SPDX-License-Identifier: MIT
# The price of a job in the client's process, under callgrind: instructions and allocations, libpq's and the C library's
# included, of gate_client's runs over two numbers of jobs. Their difference is the price; start and end cancel out.
#
# A limit is what was measured (Debian 12, gcc 12 -O2, libpq 15, x86-64) and at most a fifth more, for other compilers and
# libraries; of allocations less than twice that. How a limit is changed is told in tests/README.md.
import os
import re
import shutil

import testdb
from testdb import diag, done, is_, ok

BUILD = os.environ["PGQUEUE_TEST_BUILDDIR"]
CLIENT = f"{BUILD}/tests/integration/gate_client"
built = testdb.run(CLIENT, "built").stdout.strip()
counts = built == "plain"  # another build has other figures; there the client only has to do its work
if counts and not shutil.which("valgrind"):
    testdb.skip_all("valgrind is missing, which counts instructions")

db = testdb.create()
c = db.connect()
c.sql("select /*schema*/create_queue('gate')")


def price(mode, jobs):
    """What the whole process executed and how often it allocated."""
    out = testdb.tmp(f"callgrind.{mode}.{jobs}")
    before = c.one("select count(*) from /*schema*/job where state = 'completed'")
    command = [CLIENT, mode, testdb.schema(), jobs]
    if counts:
        # libtool: the program, not the script that sets its library's path
        command = [f"{BUILD}/libtool", "--mode=execute", "valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}"] + command
    ran = testdb.run(*command, env={"PGQUEUE_DSN": db.dsn}, timeout=140)
    if not ok(ran.returncode == 0, f"{mode} {jobs} ends well"):
        diag(ran.stderr)
    if mode in ("loop", "threads"):
        is_(c.one("select count(*) from /*schema*/job where state = 'completed'") - before, jobs, f"and {jobs} jobs were done")
    if not counts:
        return 0, 0
    names, called, instructions, allocations = {}, None, 0, 0
    with open(out, encoding="utf-8", errors="replace") as f:
        for line in f:
            if m := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?", line):
                if m[3]:
                    names[m[2]] = m[3]
                called = m[2] if m[1] else called
            elif m := re.match(r"calls=(\d+)", line):
                if re.fullmatch(r"(malloc|calloc|realloc)('\d+)?", names[called]):
                    allocations += int(m[1])
            elif m := re.match(r"(?:totals|summary): (\d+)", line):
                instructions = int(m[1])
    return instructions, allocations


def check(what, few, many, jobs, instructions, allocations):
    per_job = [(b - a) / jobs for a, b in zip(few, many)]
    if not counts:
        return
    diag(f"{what}: {per_job[0]:.0f} instructions, {per_job[1]:.3f} allocations per job")
    ok(0 < per_job[0] <= instructions, f"{what} takes at most {instructions} instructions per job ({per_job[0]:.0f})")
    ok(per_job[1] <= allocations, f"{what} allocates at most {allocations} times per job ({per_job[1]:.3f})")


FEW, MANY = 1000, 5000
bulk, loop = [], []
for n in (FEW, MANY):
    bulk.append(price("bulk", n))
    loop.append(price("loop", n))
send = [price("send", n) for n in (100, 300)]
c.sql("select /*schema*/enqueue('gate', array_fill('{}'::jsonb, array[%s]))", FEW - 400)
threads = [price("threads", FEW)]
c.sql("select /*schema*/enqueue('gate', array_fill('{}'::jsonb, array[%s]))", MANY)
threads.append(price("threads", MANY))

check("sending 1,000 a call", *bulk, MANY - FEW, 485, 0.01)  # measured: 403, 0.006
check("sending one by one", *send, 200, 6900, 6)  # measured: 5,883, 5
# libpq keeps rows in blocks of 2 kB, nothing else allocates for a job.
check("working on the loop by 1,000", *loop, MANY - FEW, 4120, 0.25)  # measured: 3,368 to 3,456, 0.19
# The size of claims and settles follows the speed of the machine, but for all except the first there is as much to take as
# they may. On a busy machine the figures were the same: 3,377 to 3,464, 0.13 to 0.14.
check("working in ten threads", *threads, MANY - FEW, 4150, 0.2)
if not counts:
    diag(f"{built}: nothing was counted")
done()
