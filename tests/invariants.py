# SPDX-License-Identifier: MIT
"""The invariants of the queue's tables, as one query in one snapshot; knows nothing of what was done to them.

    import invariants
    invariants.holds(c, "after the storm")     # one check, that names what is broken
    invariants.broken(c)                       # {} or {name: count}, to be looked at while others work
"""
import testdb

# name, number of rows that break it. I1 to I3 as at the top of the first migration.
_COUNTS = {
    "I1: a ready row without an equal live row":
        "select count(*) from /*schema*/job_ready r where not exists (select from /*schema*/job_live j"
        " where j.id = r.id and j.queue = r.queue and j.rank = r.rank and j.start_after = r.start_after and j.attempt = r.attempt"
        " and j.expire_ms = r.expire_ms)",
    "I1: a job twice in ready":
        "select count(*) from (select id from /*schema*/job_ready group by id having count(*) > 1) x",
    "I3: a job open in two leases":
        "select count(*) from (select u.id from /*schema*/job_lease l, unnest(l.ids) u(id)"
        " join /*schema*/job_live j on j.id = u.id group by u.id having count(*) > 1) x",
    "I3: a job both ready and leased":
        "select count(*) from /*schema*/job_ready r where exists (select from /*schema*/job_lease l where l.ids @> array[r.id])",
    "a live job that is neither ready nor leased":
        "select count(*) from /*schema*/job_live j where not exists (select from /*schema*/job_ready r where r.id = j.id)"
        " and not exists (select from /*schema*/job_lease l where l.ids @> array[j.id])",
    "a job both live and finished":
        "select count(*) from /*schema*/job_finished f join /*schema*/job_live j on j.id = f.id",
    "a job finished twice":
        "select count(*) from (select id from /*schema*/job_finished group by id having count(*) > 1) x",
    "a job started more often than retry_limit + 1":
        "select count(*) from /*schema*/job where attempt > retry_limit + 1",
    "a job of another queue than its lease":
        "select count(*) from /*schema*/job_lease l, unnest(l.ids) u(id) join /*schema*/job_live j on j.id = u.id"
        " where j.queue <> l.queue",
    "a rank that the queue does not know":
        "select count(*) from /*schema*/job_live j join /*schema*/queue q on q.name = j.queue where j.rank <> all (q.ranks)",
    "queue_stats differs from the view job":
        "select count(*) from /*schema*/queue_stats s left join (select queue,"
        " count(*) filter (where state = 'created') as created, count(*) filter (where state = 'retry') as retry,"
        " count(*) filter (where state = 'active') as active, count(*) filter (where state = 'completed') as completed,"
        " count(*) filter (where state = 'failed') as failed, count(*) filter (where state = 'cancelled') as cancelled"
        " from /*schema*/job group by queue) j on j.queue = s.queue"
        " where (s.created, s.retry, s.active, s.completed, s.failed, s.cancelled) is distinct from"
        " (coalesce(j.created, 0), coalesce(j.retry, 0), coalesce(j.active, 0), coalesce(j.completed, 0),"
        " coalesce(j.failed, 0), coalesce(j.cancelled, 0))",
}
NAMES = list(_COUNTS)
QUERY = "select " + ", ".join(f"({q})" for q in _COUNTS.values())


def broken(c):
    """What is broken in this snapshot: {} or {name: number of rows}."""
    return {name: n for name, n in zip(NAMES, c.sql(QUERY)[0]) if n}


def holds(c, when):
    found = broken(c)
    if not testdb.ok(not found, f"the invariants hold {when}"):
        testdb.diag(found)
    return not found


def set_clock(c, offset="0"):
    """Sets the database's clock so far ahead (an interval)."""
    c.sql("create or replace function /*schema*/clock() returns timestamptz language sql volatile parallel safe as $f$"
          f" select pg_catalog.clock_timestamp() + interval '{offset}' $f$")
