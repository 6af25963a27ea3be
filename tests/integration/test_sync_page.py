# SPDX-License-Identifier: MIT
"""Storing a page of check-ins in SQL: rows, the walk's place, edges of seconds and pages, fences."""
import json

import testdb
from testdb import done, is_, ok, raises

DAY = 86400
NOON = 1400000000
database = testdb.create()
c = database.connect()
users = 0


def checkin(id, at, **more):
    return {"id": id, "createdAt": at, "type": "checkin", **more}


class Walk:
    """One attempt of an import, as the importer makes it."""

    def __init__(self, connection=None, limit=3):
        global users
        if not connection:
            users += 1
            connection = c.one("insert into sync.connection (user_id, provider, access_token_encrypted)"
                               " values (%s, 'foursquare', 's') returning id", users)
        self.connection = connection
        self.limit = limit
        c.sql("select * from sync.import_now(array(select user_id from sync.connection where id = %s))", connection)
        self.attempt()

    def attempt(self):
        rows = c.sql("select id, lease, attempt from /*schema*/fetch('import-checkins', 1, null)")
        self.job, self.lease, self.number = rows[0]
        rows = c.sql("select outcome, walk_before, resumed from sync.import_begin(%s, %s, null, %s)", self.job, self.lease, self.number)
        self.outcome, self.before, self.resumed = rows[0]

    def page(self, items, text=None, before="here"):
        """Stores a page; (outcome, next_before, changed)."""
        body = text or json.dumps({"meta": {"code": 200}, "response": {"checkins": {"count": 99, "items": items}}})
        row = c.sql("select outcome, next_before, changed from sync.foursquare_page(%s, %s, %s, %s, %s, '14 days', %s)",
                    self.job, self.lease, self.connection, self.before if before == "here" else before, self.limit, body)[0]
        if row[0] in ("more", "end"):
            self.before = row[1]
        return row

    def settle(self, outcome="done", detail="{}"):
        return c.one("select /*schema*/settle(array[%s], array[%s], array[%s], array[%s], array[0.0])", self.job, self.lease, outcome, detail)[0]

    @property
    def state(self):
        return c.one("select state from sync.connection where id = %s", self.connection)

    @property
    def rows(self):
        return c.one("select count(*) from sync.foursquare_checkin where connection_id = %s", self.connection)


# A walk from the newest to the end
w = Walk()
is_((w.outcome, w.before, w.resumed), ("ok", None, False), "a first import begins at the newest")
is_(c.sql("select i.status, i.attempts, s.sync_status from sync.import_job i join sync.connection s on s.id = connection_id where job_id = %s",
          w.job), [("running", 1, "syncing")], "it is running and syncing")
is_(w.page([checkin("a", NOON), checkin("b", NOON - 10), checkin("c", NOON - 20)]), ("more", NOON - 19, 3),
    "the next page begins a second above the oldest seen")
is_(w.state, {"walk": {"newest": NOON, "before": NOON - 19}}, "the walk's place is stored, the cursor does not move")
is_(w.page([checkin("c", NOON - 20), checkin("d", NOON - 30)]), ("more", NOON - 29, 1), "what is seen again is not counted")
is_(w.page([checkin("d", NOON - 30)]), ("more", NOON - 30, 0), "a page that is not full and lowers nothing goes down by a second")
is_(w.page([]), ("end", None, 0), "the empty page is the end")
is_(w.state, {"cursor": NOON}, "only now the cursor moves")
is_(w.rows, 4, "each check-in is there once")
is_(w.settle(), True, "the job is completed")
is_(c.sql("select status, records from sync.import_job where job_id = %s", w.job), [("completed", 4)], "with its records")

# The next one goes 14 days behind the cursor and rewrites nothing
before = c.sql("select id, xmin::text from sync.foursquare_checkin where connection_id = %s order by id", w.connection)
w = Walk(w.connection)
is_(w.page([checkin("new", NOON + 5), checkin("a", NOON, shout="edited"), checkin("b", NOON - 10)]), ("more", NOON - 9, 2),
    "one new and one edited check-in are changes")
is_(w.page([checkin("b", NOON - 10), checkin("c", NOON - 20), checkin("old", NOON - 14 * DAY)]), ("more", NOON - 14 * DAY + 1, 1),
    "what lies exactly 14 days behind the cursor does not end the walk")
