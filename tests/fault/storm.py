# SPDX-License-Identifier: MIT
"""What the kill tests share: choices that can be repeated, a look at the database over its crashes, the invariants of
the tables, who is left over, and the diary that chaos_handlers.so writes. Knows no test."""
import collections
import os
import random
import re
import signal
import time

import psycopg2

import testdb

LONG = bool(os.environ.get("PGQUEUE_TEST_LONG"))


def begin(rounds, rounds_long):
    """Seeds the choices of this run; how many rounds it has."""
    seed = int(os.environ.get("PGQUEUE_TEST_SEED") or time.time_ns() % 1000000)
    rounds = int(os.environ.get("PGQUEUE_TEST_ROUNDS") or (rounds_long if LONG else rounds))
    random.seed(seed)
    testdb.diag(f"PGQUEUE_TEST_SEED={seed}, {rounds} rounds (the seed repeats the choices and moments, not the timing)")
    return rounds


def moment(most):
    """A random moment within so many seconds: this is the storm, not a wait for something."""
    time.sleep(random.random() * most)


class Eyes:
    """Looks at the database over crashes of the server: a lost connection is opened again."""

    def __init__(self, dsn):
        self.dsn = dsn
        self.connection = None

    def _rows(self, sql, values):
        try:
            if not self.connection:
                self.connection = testdb.Connection(self.dsn)
            return (self.connection.sql(sql, *values),)
        except psycopg2.Error as e:
            if e.pgcode and not e.pgcode.startswith(("57P", "08", "53")):
                raise
            self.connection = None
            return None

    def sql(self, sql, *values, timeout=60):
        return testdb.wait(lambda: self._rows(sql, values), timeout, "the database is back")[0]

    def one(self, sql, *values):
        rows = self.sql(sql, *values)
        return rows[0][0] if rows else None

    def wait(self, sql, *values, timeout=30):
        testdb.wait(lambda: self.one(sql, *values), timeout, f"{testdb.mark(sql)} {values or ''}")

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


# Each counts what must not be, in one snapshot, at any moment.
_WRONG = {
    "ready rows without a live job of the same key": """
      select count(*) from /*schema*/job_ready r where not exists (select from /*schema*/job_live j
        where (j.id, j.queue, j.rank, j.start_after, j.attempt) = (r.id, r.queue, r.rank, r.start_after, r.attempt))""",
    "jobs ready twice": "select count(*) - count(distinct id) from /*schema*/job_ready",
    "jobs open in two leases": """
      select count(*) - count(distinct j.id) from /*schema*/job_lease l, unnest(l.ids) u(id) join /*schema*/job_live j on j.id = u.id""",
    "jobs both ready and leased": """
      select count(*) from /*schema*/job_lease l, unnest(l.ids) u(id) join /*schema*/job_live j on j.id = u.id
        where exists (select from /*schema*/job_ready r where r.id = u.id)""",
    "live jobs neither ready nor leased": """
      select count(*) from /*schema*/job_live j where not exists (select from /*schema*/job_ready r where r.id = j.id)
        and not exists (select from /*schema*/job_lease l where j.id = any (l.ids))""",
    "jobs live and finished": "select count(*) from /*schema*/job_live j join /*schema*/job_finished f on f.id = j.id",
    "jobs finished twice": "select count(*) - count(distinct id) from /*schema*/job_finished",
    "differences of queue_stats and the jobs": """
      select count(*) from (select queue, created, retry, active, completed, failed, cancelled from /*schema*/queue_stats) s
        full join (select queue, count(*) filter (where state = 'created') as created, count(*) filter (where state = 'retry') as retry,
          count(*) filter (where state = 'active') as active, count(*) filter (where state = 'completed') as completed,
          count(*) filter (where state = 'failed') as failed, count(*) filter (where state = 'cancelled') as cancelled
          from /*schema*/job group by queue) j on j.queue = s.queue
        where (coalesce(s.created, 0), coalesce(s.retry, 0), coalesce(s.active, 0), coalesce(s.completed, 0), coalesce(s.failed, 0),
            coalesce(s.cancelled, 0))
          <> (coalesce(j.created, 0), coalesce(j.retry, 0), coalesce(j.active, 0), coalesce(j.completed, 0), coalesce(j.failed, 0),
            coalesce(j.cancelled, 0))""",
    "open imports without a live job": """
      select count(*) from sync.import_job i where i.status in ('pending', 'running')
        and not exists (select from /*schema*/job_live j where j.id = i.job_id)""",
    "imports that end otherwise than their job": """
      select count(*) from sync.import_job i join /*schema*/job_finished f on f.id = i.job_id
        where i.status <> case f.state when 'completed' then 'completed' else 'failed' end""",
    "live import jobs without an open import": """
      select count(*) from /*schema*/job_live j join sync.import_job i on i.job_id = j.id where i.status not in ('pending', 'running')""",
    "connections with two open imports": """
      select count(*) from (select from sync.import_job where status in ('pending', 'running') group by connection_id having count(*) > 1) s""",
    "connections syncing without a running import": """
      select count(*) from sync.connection c where c.sync_status = 'syncing'
        and not exists (select from sync.import_job i where i.connection_id = c.id and i.status = 'running')""",
}
_ALL = " union all ".join(f"select '{what}', ({count})" for what, count in _WRONG.items())


