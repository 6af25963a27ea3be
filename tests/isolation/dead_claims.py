# SPDX-License-Identifier: MIT
"""A claim that is still under way when its worker is found dead, and claims of a worker that was taken for dead."""
import testdb
from testdb import done, is_

db = testdb.create()
a, b = db.connect(autocommit=False), db.connect()
b.sql("""select /*schema*/create_queue('q', '{"retry_limit": 0}')""")
b.sql("select /*schema*/send('q', '{}') from generate_series(1, 4)")


def states():
    return b.sql("select state::text, attempt, count(*)::int from /*schema*/job group by 1, 2 order by 1, 2")


def claim(worker, n):
    return a.sql("select id, lease from /*schema*/fetch('q', %s, %s)", n, worker)


worker = a.one("select /*schema*/register_worker('a')")
a.commit()
is_(len(claim(worker, 2)), 2, "a worker claims, and dies before the claim is committed")
is_(b.one("select /*schema*/worker_died(%s, null, null, 'killed')::int", worker), 0, "its supervisor finds no lease of it")
a.commit()
is_(states(), [("active", 1, 2), ("created", 0, 2)], "the claim is there afterwards")
b.sql("select /*schema*/rescue_dead()")
is_(states(), [("created", 0, 4)], "the next look gives its jobs back uncharged: nobody had got the answer")
is_(claim(worker, 1), [], "a worker that is not registered any more claims nothing")
a.commit()

again = a.one("select /*schema*/register_worker('a', %s)", worker)
a.commit()
lost = claim(again, 1)
a.commit()
is_(len(lost), 1, "registered anew it does")
b.sql("""create or replace function /*schema*/clock() returns timestamptz language sql volatile parallel safe
         as $f$ select pg_catalog.clock_timestamp() + interval '31 s' $f$""")
b.sql("select /*schema*/rescue_dead()")
is_(states(), [("created", 0, 3), ("failed", 1, 1)], "half a minute without a beat: its attempt is counted, as it may have run")
is_(claim(again, 3), [], "frozen meanwhile, it claims nothing")
is_(a.one("select /*schema*/complete(%s::bigint, %s::bigint)", *lost[0]), "lost", "nor does its outcome count")
a.commit()
third = a.one("select /*schema*/register_worker('a', %s)", again)
a.commit()
is_(len(claim(third, 3)), 3, "until it has registered anew")
a.commit()
done()