is_(w.page([checkin("older", NOON - 14 * DAY - 1)]), ("end", None, 1), "what lies farther does")
is_(w.state, {"cursor": NOON + 5}, "the cursor is the newest seen")
after = c.sql("select id, xmin::text from sync.foursquare_checkin where connection_id = %s and id in ('b', 'c', 'd') order by id", w.connection)
is_(after, [r for r in before if r[0] in "bcd"], "unchanged rows are not rewritten")
is_(c.one("select shout from sync.foursquare_checkin where connection_id = %s and id = 'a'", w.connection), "edited", "the edited one is")
w.settle()

# Same second across the border of pages
w = Walk()
w.page([checkin("a", NOON), checkin("b", NOON - 5), checkin("c1", NOON - 6)])
is_(w.page([checkin("c1", NOON - 6), checkin("c2", NOON - 6), checkin("d", NOON - 7)]), ("more", NOON - 6, 2),
    "a second that a page cut in two is read again whole")
error = raises("SY002", "a full page within one second is refused",
               lambda: w.page([checkin("d", NOON - 7), checkin("d2", NOON - 7), checkin("d3", NOON - 7)]))
ok("does not lower" in error, "and the message says why")
is_((w.rows, w.state["walk"]["before"]), (5, NOON - 6), "nothing of it is stored")
is_(w.page([checkin("d", NOON - 7), checkin("d2", NOON - 7)]), ("more", NOON - 7, 1), "if it is not full, the walk goes on below that second")
is_(w.page([checkin("d2", NOON - 7), checkin("d", NOON - 7)]), ("more", NOON - 8, 0), "also where the bound belongs to the page")
is_(w.page([]), ("end", None, 0), "and ends")
w.settle()

# A server that does not honour the bound
w = Walk()
w.page([checkin("a", NOON), checkin("b", NOON - 5), checkin("c", NOON - 6)])
error = raises("SY002", "a page newer than asked for is refused", lambda: w.page([checkin("a", NOON), checkin("c", NOON - 6)]))
ok("beforeTimestamp" in error, "and the message says why")
w.settle("fail", '{"message": "refused", "class": "fatal"}')
is_(c.sql("select status, error, sync_status, sync_error from sync.import_job i join sync.connection s on s.id = connection_id where job_id = %s",
          w.job), [("failed", "refused", "failed", "refused")], "a failed job's message is told by import and connection")

# Killed and resumed
w = Walk()
w.page([checkin("a", NOON), checkin("b", NOON - 5), checkin("c", NOON - 6)])
first = w.lease
w.settle("retry", '{"message": "killed"}')
is_(c.sql("select status, sync_status from sync.import_job i join sync.connection s on s.id = connection_id where job_id = %s", w.job),
    [("running", "syncing")], "an import that will be retried stays open")
w.attempt()
is_((w.outcome, w.before, w.resumed, w.number), ("ok", NOON - 5, True, 2), "the next attempt resumes where the walk was")
stalled = Walk.__new__(Walk)
stalled.__dict__.update(w.__dict__, lease=first)
is_(stalled.page([checkin("c", NOON - 6), checkin("zombie", NOON - 7)]), ("lost", None, None), "the first attempt can store nothing any more")
is_(c.one("select count(*) from sync.foursquare_checkin where id = 'zombie'"), 0, "and changes nothing")
is_(c.one("select outcome from sync.import_begin(%s, %s, null, 1)", w.job, first), "lost", "nor can it begin again")
is_(w.page([checkin("c", NOON - 6), checkin("d", NOON - 9)]), ("more", NOON - 8, 1), "the second goes on")
is_(w.page([checkin("c", NOON - 6), checkin("d", NOON - 9)], before=NOON - 5), ("moved", NOON - 8, None),
    "a page that was stored by a commit without an answer is not counted twice")