def wrong(eyes):
    """The invariants of both schemas that are broken, in one snapshot; empty is good."""
    return [row for row in eyes.sql(_ALL) if row[1] != 0]


def holds(eyes, sentence):
    testdb.is_(wrong(eyes), [], sentence)


# --- processes ----------------------------------------------------------------------------------------------------------

def alive(pid):
    """Whether the process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(child) for child in f.read().split() if alive(child)]
    except (FileNotFoundError, ProcessLookupError):
        return []


def signal_to(pid, sig=signal.SIGKILL):
    """False if there is no such process any more."""
    try:
        os.kill(pid, sig)
        return True
    except ProcessLookupError:
        return False


def freeze(pids):
    """Stops processes and returns when none of their threads runs any more."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)

    def stopped():
        for pid in pids:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/stat", encoding="ascii", errors="replace") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] not in "TZX":
                        return False
        return True
    testdb.wait(stopped, 60, f"{pids} stand still")


def running(config):
    """The pids of all supervisors and workers of a configuration file."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as f:
                    argv = f.read().decode(errors="replace").split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if config in argv and alive(entry):
                found.append(int(entry))
    return found


# --- the diary of chaos_handlers ---------------------------------------------------------------------------------------

MODULE = os.path.join(os.environ["PGQUEUE_TEST_BUILDDIR"], "tests", "fault", ".libs", "chaos_handlers.so")
EVENTS = testdb.tmp("events")
GATE = testdb.tmp("gate")  # handlers with the payload "gate" end when this file is there
ENV = {"CHAOS_EVENTS": EVENTS, "CHAOS_GATE": GATE}
Event = collections.namedtuple("Event", "what job attempt pid at")


def events():
    """Starts ("S") and ends ("E") in their order; at is of time.monotonic()."""
    try:
        with open(EVENTS, encoding="ascii") as f:
            rows = [line.split() for line in f.read().splitlines()]
    except FileNotFoundError:
        return []
    return [Event(w, int(job), int(attempt), int(pid), int(at) / 1e6) for w, job, attempt, pid, at in rows]


def starts():
    """The starts of each job, by its id."""
    found = collections.defaultdict(list)
    for event in events():
        if event.what == "S":
            found[event.job].append(event)
    return found


def ends():
    """How often the handler of each job came to its end."""
    return collections.Counter(event.job for event in events() if event.what == "E")


def worker_ids(log):
    """The pids of worker processes that a supervisor's log tells."""
    return [int(m) for m in re.findall(r'msg="worker started" worker_pid=(\d+)', log)]
