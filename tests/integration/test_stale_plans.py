# SPDX-License-Identifier: MIT
"""Statements over many users keep their cost a user when their plans were made on empty tables and never anew."""
import collections
import json
import os

import testdb
from testdb import diag, done, is_, ok

USERS = 1500
MOST = 20 * USERS  # rows that a node of a plan may touch; each with each are 75 times as many

db = testdb.create()
fields = dict(f.split("=", 1) for f in os.environ["PGQUEUE_TEST_SUPER_DSN"].split())
c = testdb.Connection(" ".join(f"{k}={v}" for k, v in {**fields, "dbname": db.name}.items()))
c.raw.notices = collections.deque()
for (table,) in c.sql("select c.oid::regclass::text from pg_class c where relkind = 'r' and relnamespace::regnamespace::text in ('sync', %s)",
                      testdb.schema()):
    c.sql(f"alter table {table} set (autovacuum_enabled = off)")
c.sql("set plan_cache_mode = force_generic_plan")


def touched(node):
    """Of a plan's nodes the one that looks at most rows: rows, and what it is."""
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return max([(rows * node["Actual Loops"], node["Node Type"])] + [touched(n) for n in node.get("Plans", [])])


def linear(sentence, sql, *values):
    c.raw.notices.clear()
    rows = c.sql(sql, *values)
    plans = [json.loads(n[n.index("{"):]) for n in c.raw.notices if "plan:" in n]
    worst, text = max(((*touched(p["Plan"])[:1], p) for p in plans), key=lambda x: x[0])
    ok(worst <= MOST, f"{sentence} ({len(plans)} plans, at most {worst:.0f} rows in a node)") or diag(json.dumps(text)[:6000])
    return rows


def work(outcome):
    rows = c.sql("select id, lease from /*schema*/fetch('import-checkins', 1000)")
    linear(f"a settle of {len(rows)} imports: {outcome}", "select /*schema*/settle(%s::bigint[], %s::bigint[], %s::text[])",
           [r[0] for r in rows], [r[1] for r in rows], [outcome] * len(rows))


# Every plan is made while there is nothing
c.sql("select /*schema*/create_queue('spread')")
c.sql("insert into sync.app_user (id, display_name, last_login_at) values (0, 'first', clock_timestamp())")
c.sql("insert into sync.connection (user_id, provider, access_token_encrypted) values (0, 'foursquare', 'sealed')")
for key in ("first", "second"):
    c.sql("select * from sync.plan_daily(%s)", key)
    c.sql("select * from sync.import_now()")
    c.sql("select * from /*schema*/fan_out(%s, 'spread', 'select 1')", key)
    job, lease = c.sql("select id, lease from /*schema*/fetch('import-checkins', 1, null)")[0] if key == "first" else (None, None)
    if job:
        c.sql("select /*schema*/settle(array[%s]::bigint[], array[%s]::bigint[], array['done'])", job, lease)

c.sql("insert into sync.app_user (id, display_name, last_login_at) select g, 'user', clock_timestamp() from generate_series(1, %s) g", USERS)
c.sql("insert into sync.connection (user_id, provider, access_token_encrypted) select g, 'foursquare', 'sealed' from generate_series(1, %s) g", USERS)
c.sql("load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set auto_explain.log_analyze = on;"
      "set auto_explain.log_timing = off; set auto_explain.log_format = json; set auto_explain.log_level = notice; set client_min_messages = notice")

created = linear("a daily run", "select created from sync.plan_daily('k', null, '0 seconds')")
is_(created, [(USERS,)], "each user gets an import")
linear("the same run again", "select * from sync.plan_daily('k', null, '0 seconds')")
linear("imports on request that are open", "select * from sync.import_now()")
work("done")
work("fail")
rows = linear("imports on request", "select fresh from sync.import_now()")
is_(sum(r[0] for r in rows), USERS + 1, "each user gets a new one")
c.sql("delete from /*schema*/job_live")
linear("a run that finds the jobs gone", "select * from sync.plan_daily('l', null, '0 seconds')")
query = f"select g from generate_series(1, {USERS}) g"
linear("a fan-out", "select * from /*schema*/fan_out('many', 'spread', %s)", query)
linear("the same fan-out again", "select * from /*schema*/fan_out('many', 'spread', %s)", query)
c.close()
done()