w.page([checkin("d", NOON - 9)])
is_(w.page([]), ("end", None, 0), "the end")
is_(w.page([], before=NOON - 9), ("moved", None, None), "also the end may have been stored already")
is_(c.one("select records from sync.import_job where job_id = %s", w.job), 4, "records count all attempts")
is_(w.page([checkin("x", NOON + 100), checkin("a", NOON)]), ("more", NOON + 1, 1), "a walk behind the resumed one finds what is newer than its start")
is_(w.page([checkin("a", NOON), checkin("far", NOON - 15 * DAY)]), ("more", NOON - 15 * DAY + 1, 1), "and goes on to the cursor that the first one left")
is_(w.page([checkin("far", NOON - 15 * DAY), checkin("farther", NOON - 16 * DAY)]), ("end", None, 1), "where it ends, at the first page that lies beyond whole")
is_(w.state, {"cursor": NOON + 100}, "from which the next run goes on")
w.settle("fail", '{"message": "gone", "class": "reauth"}')
is_(c.sql("select sync_status, sync_error from sync.connection where id = %s", w.connection), [("needs_reauth", "gone")],
    "class reauth asks the user to connect again")

# Tokens that change or go under way
w = Walk()
c.sql("select sync.store_tokens(%s, 'other')", w.connection)
is_(w.page([checkin("a", NOON)]), ("reconnected", None, None), "after a reconnection nothing is stored that the token before brought")
w.settle("fail", '{"message": "gone", "class": "reauth"}')
is_(c.sql("select status, error, sync_status, sync_error from sync.import_job i join sync.connection s on s.id = connection_id where job_id = %s",
          w.job), [("failed", "gone", "pending", None)], "that one's refusal ends the import, not the connection")
w = Walk(w.connection)
is_((w.outcome, w.page([checkin("a", NOON)])[0]), ("ok", "more"), "the next import goes on")
c.sql("select sync.disconnect(user_id, provider) from sync.connection where id = %s", w.connection)
is_(w.page([]), ("inactive", None, None), "a disconnected one stores nothing")
w.settle("fail")

# Dates that mislead
w = Walk()
is_(w.page([checkin("future", 4102444800), checkin("a", NOON)])[0], "more", "a date in the future is stored")
w.page([])
ok(w.state["cursor"] < 4102444800, "but the cursor does not go beyond the present")
w.settle()
w = Walk()
is_(w.page([]), ("end", None, 0), "an empty history ends at once")
is_(w.state, {}, "and leaves no cursor")
w.settle()

# Shapes
w = Walk(limit=250)
full = checkin("f", NOON, shout="a\nb \U0001F600 \u00e9", timeZoneOffset=-210, private=True, visibility="private",
               venue={"id": "v1", "name": "Caf\u00e9", "location": {"lat": 1.5, "lng": -2, "cc": "FR", "city": "Paris"},
                      "categories": [{"name": "Food"}, {"name": "Bar"}]})
w.page([full, checkin("old", NOON - 1, timeZone="Europe/Paris", venue={"id": "v2", "name": "B", "categories": []}),
        checkin("none", NOON - 2), checkin("odd", NOON - 3, venue={"name": "no id"}, timeZoneOffset="x", shout=None, visibility="private"),
        checkin("twice", NOON - 4, shout="first"), checkin("twice", NOON - 4, shout="second")])
is_(c.sql("select id, tz_offset_min, tz_name, shout, is_private, venue_id from sync.foursquare_checkin where connection_id = %s order by created_at desc",
          w.connection),
    [("f", -210, None, "a\nb \U0001F600 \u00e9", True, "v1"), ("old", None, "Europe/Paris", None, False, "v2"),
     ("none", None, None, None, False, None), ("odd", None, None, None, True, None), ("twice", None, None, "second", False, None)],
    "all shapes find their columns")
is_(c.sql("select id, name, lat, lng, country_code, city, category from sync.foursquare_venue where id in ('v1', 'v2') order by 1"),
    [("v1", "Caf\u00e9", 1.5, -2.0, "FR", "Paris", "Food"), ("v2", "B", None, None, None, None, None)], "venues too")
w.page([checkin("g", NOON - 50, venue={"id": "v1", "name": "Old name"}), checkin("h", NOON - 51, venue={"id": "v3", "name": "C"})])
is_(c.sql("select name from sync.foursquare_venue where id in ('v1', 'v3') order by id"), [("Caf\u00e9",), ("C",)],
    "an older check-in does not bring back a venue's old name")
venue = {"id": "v4", "name": "New name"}
w.page([checkin("i", NOON - 52, venue=venue)])
other = Walk()
other.page([checkin("newest", NOON - 32, venue=venue)])
is_(c.sql("select name, seen_at = to_timestamp(%s) from sync.foursquare_venue where id = 'v4'", NOON - 32), [("New name", True)],
    "a venue that looks the same to a newer check-in is known to look so then")
