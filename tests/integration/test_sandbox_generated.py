# SPDX-License-Identifier: MIT
"""Generated histories are the same on every run, as odd as recorded ones, and can grow and be edited."""
import json
from decimal import Decimal

import testdb
from sandbox import Sandbox
from testdb import done, is_, ok

s = Sandbox("--user", "a=gen:600,seed=1", "--user", "b=gen:600,seed=2", "--user", "h=gen:60,hostile",
            "--user", "late=gen:600,seed=1,grown=30", "--user", "small=gen:40")
again = Sandbox("--user", "a=gen:600,seed=1", "--generate", "9")
other = Sandbox("--seed", "7")

texts = s.walk("a")
is_(again.walk("a"), texts, "the same seed gives the same bytes in another process")
ok(s.walk("b") != texts, "another seed gives another history")
ok(s.walk("gen-x") != s.walk("gen-y"), "unregistered tokens have different histories")
ok(s.walk("gen-x") != other.walk("gen-x"), "and --seed changes them")
is_(len(again.walk("gen-x")), 9, "--generate says how many check-ins they have")

items = [json.loads(text) for text in texts]
is_(len({i["id"] for i in items}), 600, "ids are unique")
ok(all(i["id"][:8] == f"{i['createdAt']:08x}" and len(i["id"]) == 24 for i in items), "an id starts with its time in hex")
ok(all(a["createdAt"] >= b["createdAt"] for a, b in zip(items, items[1:])), "the newest comes first")

for token, some in ("a", items), ("small", [json.loads(t) for t in s.walk("small")]):
    venues = [i["venue"] for i in some if "venue" in i]
    for what, found in {
        "without venue": [i for i in some if "venue" not in i],
        "private": [i for i in some if i.get("private") is True and i["visibility"] == "private"],
        "of the 2011 shape": [i for i in some if "timeZone" in i and "timeZoneOffset" not in i and "likes" not in i],
        "of the 2013 shape": [i for i in some if "timeZone" in i and "timeZoneOffset" in i],
        "of the later shape": [i for i in some if "timeZone" not in i and "timeZoneOffset" in i and "posts" in i],
        "without source": [i for i in some if "source" not in i and "likes" in i],
        "with a shout": [i for i in some if i.get("shout")],
        "without categories": [v for v in venues if v["categories"] == []],
    }.items():
        ok(0 < len(found) < len(some), f"{token} has check-ins {what}")
ok(any(len(i["venue"]["name"]) > 1000 for i in items if "venue" in i), "a venue has a very long name")
ok(any("\n" in i.get("shout", "") for i in items), "a shout has more than one line")
ok(any('"' in i.get("shout", "") and "\\" not in i["shout"] for i in items), "a shout has quotes")
ok(any("\\" in i.get("shout", "") for i in items), "a shout has a backslash")
ok(any(len(i.get("shout", "")) >= 200 and len(i["shout"].encode()) >= 800 for i in items), "a shout has 200 characters of four bytes")
ok(any("\\ud83" in text for text in texts), "some text is escaped in surrogate pairs")
ok(any("🍜" in text for text in texts), "some text is not")
shouts = "".join(i.get("shout", "") for i in items)
for name, letter in {"Arabic": "ق", "Hebrew": "ש", "Han": "馆" if "馆" in shouts else "在", "Devanagari": "द", "a combining mark": "\u0335",
                     "an override": "\u202e", "plane 16": "\U0010fffd"}.items():
    ok(letter in shouts, f"shouts contain {name}")
exact = [json.loads(text, parse_float=Decimal, parse_int=Decimal) for text in texts]
numbers = [v["venue"]["location"]["lat"] for v in exact if "venue" in v] + \
          [v["venue"]["stats"]["checkinsCount"] for v in exact if "venue" in v]
ok(any(n != Decimal(repr(float(n))) for n in numbers), "some numbers lose digits as a double")
ok(any(n == 9007199254740993 for n in numbers), "one is the first integer that a double cannot hold")
mentions = [(i["shout"].encode("utf-16-le"), e["indices"]) for i in items for e in i.get("entities", [])]
ok(mentions and all(shout[2 * a:2 * b].decode("utf-16-le") in ("Zoë K.", "王小明", 'Ana "Nita" B.', "João")
                    for shout, (a, b) in mentions), "entities count UTF-16 units")
ok(any("\\u0000" in text for text in s.walk("h")) and any('\\ud83d"' in text for text in s.walk("h")),
   "a hostile history holds what no database takes")
ok(not any("\\u0000" in text or '\\ud83d"' in text for text in texts), "another one does not")

newest = items[0]["createdAt"]
is_(s.grow("a", 30)["size"], 630, "a history grows")
grown = s.walk("a")
is_(grown[30:], texts, "what was there stays as it was")
ok(all(json.loads(t)["createdAt"] >= newest for t in grown[:30]), "what is added is newer")
is_(json.loads(grown[29])["createdAt"], newest, "the first one added shares the second of the newest one before")
is_(s.walk("late"), grown, "grown=N starts where growing N led")
changed = s.edit("a", 40)
edited = s.walk("a")
is_([i for i, (x, y) in enumerate(zip(grown, edited)) if x != y], [40], "an edit changes one check-in")
before, after = json.loads(grown[40]), json.loads(edited[40])
is_((after["id"], after["createdAt"]), (before["id"], before["createdAt"]), "which keeps its id and time")
is_(changed["id"], before["id"], "and is named in the answer")
ok(after["shout"].endswith("(edited 1)"), "its shout tells")
s.control("POST", "edit", token="a", id=before["id"])
ok(json.loads(s.walk("a")[40])["shout"].endswith("(edited 2)"), "it can be edited by id, and again")

for what, answer, status in (
        ("growing beyond the limit", s.request("POST", "/_sandbox/grow?token=a&count=9999"), 409),
        ("growing by nothing", s.request("POST", "/_sandbox/grow?token=a&count=0"), 400),
        ("growing nobody", s.request("POST", "/_sandbox/grow?token=nobody&count=1"), 404),
        ("editing what is not there", s.request("POST", "/_sandbox/edit?token=a&index=630"), 404),
        ("reading a folder at run time", s.request("POST", "/_sandbox/user?token=z&spec=dir:/etc"), 400),
        ("showing the next run of a generated history", s.request("POST", "/_sandbox/user?token=a&next_run=1"), 409),
):
    ok(answer.status == status and answer.json["error"], f"{what} is refused")
is_(s.control("POST", "user", token="new", spec="gen:12,seed=3")["size"], 12, "a user is added at run time")
is_(len(s.walk("new")), 12, "and served")
is_(testdb.run("pgqueue-sandbox", "--user", "a=gen:5,seed=x").returncode, 2, "a bad seed is refused")
done()
