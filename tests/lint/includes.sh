# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Who may include what: the library looks downwards only, programs see the public header, each dependency has one door
# per program, and no file needs itself by way of others. A header and the source of its name are one file here.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"

check() {
    files '*.c' '*.h' | "$PYTHON3" -c '
import os, re, sys

LAYERS = {"base": 0, "db": 1, "core": 2, "run": 3}
PROGRAMS = ("worker", "orchestrator", "cli", "sandbox", "examples", "bench")
PUBLIC = {"libqueue/pgqueue.h", "libqueue/pgqueue_libevent.h"}
# header: where it may be included, as regular expressions of paths
DOORS = [
    (r"libpq-fe\.h|libpq/.*|libpq-events\.h", r"libqueue/db/|orchestrator/db\.c$|cli/db\.c$|examples/|tests/|bench/"),
    (r"event2?/.*|event\.h", r"libqueue/pgqueue_libevent\.h$|worker/|orchestrator/|cli/|sandbox/|examples/|tests/|bench/"),
    (r"(cjson/)?cJSON\.h", r"(.*/)?json\.c$"),
    (r"openssl/.*", r"(.*/)?vault\.c$|libqueue/base/|tests/unit/"),
    (r"curl/.*", r"orchestrator/http\.c$|tests/"),
]
library_ssl = set()
uses = {}  # of a file without its ending: the others that it includes

def layer(path):
    m = re.match(r"libqueue/(\w+)/", path)
    return LAYERS.get(m.group(1)) if m else None

for path in sys.stdin.read().split("\n"):
    if not path:
        continue
    program = path.split("/")[0]
    user = program in PROGRAMS or path.startswith("tests/integration/")
    for n, line in enumerate(open(path, encoding="utf-8", errors="replace"), 1):
        m = re.match(r"\s*#\s*include\s*[<\"]([^>\"]+)[>\"]", line)
        if not m:
            continue
        name = m.group(1)
        where = f"{path}:{n}: "
        for header, doors in DOORS:
            if re.fullmatch(header, name) and not re.match(doors, path):
                print(f"{where}{name} has its door elsewhere ({doors})")
        if name.startswith("openssl/") and path.startswith("libqueue/"):
            library_ssl.add(path)
        # Which file of the tree is it?
        target = None
        for folder in (os.path.dirname(path), "libqueue", "libqueue/base", "libqueue/db", "libqueue/core", "libqueue/run", "."):
            candidate = os.path.normpath(os.path.join(folder, name))
            if os.path.exists(candidate):
                target = candidate
                break
        if not target:
            continue
        this, other = os.path.splitext(path)[0], os.path.splitext(target)[0]
        if this != other:
            uses.setdefault(this, set()).add(other)
        mine, its = layer(path), layer(target)
        if mine is not None and its is not None and its > mine:
            print(f"{where}{target} is a layer above")
        if path.startswith("libqueue/") and target.split("/")[0] in PROGRAMS:
            print(f"{where}the library includes a program: {target}")
        if user and target.startswith("libqueue/") and target not in PUBLIC:
            print(f"{where}{target} is private to the library")
        there = target.split("/")[0]
        if program in PROGRAMS and there in PROGRAMS and there != program and (program, there) != ("cli", "orchestrator") and (path, target) != ("cli/work.c", "worker/exec.h"):
            print(f"{where}{target} belongs to another program")
def circle(start):
    """The shortest way from a file back to itself; None if there is none."""
    came, todo = {}, [start]
    for file in todo:
        for other in sorted(uses.get(file, ())):
            if other == start:
                way = [start, file]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return way[::-1]
            if other not in came:
                came[other] = file
                todo.append(other)
    return None

told = set()
for file in sorted(uses):
    way = None if file in told else circle(file)
    if way:
        told.update(way)
        print(" -> ".join(way) + " is a circle")
if len(library_ssl) > 1:
    print(f"libqueue: more than one file includes openssl: {sorted(library_ssl)}")
'
}

plant libqueue/db/conn.h </dev/null
plant libqueue/base/buf.c <<<'#include "../db/conn.h"'
finds "a layer that includes one above is found" 'buf.c:1: libqueue/db/conn.h is a layer above'
plant libqueue/base/buf.h </dev/null
plant libqueue/core/send.c <<<'#include "base/buf.h"'
accepts "a layer may include one below"
plant libqueue/core/send.c <<<'#include <libpq-fe.h>'
finds "libpq outside its door is found" 'libpq-fe.h has its door elsewhere'
plant libqueue/run/loop.c <<<'#include <event2/event.h>'
finds "libevent in the library is found" 'event2/event.h has its door'
plant orchestrator/page.c <<<'#include <cjson/cJSON.h>'
finds "cJSON outside json.c is found" 'cJSON.h has its door'
plant orchestrator/import.c <<<'#include <curl/curl.h>'
finds "curl outside http.c is found" 'curl.h has its door'
plant cli/send.c <<<'#include <openssl/evp.h>'
finds "OpenSSL outside vault.c is found" 'evp.h has its door'
plant libqueue/base/a.c <<<'#include <openssl/rand.h>'
plant libqueue/base/b.c <<<'#include <openssl/rand.h>'
finds "a second door to OpenSSL in the library is found" 'more than one file'
plant libqueue/core/send.h </dev/null
plant worker/main.c <<<'#include "../libqueue/core/send.h"'
finds "a program that looks into the library is found" 'send.h is private'
plant libqueue/core/send.h </dev/null
plant tests/integration/test_x.c <<<'#include "core/send.h"'
finds "an integration test that looks into the library is found" 'send.h is private'
plant libqueue/pgqueue.h </dev/null
plant worker/main.c <<<'#include <pgqueue.h>'
accepts "a program may include the public header"
plant worker/config.h </dev/null
plant cli/work.c <<<'#include "../worker/config.h"'
finds "a program that looks into another is found" 'belongs to another program'
plant cli/cli.h <<<'#include "db.h"'
plant cli/db.h </dev/null
plant cli/db.c <<<$'#include "db.h"\n#include "cli.h"'
finds "two files that include each other are a circle, also by a source" '^cli/cli -> cli/db -> cli/cli is a circle'
plant worker/a.h <<<'#include "b.h"'
plant worker/b.h <<<'#include "c.h"'
plant worker/b.c <<<'#include "b.h"'
plant worker/c.h </dev/null
plant worker/c.c <<<$'#include "c.h"\n#include "a.h"'
finds "so are three" '^worker/a -> worker/b -> worker/c -> worker/a is a circle'
plant worker/a.c <<<$'#include "a.h"\n#include "b.h"\n#include "c.h"'
plant worker/a.h <<<'#include "c.h"'
plant worker/b.h <<<'#include "c.h"'
plant worker/c.h </dev/null
accepts "two ways to one file are none"
tree_is_clean "every include of the tree is allowed"
tap_done