third = Walk()
before = c.sql("select id, xmin::text from sync.foursquare_venue order by id")
third.page([checkin("between", NOON - 37, venue={"id": "v4", "name": "Old name"})])
is_(c.one("select name from sync.foursquare_venue where id = 'v4'"), "New name", "so that another user's older one does not bring the old name back")
again = Walk()
again.page([checkin("newest", NOON - 32, venue=venue), checkin("i", NOON - 52, venue=venue)])
is_(c.sql("select id, xmin::text from sync.foursquare_venue order by id"), before, "what was seen before is not written again")
for walk in (other, third, again):
    walk.settle()
is_(c.one("select raw from sync.foursquare_checkin where connection_id = %s and id = 'f'", w.connection), full, "the whole is kept")
w.page(None, text='{"response": {"checkins": {"items": [{"id": "n", "createdAt": %d, "big": 12345678901234567890, "exact": -2E-18,'
       ' "f": 0.12345678901234567}]}}}' % (NOON - 60))
is_(c.one("select raw ->> 'big' || ' ' || (raw ->> 'exact') || ' ' || (raw ->> 'f') from sync.foursquare_checkin where id = 'n'"),
    "12345678901234567890 -0.000000000000000002 0.12345678901234567", "numbers that a double cannot hold are exact")
raises("SY001", "an answer without a list is refused", lambda: w.page(None, text='{"response": {}}'))
raises("SY001", "also if it is an object", lambda: w.page(None, text='{"response": {"checkins": {"items": {}}}}'))
for bad in (checkin("", NOON), checkin(5, NOON), {"createdAt": NOON}, {"id": "x"}, checkin("x", "2024-01-01"), checkin("x", None), 7, None):
    raises("SY003", f"the item {json.dumps(bad)} is refused", lambda: w.page([checkin("good", NOON - 50), bad]))
raises("22003", "a time beyond all is refused", lambda: w.page([checkin("x", 10 ** 30)]))
is_(c.one("select count(*) from sync.foursquare_checkin where id in ('good', 'x')"), 1, "with all of its page")
w.settle()

# Jobs sent by hand, and again by hand
c.sql("insert into sync.connection (id, user_id, provider, access_token_encrypted) values (1000, 1000, 'foursquare', 's')")


def by_hand(data):
    c.sql("select /*schema*/send('import-checkins', %s)", json.dumps(data))
    job, lease = c.sql("select id, lease from /*schema*/fetch('import-checkins', 1, null)")[0]
    outcome = c.one("select outcome from sync.import_begin(%s, %s, %s, 1)", job, lease, data.get("connection_id"))
    return job, lease, outcome


job, lease, outcome = by_hand({"connection_id": 1000})
is_(outcome, "ok", "a job sent by hand imports the connection that it names")
is_(c.one("select status || ' ' || trigger from sync.import_job where job_id = %s", job), "running manual", "with an import of its own")
is_(by_hand({"connection_id": 1000})[2], "busy", "a second one meanwhile does not")
is_(by_hand({})[2], "gone", "nor one that names none")
is_(by_hand({"connection_id": 12345})[2], "gone", "or one that is not there")
c.sql("select /*schema*/settle(array[%s], array[%s], array['fail'], array['{\"message\": \"m\"}'])", job, lease)
c.sql("select /*schema*/retry(%s)", job)
again, lease = c.sql("select id, lease from /*schema*/fetch('import-checkins', 1, null)")[0]
is_(again, job, "a failed import may be retried by hand")
is_(c.one("select outcome from sync.import_begin(%s, %s, null, 1)", job, lease), "ok", "it begins")
is_(c.one("select status from sync.import_job where job_id = %s", job), "running", "and is running again")
c.sql("select /*schema*/settle(array[%s], array[%s])", job, lease)
is_(c.sql("select status, sync_status from sync.import_job i join sync.connection s on s.id = connection_id where job_id = %s", job),
    [("completed", "completed")], "and completes")
c.sql("select sync.disconnect(1000, 'foursquare')")
is_(by_hand({"connection_id": 1000})[2], "inactive", "a disconnected one is not imported")
done()
