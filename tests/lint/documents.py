# SPDX-License-Identifier: MIT
"""Documents and source say the same: the options that README lists are those that the functions take, every public
function is dated, every link leads somewhere, and the picture of the states is the one of migrations/README.md."""
import os
import re

from testdb import is_, done

SRC = os.environ["PGQUEUE_TEST_SRCDIR"]


def read(name):
    with open(os.path.join(SRC, name), encoding="utf-8") as f:
        return f.read()


def options_taken(sql):
    """{"job": names, "queue": names} of check_options."""
    lists = re.findall(r"array\[(.*?)\]", sql, re.DOTALL)[:2]
    return dict(zip(("job", "queue"), (set(re.findall(r"'(\w+)'", words)) for words in lists)))


def options_listed(markdown):
    """The same of README's table."""
    rows = re.findall(r"^\| `(\w+)` \| (yes)? ?\| (yes)? ?\|", markdown.split("\n## Options\n")[1].split("\n## ")[0], re.MULTILINE)
    return {"job": {name for name, job, _ in rows if job}, "queue": {name for name, _, queue in rows if queue}}


def functions_undated(header):
    """Public functions without a comment that says since when: right above (from its line's start), or behind."""
    undated = []
    for m in re.finditer(r"^PGQUEUE_API (?!const pgqueue_module)[^;]*?\b(pgqueue_\w+)\s*\([^;]*;(?P<behind>[ \n]*/\*.*?\*/)?", header, re.MULTILINE | re.DOTALL):
        behind = (m["behind"] or "") if not (m["behind"] or "").lstrip(" ").startswith("\n") else ""
        above = re.search(r"(?:^|\n)(/\*(?:(?!\*/).)*\*/)\n\Z", header[:m.start()], re.DOTALL)
        if "Since:" not in behind and not (above and re.search(r"Since:", above[1])):
            undated.append(m[1])
    return undated


def functions(header):
    return set(re.findall(r"^PGQUEUE_API (?!const pgqueue_module)[^;]*?\b(pgqueue_\w+)\s*\(", header, re.MULTILINE))


def lines_logged(source):
    """What LOG() of the daemon and pgqi_log() of the library say, except at debug level; up to the first % of a format."""
    found = set()
    for m in re.finditer(r"\b(?:LOG|pgqi_log)\(([^;]*?)(?:,\s*log_(?:text|number)\(|\);)", source, re.DOTALL):
        if "PGQUEUE_DEBUG" not in m[1]:
            said = re.findall(r'"((?:[^"\\]|\\.)*)"', re.sub(r'"\s+"', "", m[1]))
            found |= {s.split("%")[0].split(chr(92))[0].strip() for s in said}
    return {s for s in found if len(s) > 4 and s != "out of memory" and s != "WARNING"}


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links_broken(name, markdown, exists):
    """Links to files that are not there, or to headings."""
    prose = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    anchors = {anchor(h) for h in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)}
    broken = []
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        path, _, fragment = target.partition("#")
        if "://" in target:
            continue
        if path and not exists(os.path.normpath(os.path.join(os.path.dirname(name), path))):
            broken.append(f"{name}: {target}")
        elif not path and fragment not in anchors:
            broken.append(f"{name}: {target}")
    return broken


def picture(markdown):
    return markdown.split("## The states of a job\n```\n")[1].split("```")[0]


# Each shows first that it can fail.
is_(options_listed("\n## Options\n| option |\n| `a` | yes | | 0 | x |\n| `b` | | yes | 1 | y |\n"), {"job": {"a"}, "queue": {"b"}},
    "a table of options is read")
is_(options_taken("case when array['a', 'b'] else array['b'] end"), {"job": {"a", "b"}, "queue": {"b"}}, "and what the functions take")
is_(functions_undated("/* x. Since: 0.1 */\nPGQUEUE_API int pgqueue_a(int);\nPGQUEUE_API int pgqueue_b(int); /* Since: 0.1 */\n"
                      "PGQUEUE_API int pgqueue_c(int);\n/* about d */\nPGQUEUE_API void pgqueue_d(void);\n"),
    ["pgqueue_c", "pgqueue_d"], "a function without a date is found, the comment of another one does not count")
is_(links_broken("docs/x.md", "# Here\n[a](../README.md) [b](gone.md) [c](#here) [d](#there)\n", lambda p: p == "README.md"),
    ["docs/x.md: gone.md", "docs/x.md: #there"], "a broken link is found")

is_(lines_logged('LOG(PGQUEUE_INFO, a ? "it is so" : "it is not so", log_text("why", "nothing"));\n'
                 'pgqi_log(&w->log, PGQUEUE_ERROR, "job %d " \n "or", 1);LOG(PGQUEUE_DEBUG, "quiet")'),
    {"it is so", "it is not so"}, "lines of the log are found in the source")

readme = read("README.md")
is_(options_listed(readme), options_taken(read("migrations/queue/functions/check_options.sql")),
    "README lists exactly the options that check_options knows")
header = read("libqueue/pgqueue.h")
is_(functions_undated(header), [], "every public function says since when it is there")
exported = set(re.findall(r"^\s+(pgqueue_\w+);", read("libqueue/libpgqueue.map"), re.MULTILINE))
is_(exported - functions(header), set(), "and none was overlooked")
manual = re.sub(r"\\", "", read("libqueue/pgqueue.3.scd"))
is_({f for f in re.findall(r"\*(pgqueue_\w+)\*", manual)} - exported, set(), "pgqueue(3) names only functions that exist")
is_(picture(readme), picture(read("migrations/README.md")), "README shows the picture of migrations/README.md")
operations = read("docs/operations.md")
sources = [f"{folder}/{f}" for folder in ("worker", "libqueue/db", "libqueue/run") for f in sorted(os.listdir(os.path.join(SRC, folder)))
           if f.endswith(".c")]
logged = set().union(*(lines_logged(read(f)) for f in sources))
is_(len(logged) > 30, True, "the programs log many lines")
is_({s for s in logged if s not in operations}, set(), "docs/operations.md explains each of them")
pages = ["README.md"] + [f + "/README.md" for f in ("bench", "bench/peers", "migrations", "orchestrator", "tests")] + \
    ["docs/" + f for f in sorted(os.listdir(os.path.join(SRC, "docs"))) if f.endswith(".md")]
is_([b for page in pages for b in links_broken(page, read(page), lambda p: os.path.exists(os.path.join(SRC, p)))], [],
    "every link of the documents leads somewhere")
is_([s for s in set(re.findall(r"\bscripts/\w+", readme)) if not os.access(os.path.join(SRC, s), os.X_OK)], [],
    "every script that README names can be run")
done()
