# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The daemon's settings stand in three places, which tell the same: the table of the program, the manual page, the
# example file.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"

check() {
    [ -f worker/keys.c ] || return 0
    "$PYTHON3" - <<'PY'
import re

def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()

source = read("worker/keys.c")
table = set(re.findall(r'^ *\{"(\w+)", "(\w+)",', source, re.M))
shared = re.findall(r'\{?section, "(\w+)",', source)
for kind in re.findall(r'^ *JOB_OPTIONS\("(\w+)"\)', source, re.M):
    table |= {(kind, name) for name in shared}

def page(text):
    found, kind = set(), None
    for line in text.splitlines():
        if m := re.match(r"# \[(\w+)", line):
            kind = m.group(1)
        elif line.startswith("# "):
            kind = None
        elif kind and re.match(r"\*\w+\*(, \*\w+\*)*$", line):
            found |= {(kind, name) for name in re.findall(r"\*(\w+)\*", line)}
    return found

def example(text):
    found, kind = set(), None
    for line in text.splitlines():
        if m := re.match(r"#?\[(\w+)", line):
            kind = m.group(1)
        elif m := re.match(r"#?(\w+) = ", line):
            found.add((kind, m.group(1)))
    return found

for what, there in (("worker/pgqueued.5.scd", page(read("worker/pgqueued.5.scd"))),
                    ("worker/pgqueued.ini.example", example(read("worker/pgqueued.ini.example")))):
    for kind, name in sorted(table - there):
        print(f"{what}: [{kind}] {name} is missing")
    for kind, name in sorted(there - table):
        print(f"{what}: [{kind}] {name} is unknown to worker/keys.c")
PY
}

plant_three() {
    plant worker/keys.c <<<'    {"worker", "name", TEXT, NULL, 0},'
    plant worker/pgqueued.5.scd <<<$'# [worker]\n\n*nome*\n\tx'
    plant worker/pgqueued.ini.example <<<$'[worker]\n#name = x'
}
plant_three
finds "a setting that the manual page does not tell is found" '5.scd: .worker. name is missing'
plant_three
finds "so is one that there is not" '5.scd: .worker. nome is unknown'
tree_is_clean "table, manual page and example tell the same"
tap_done
