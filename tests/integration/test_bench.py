# SPDX-License-Identifier: MIT
"""The measurements still run, on a thousand jobs, and their report can be made. Measures nothing."""
import json
import os

import testdb
from testdb import done, is_, ok

SRC, BUILD, TMP = (os.environ["PGQUEUE_TEST_" + name] for name in ("SRCDIR", "BUILDDIR", "TMP"))
db = testdb.create(empty=True)
dsn = f"{os.environ['PGQUEUE_TEST_SUPER_DSN']} dbname={db.name}"  # it asks for checkpoints


def bench(case, *size):
    ended = testdb.run(f"{BUILD}/bench/pgq_bench", case, dsn, *size)
    is_((ended.returncode, ended.stderr), (0, ""), f"the case {case} runs")
    return ended.stdout


bench("setup")
lines = bench("raw", 1000) + bench("drain", 1000)
found = [json.loads(line) for line in lines.splitlines()]
is_([one["case"] for one in found], ["raw", "bulk", "drain"], "each reports its lines")
ok(all(one["per_s"] > 0 for one in found), "and each line a rate")
is_(testdb.run(f"{BUILD}/bench/pgq_bench", "no-such-case", dsn).returncode, 2, "an unknown case is refused")

with open(f"{TMP}/lines", "w", encoding="utf-8") as file:
    file.write(lines)
with open(f"{TMP}/page.md", "w", encoding="utf-8") as file:
    file.write("before\n<!-- bench: costs -->\nold\n<!-- end -->\nafter\n")
ended = testdb.run("/usr/bin/python3", f"{SRC}/bench/report.py", "--write", f"{TMP}/page.md", f"{TMP}/lines",
                   env={"PYTHONDONTWRITEBYTECODE": "1"})
is_(ended.returncode, 0, "the report is made of these lines")
ok("drain of 100k" in ended.stdout, "and has the drain in it")
with open(f"{TMP}/page.md", encoding="utf-8") as file:
    page = file.read()
ok(page.startswith("before\n<!-- bench: costs -->\n| ") and page.endswith("|\n<!-- end -->\nafter\n") and "old" not in page,
   "a document's table is replaced, and nothing beside it")

with open(f"{TMP}/half", "w", encoding="utf-8") as file:
    file.write('{"case": "raw"')
for wrong in (f"{TMP}/none", f"{TMP}/half"):
    ended = testdb.run("/usr/bin/python3", f"{SRC}/bench/report.py", wrong, env={"PYTHONDONTWRITEBYTECODE": "1"})
    is_((ended.returncode, "Traceback" in ended.stderr), (2, False), "a report of something else is refused in words")
ok(os.access(f"{SRC}/bench/report.py", os.X_OK), "the report is called as the documents say")

# All of it before anything is built or measured.
for wrong, named in (("--only drain,nothing", '"nothing"'), ("--only ,", "no name"), ("--only drain,growth_batch", '"growth_batch"'),
                     ("--growth --only growth_batch,sustain", '"sustain"'), ("--growth --only raw", '"raw"'),
                     ("--quick --only million", '"million"'), ("--growth --quick", "--quick"), ("--growth --big", "--big"),
                     ("--growth --peers", "--peers"), ("--rounds x", '"x"'), ("--rounds 0", '"0"'), ("--rounds -1", '"-1"'),
                     ("--json TMP/none/x.json", "x.json"), ("--plot TMP/half/y", "half/y")):
    ended = testdb.run(f"{SRC}/bench/run", *(word.replace("TMP", TMP) for word in wrong.split()))
    ok(ended.returncode == 2 and named in ended.stderr and ended.stderr.count("\n") == 1,
       f"bench/run {wrong} is refused in one line")

with open(f"{SRC}/bench/run", encoding="utf-8") as file:
    script = file.read()
cases = testdb.run(f"{BUILD}/bench/pgq_bench").stderr.splitlines()[2:]
is_([line.split()[0] for line in cases if f" {line.split()[0]} " not in script.replace('"', " ").replace("\n", " ")], [],
    "bench/run measures every case")
done()
