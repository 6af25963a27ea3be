# SPDX-License-Identifier: MIT
"""What the tests of documents and examples share: the fenced blocks of a page, a database whose schema has the name that
the documents use, and a folder that looks like an installed library; knows no page."""
import os
import re
import shutil

import testdb

SRC = os.environ["PGQUEUE_TEST_SRCDIR"]
BUILD = os.environ["PGQUEUE_TEST_BUILDDIR"]


def page(name):
    with open(os.path.join(SRC, name), encoding="utf-8") as f:
        return f.read()


def blocks(text, language):
    """The fenced blocks of a language, in order: [(mark, text)]. The mark stands in the line above: <!-- test: MARK -->."""
    found = re.finditer(r"(?:^<!-- test: (?P<mark>[^\n]*?) -->\n)?^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", text,
                        re.MULTILINE | re.DOTALL)
    return [(m["mark"], m["text"]) for m in found if language in (None, m["language"])]


def marked(text):
    """The blocks of any language that have a mark."""
    return [(mark, block) for mark, block in blocks(text, None) if mark]


def database():
    """A database migrated as the documents have it: schema pgqueue, whatever schema the suite runs in."""
    db = testdb.create(empty=True)
    done = testdb.run("pgqueue", "-d", db.dsn, "migrate")
    if done.returncode:
        testdb.bail("pgqueue migrate: " + done.stderr)
    return db


def environment(db):
    """The variables that scripts/dev sets, for that database."""
    fields = dict(field.split("=", 1) for field in db.dsn.split())
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE", "password": "PGPASSWORD"}
    return {"PGQUEUE_DSN": db.dsn, **{names[k]: v for k, v in fields.items() if k in names}}


def installed():
    """A folder with headers, library and pkg-config file as an installation has them; the variables that lead there."""
    home = testdb.tmp("installed")
    for folder in ("include", "lib/pkgconfig"):
        os.makedirs(os.path.join(home, folder), exist_ok=True)
    for header in ("pgqueue.h", "pgqueue_libevent.h"):
        shutil.copy(os.path.join(SRC, "libqueue", header), os.path.join(home, "include"))
    libs = os.path.join(BUILD, "libqueue", ".libs")
    for name in os.listdir(libs):
        if name.startswith("libpgqueue.so"):
            shutil.copy(os.path.join(libs, name), os.path.join(home, "lib"), follow_symlinks=False)
    with open(os.path.join(BUILD, "libqueue", "libpgqueue.pc"), encoding="utf-8") as f:
        pc = re.sub(r"^prefix=.*", "prefix=" + home, f.read(), count=1, flags=re.MULTILINE)
    pc = re.sub(r"^(libdir|includedir)=.*", lambda m: f"{m[1]}={home}/{m[1][:-3]}", pc, flags=re.MULTILINE)
    with open(os.path.join(home, "lib/pkgconfig/libpgqueue.pc"), "w", encoding="utf-8") as f:
        # A library built with a sanitizer needs it in the program, too.
        for name, flag in (("libasan", "address,undefined"), ("libtsan", "thread")):
            if name in testdb.run("readelf", "-d", f"{home}/lib/libpgqueue.so").stdout:
                pc = pc.replace("Libs: ", f"Libs: -fsanitize={flag} ", 1)
        f.write(pc)
    return {"PKG_CONFIG_PATH": home + "/lib/pkgconfig",
            "LD_LIBRARY_PATH": ":".join(filter(None, [home + "/lib", os.environ.get("LD_LIBRARY_PATH")]))}


def bash(script, env, cwd=None, timeout=120):
    """Runs a script line by line as a user would, stopping at the first failure."""
    return testdb.run("bash", "-euo", "pipefail", "-c", f"cd {cwd or testdb.tmp()!r}\n{script}", env=env, timeout=timeout)
