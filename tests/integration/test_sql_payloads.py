# SPDX-License-Identifier: MIT
"""Payloads that are small as stored and large as text, by every way that one gets into a queue, and what claims make of them."""
import testdb
from testdb import done, is_, ok, raises

db = testdb.create()
c = db.connect()
c.sql("select /*schema*/create_queue('q'), /*schema*/create_queue('dead'), /*schema*/create_queue('d', '{\"retry_limit\": 0, \"dead_letter\": \"dead\"}')")
LONG = "1e131071"  # 24 bytes of jsonb, 131,072 digits
LARGE = "[" + ",".join([LONG] * 200) + "]"  # 26 MB of text
HUGE = "[" + ",".join([LONG] * 10000) + "]"  # more text than the server can hold


def most():
    return c.one("select payload_most from /*schema*/queue where name = 'q'")


ok(c.one("select pg_column_size(%s::jsonb) < 4096", LARGE), "a payload of 26 MB of text takes less than 4 kB")
for what, sql, value in (("send", "select /*schema*/send('q', %s)", LARGE), ("send with options", "select /*schema*/send('q', %s, '{\"priority\": 1}')", LARGE),
                         ("send with a key", "select /*schema*/send('q', %s, '{\"singleton_key\": \"k\"}')", LARGE),
                         ("enqueue", "select /*schema*/enqueue('q', array['1', %s]::jsonb[])", LARGE),
                         ("send_many", "select /*schema*/send_many('q', array['{\"data\": 1}', jsonb_build_object('data', %s::jsonb)])", LARGE),
                         ("fan_out", "select /*schema*/fan_out('r', 'q', 'select 1 as item, ' || quote_literal(%s) || '::jsonb as data')", LARGE),
                         ("a schedule", "select /*schema*/schedule('s', 'q', '* * * * *', 'UTC', %s)", LARGE)):
    raises("54000", f"it is refused by {what}", c.sql, sql, value)
text = raises("54000", "so is one of more text than the server can hold", c.sql, "select /*schema*/send('q', %s)", HUGE)
ok("the payload is over the limit" in text, "and in our words")
is_(c.one("select count(*) from /*schema*/job where queue = 'q'"), 0, "nothing of it is queued")

# A hundred of what is allowed: known to be large, by all ways in
c.sql("select /*schema*/send('q', '1')")
is_(most(), 0, "a small one is not noted")
c.sql("select /*schema*/send('q', %s) from generate_series(1, 50)", '{"x": %s}' % LONG)
is_(most(), 1 << 18, "a payload is noted by the size of its text")
c.sql("select /*schema*/enqueue('q', array_fill(%s::jsonb, array[50]))", '{"x": %s}' % LONG)
claims = []
while True:
    claims.append(c.sql("select octet_length(data::text) from /*schema*/fetch('q', 1000)"))
    if not claims[-1]:
        break
is_([len(x) for x in claims], [33, 32, 32, 4, 0], "a claim counts the text of such payloads")

# The error of a dead letter
c.sql("select /*schema*/send('d', '\"kept\"')")
i, lease = c.sql("select id, lease from /*schema*/fetch('d')")[0]
is_(c.one("select /*schema*/settle(array[%s], array[%s]::bigint[], array['fail'], array[%s])", i, lease, LARGE), [True], "a job fails with a large error")
is_(c.sql("select data, origin -> 'error', (origin ->> 'id')::bigint from /*schema*/fetch('dead', 10)"),
    [("kept", {"message": "the error is over the limit of a payload"}, i)], "its dead letter has the payload and tells that there was one")
done()
