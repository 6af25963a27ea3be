# SPDX-License-Identifier: MIT
# Jobs that become visible behind the place where a worker claims: their transaction commits after a later job was
# taken. No claim or poll that begins at that place sees them; a look from the start has to, soon.
import time

import testdb
from testdb import done

db = testdb.create()
c, late = db.connect(), db.connect()
c.sql("select /*schema*/create_queue('q')")


def ends(i, seconds, sentence):
    """The job is completed within some seconds, not at the poll that every idle worker makes each 30 s."""
    def took():
        start = time.monotonic()
        c.wait("select state = 'completed' from /*schema*/job where id = %s", i)
        return time.monotonic() - start
    testdb.in_time(seconds, sentence, took, 1)


def send(connection):
    return connection.one("select /*schema*/send('q', '{}')")


# Sent before there is a worker, so that no bell rings for it.
late.sql("begin")
first = send(late)
worker = testdb.start("pgqueue", "-d", db.dsn, "--schema", testdb.schema(), "work", "q", "--exec", "true")
ends(send(c), 20, "a job that was sent and committed meanwhile does not wait")
late.sql("commit")
ends(first, 15, "a job that commits late is found by the looks that follow, without a bell")

c.wait("select exists (select from /*schema*/job_bell where queue = 'q' and until > now() + '20 s')")
late.sql("begin")
first = send(late)
ends(send(c), 15, "a sleeping worker is woken")
late.sql("commit")
ends(first, 15, "and by the bell of a job that commits late")

# Each priority has a place of its own. The first send of a new one would hold the queue's row until it commits.
def take_each(sentence):
    for p in (5, 0, -5):
        ends(c.one("select /*schema*/send('q', '{}', %s::jsonb)", '{"priority": %d}' % p), 15, f"priority {p} {sentence}")


take_each("is new")
late.sql("begin")
several = [late.one("select /*schema*/send('q', '{}', %s::jsonb)", '{"priority": %d}' % p) for p in (-5, 0, 5)]
take_each("is taken meanwhile")
late.sql("commit")
for i in several:
    ends(i, 15, "a late one of each priority is found")
done()
