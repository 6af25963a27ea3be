# SPDX-License-Identifier: MIT
"""Recorded histories, imported by pgqueued from the sandbox: counts and bytes. PGQUEUE_RECORDED names the data that a provider
really sent; without it the test records pages of the sandbox's own."""
import glob
import json
import os

import sandbox
import syncapp
import testdb
from testdb import done, is_, ok

RECORDED = os.environ.get("PGQUEUE_RECORDED")
if RECORDED:
    FOURSQUARE = os.path.join(RECORDED, "foursquare")
    COUNTS = {"user-a": 2160, "user-b": 1000, "legacy-2011": 250}
else:
    FOURSQUARE = testdb.tmp("recorded")
    COUNTS = {"user-a": 700, "legacy-2011": 250}


def record(folder, name, count, skip=0):
    """Saves a page of the sandbox's own as if it had been recorded."""
    os.makedirs(os.path.join(FOURSQUARE, folder), exist_ok=True)
    answer = source.page("gen-" + folder, limit=count, offset=skip)
    with open(os.path.join(FOURSQUARE, folder, name), "wb") as f:
        f.write(answer.body)


if not RECORDED:
    source = sandbox.Sandbox("--user", "gen-user-a=gen:700,seed=21", "--user", "gen-legacy-2011=gen:252,seed=22")
    for offset in (0, 250, 500):
        record("user-a", f"checkins-offset-{offset:04}.json", 250, offset)
    record("legacy-2011", "checkins-offset-0000.json", 250, 2)
    record("legacy-2011", "checkins-next-run.json", 2)


def recorded(folder, pattern="checkins-offset-*.json"):
    """The check-ins of the recorded pages by id, read by Python, not by the sandbox."""
    items = {}
    for path in sorted(glob.glob(os.path.join(FOURSQUARE, folder, pattern))):
        with open(path, encoding="utf-8") as f:
            for item in json.load(f)["response"]["checkins"]["items"]:
                items[item["id"]] = item
    return items


app = syncapp.App(*[word for name in COUNTS for word in ("--user", f"{name}=dir:{os.path.join(FOURSQUARE, name)}")])
users = {name: app.user(name) for name in COUNTS}
app.sandbox.fault(kind="500", every=3)
app.start(concurrency=2)
app.run()
for name, count in COUNTS.items():
    expected = recorded(name)
    is_(app.last(users[name]), ("completed", count, None, 1), f"{name}: {count} check-ins, although every third request fails")
    is_(app.count(name), len(expected), "each is there once")
    rows = app.c.sql("select c.id, c.shout, c.raw, extract(epoch from c.created_at)::bigint, c.tz_offset_min, c.tz_name, c.is_private, c.venue_id"
                     " from sync.foursquare_checkin c where connection_id = %s",
                     app.tokens[name])
    is_([r[0] for r in rows if r[1] != expected[r[0]].get("shout")], [], "every shout is byte-exact")
    is_([r[0] for r in rows if r[2] != expected[r[0]]], [], "every check-in is kept whole")
    is_([r[0] for r in rows if r[3:8] != (expected[r[0]]["createdAt"], expected[r[0]].get("timeZoneOffset"), expected[r[0]].get("timeZone"),
                                          expected[r[0]].get("private", False), expected[r[0]].get("venue", {}).get("id"))], [],
        "every column is right")
    testdb.diag(f"{name}: {sum(r[1] is not None for r in rows)} shouts")
newest = {}
for name in COUNTS:
    for item in recorded(name).values():
        venue = item.get("venue", {})
        if venue and newest.get(venue["id"], (0,))[0] < item["createdAt"]:
            newest[venue["id"]] = item["createdAt"], venue
is_([r[0] for r in app.c.sql("select id, name, raw from sync.foursquare_venue") if r[1] != newest[r[0]][1]["name"] or r[2] != newest[r[0]][1]], [],
    "every venue is byte-exact, as its newest check-in shows it")
is_(app.c.one("select count(*) from sync.foursquare_venue"), len(newest), "each venue is there once")
if RECORDED:
    is_(app.c.one("select count(distinct venue_id) from sync.foursquare_checkin where connection_id = %s", app.tokens["user-a"]), 927, "user-a: 927 venues")
    is_(app.c.sql("select count(*) filter (where venue_id is null), count(*) filter (where is_private), count(shout)"
                  " from sync.foursquare_checkin where connection_id = %s", app.tokens["user-a"]), [(1, 5, 849)],
        "user-a: 1 without a venue, 5 private, 849 shouts")

# The next run
app.sandbox.no_faults()
app.sandbox.control("POST", "user", token="legacy-2011", next_run=1)
app.run()
is_([app.last(u)[:2] for u in users.values()], [("completed", 2 if name == "legacy-2011" else 0) for name in COUNTS],
    "the next run brings the two new check-ins of legacy-2011 and nothing else")
expected = recorded("legacy-2011", "checkins-*.json")
is_(app.c.sql("select id from sync.foursquare_checkin where connection_id = %s order by 1", app.tokens["legacy-2011"]),
    [(i,) for i in sorted(expected)], "they are there")
is_(app.agree(), [], "job, import and connection agree")
app.stop()
done()
