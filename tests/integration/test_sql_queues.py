# SPDX-License-Identifier: MIT
"""Queues and options in SQL: what they accept, what they refuse and with which words."""
import invariants
import testdb
from testdb import done, is_, ok, raises

db = testdb.create()
c = db.connect()


def one(sql, *values):
    return c.one("select /*schema*/" + sql, *values)


def refused(code, words, sql, *values):
    text = raises(code, f"refused: {sql} {values or ''}", one, sql, *values)
    for word in words.split("|"):
        if not ok(word in text, f"and the message names {word}"):
            testdb.diag(text)


def row(name):
    return dict(zip(("retry_limit", "retry_ms", "retry_max_ms", "backoff", "expire_ms", "keep_queued_s", "keep_finished", "dead_letter"),
                    c.sql("select retry_limit, retry_ms, retry_max_ms, backoff, expire_ms, keep_queued_s, keep_finished, dead_letter"
                          " from /*schema*/queue where name = %s", name)[0]))


# Making queues
DEFAULTS = {"retry_limit": 3, "retry_ms": 60000, "retry_max_ms": None, "backoff": True, "expire_ms": 900000,
            "keep_queued_s": 14 * 86400, "keep_finished": 1, "dead_letter": None}
is_(one("create_queue('plain')"), True, "a queue is created")
is_(row("plain"), DEFAULTS, "with the documented defaults")
refused("PQ409", "plain|update_queue", "create_queue('plain')")
one("create_queue('dead')")
one("create_queue('all', %s)", '{"retry_limit": 7, "retry_delay": "2 min", "retry_delay_max": 3600, "retry_backoff": false,'
    ' "expire_in": 1.5, "keep_queued": "1 day", "keep_finished": 0, "dead_letter": "dead", "policy": "standard"}')
is_(row("all"), {"retry_limit": 7, "retry_ms": 120000, "retry_max_ms": 3600000, "backoff": False, "expire_ms": 1500,
                 "keep_queued_s": 86400, "keep_finished": 0, "dead_letter": "dead"}, "every queue option is stored")
is_(one("update_queue('all', '{\"retry_limit\": 1}')"), True, "a queue is updated")
is_(row("all"), {**row("all"), "retry_limit": 1, "retry_ms": 120000}, "the options not given stay")
one("update_queue('all', %s)", '{"retry_limit": null, "retry_delay": null, "retry_delay_max": null, "retry_backoff": null,'
    ' "expire_in": null, "keep_queued": null, "keep_finished": null, "dead_letter": null}')
is_(row("all"), DEFAULTS, "an option that is null returns to its default")
before = c.one("select xmin::text from /*schema*/queue where name = 'plain'")
one("update_queue('plain', '{\"retry_limit\": 3}')")
is_(c.one("select xmin::text from /*schema*/queue where name = 'plain'"), before, "an update that changes nothing writes nothing")
one("declare_queue('declared', '{\"retry_limit\": 9}')")
is_(row("declared")["retry_limit"], 9, "a declared queue is created")
one("declare_queue('declared', '{\"retry_limit\": 8}')")
is_(row("declared")["retry_limit"], 8, "declared again it is updated")

# Names
for name in ("", "x" * 101, "a\nb", "a\x01", None):
    refused("22023", "1 to 100 characters", "create_queue(%s)", name)
for name in ("q'uote\"d", "with space", "ünïcødé 🚀", "x" * 100, "select", "a/*schema*/b".replace("/*schema*/", "%")):
    is_(one("create_queue(%s)", name), True, f"a queue may be called {name[:20]}")
    is_(one("send(%s, '1')", name) is not None, True, "jobs may be sent to it")
    is_(len(c.sql("select * from /*schema*/fetch(%s, 1)", name)), 1, "and fetched")
    is_(one("delete_queue(%s)", name), True, "and it may be deleted")

# Queues that are not there
for call in ("send('nowhere')", "send_many('nowhere', '{\"{}\"}')", "update_queue('nowhere', '{}')", "delete_queue('nowhere')",
             "pause_queue('nowhere')", "resume_queue('nowhere')", "fetch('nowhere')", "fan_out('k', 'nowhere', 'select 1')",
             "set_end_hook('nowhere', null)", "send(null)"):
    text = raises("PQ404", f"there is no such queue: {call}", one, call)
    ok("does not exist" in text, "and the message says so")
ok("create_queue" in raises("PQ404", "an unknown queue is refused", one, "send('nowhere')"), "the hint says how to make it")

# Options: unknown, planned, wrong
both = ("create_queue('bad', %s)", "update_queue('plain', %s)")
for call in both + ("send('plain', '1', %s)",):
    refused("22023", "retry_limits|retry_limit,", call, '{"retry_limits": 1}')
    refused("22023", "object|array", call, "[1]")
    refused("22023", "object", call, '"text"')
    for value in ("-1", "1.5", "true", '"3"', "32001", "1e400", "[]"):
        refused("22023", "retry_limit|whole number", call, '{"retry_limit": %s}' % value)
    for name in ("retry_delay", "retry_delay_max", "expire_in", "keep_queued"):
        for value, word in (("-1", "negative"), ('"-5 min"', "negative"), ('"soon"', "interval"), ("true", "boolean"), ("2073601", "24 days"),
                            ("{}", "object")):
            refused("22023", name + "|" + word, call, '{"%s": %s}' % (name, value))
    for name in ("expire_in", "keep_queued"):
        refused("22023", name + "|more than 0", call, '{"%s": 0}' % name)
    for value in ("1", '"yes"', "[]"):
        refused("22023", "retry_backoff|true or false", call, '{"retry_backoff": %s}' % value)
    refused("PQ404", "nowhere", call, '{"dead_letter": "nowhere"}')
    for value in ("7", '""', '"' + "x" * 256 + '"'):
        refused("22023", "dead_letter|255", call, '{"dead_letter": %s}' % value)
for call in both:
    refused("0A000", "policy|not built yet", call, '{"policy": "short"}')
    refused("22023", "keep_finished|30", call, '{"keep_finished": 31}')
    refused("22023", "priority", call, '{"priority": 1}')
    refused("0A000", "limits|not built yet", call, '{"limits": {}}')
refused("22023", "own dead letter", "update_queue('plain', '{\"dead_letter\": \"plain\"}')")
refused("22023", "own dead letter", "send('plain', '1', '{\"dead_letter\": \"plain\"}')")
for name in ("singleton_seconds", "debounce", "depends_on"):
    refused("0A000", name + "|not built yet", "send('plain', '1', %s)", '{"%s": 1}' % name)
refused("22023", "keep_finished|unknown", "send('plain', '1', '{\"keep_finished\": 1}')")
for value in ("-1", '"-1 s"', '"tomorrowish"', "true", '"infinity"', '"-infinity"', "[]"):
    refused("22023", "start_after", "send('plain', '1', %s)", '{"start_after": %s}' % value)
for value in ("1000001", "-1000001", "0.5", '"high"'):
    refused("22023", "priority", "send('plain', '1', %s)", '{"priority": %s}' % value)
for name in ("singleton_key", "group_id"):
    for value in ("1", '""', '"' + "x" * 256 + '"'):
        refused("22023", name, "send('plain', '1', %s)", '{"%s": %s}' % (name, value))
is_(c.one("select count(*) from /*schema*/job where queue = 'plain'"), 0, "nothing that was refused left a job")
is_(c.one("select count(*) from /*schema*/queue where name = 'bad'"), 0, "nor a queue")

# Payloads
raises("22P05", "a NUL character in a payload is refused", one, "send('plain', %s)", '"\\u0000"')
refused("54000", "limit|reference", "send('plain', to_jsonb(repeat('x', 17 * 1024 * 1024)))")
refused("54000", "limit", "send_many('plain', array['{}', jsonb_build_object('data', repeat('x', 17 * 1024 * 1024))])")
is_(c.one("select count(*) from /*schema*/job where queue = 'plain'"), 0, "a payload too large leaves nothing, not even its neighbours")
big = one("send('plain', to_jsonb(repeat('x', 15 * 1024 * 1024)))")
is_(c.one("select length(data #>> '{}') from /*schema*/job where id = %s", big), 15 * 1024 * 1024, "one below the limit is kept")
one("delete_job(%s)", big)

# Pause
is_(one("pause_queue('plain', 'stop it')"), True, "a queue is paused")
j = one("send('plain', '1')")
ok(j is not None, "sends to a paused queue go on")
is_(c.sql("select * from /*schema*/fetch('plain', 1)"), [], "claims from a paused queue find nothing")
is_(c.sql("select paused_on is not null, paused_reason from /*schema*/queue_stats where queue = 'plain'"), [(True, "stop it")],
    "queue_stats shows the pause and its reason")
since = c.one("select paused_on from /*schema*/queue where name = 'plain'")
one("pause_queue('plain', 'still')")
is_(c.sql("select paused_on = %s, paused_reason from /*schema*/queue where name = 'plain'", since), [(True, "still")],
    "paused again it keeps the time of the first pause")
is_(one("resume_queue('plain')"), True, "it is resumed")
is_(len(c.sql("select * from /*schema*/fetch('plain', 1)")), 1, "and claims go on")

# Deleting a queue: everything of it goes, the others stay
one("create_queue('gone', '{\"dead_letter\": \"dead\"}')")
one("update_queue('all', '{\"dead_letter\": \"gone\"}')")
one("send('all', '1')")
ids = [one("send('gone', '1')") for _ in range(4)]
held = c.sql("select id, lease from /*schema*/fetch('gone', 2)")
one("complete(%s, %s)", *held[0])
is_(one("delete_queue('gone')"), True, "a queue with queued, running and finished jobs is deleted")
is_(c.one("select count(*) from /*schema*/job where queue = 'gone'"), 0, "none of its jobs is left")
is_(one("complete(%s, %s)", *held[1]), "lost", "who ran one of them is told that it is lost")
is_(row("all")["dead_letter"], None, "a queue that had it as dead letter queue has none now")
is_(c.one("select count(*) from /*schema*/job where queue = 'all'"), 1, "the jobs of others stay")
one("create_queue('gone')")
is_(c.sql("select created, retry, active, completed, failed, cancelled from /*schema*/queue_stats where queue = 'gone'"),
    [(0, 0, 0, 0, 0, 0)], "a queue created anew under the name starts with counts of zero")
invariants.holds(c, "after queues came and went")

# End hooks
c.sql("create table public.ended (n serial, id bigint, state text, output jsonb);"
      "create function public.hook(ids bigint[], state text, outputs jsonb[]) returns void language sql as $$"
      " insert into public.ended (id, state, output) select i, $2, o from unnest($1, $3) u(i, o) $$")
one("create_queue('hooked', '{\"retry_limit\": 0, \"keep_finished\": 1}')")
refused("42883", "nosuch", "set_end_hook('hooked', 'nosuch')")
one("set_end_hook('hooked', 'public.hook')")
ids = [one("send('hooked')") for _ in range(7)]
held = dict(c.sql("select id, lease from /*schema*/fetch('hooked', 4)"))
one("complete(%s, %s, '{\"n\": 1}')", ids[0], held[ids[0]])
one("fail(%s, %s, 'broke')", ids[1], held[ids[1]])
one("cancel(%s)", ids[2])
one("cancel(%s)", ids[4])
one("delete_job(%s)", ids[5])
one("release(%s, %s)", ids[3], held[ids[3]])
is_(c.sql("select id, state, output ->> 'message', output -> 'n' from ended order by n"),
    [(ids[0], "completed", None, 1), (ids[1], "failed", "broke", None), (ids[2], "cancelled", None, None),
     (ids[4], "cancelled", None, None), (ids[5], "cancelled", None, None)],
    "the end hook is called once for every job that ends, with state and output, and not for one that goes back")
c.sql("begin")
one("cancel(%s)", ids[6])
c.sql("rollback")
is_(c.one("select count(*) from ended"), 5, "in the transaction that ends the job")
c.sql("create table public.planner as select current_setting(s) from unnest('{enable_nestloop,enable_seqscan,plan_cache_mode}'::text[]) s limit 0;"
      "create function public.spy(bigint[], text, jsonb[]) returns void language sql as $$ insert into public.planner"
      " select current_setting(s) from unnest('{enable_nestloop,enable_hashjoin,enable_seqscan,plan_cache_mode}'::text[]) s $$")
one("set_end_hook('hooked', 'public.spy')")
i = one("send('hooked')")
held[i] = next(l for j, l in c.sql("select id, lease from /*schema*/fetch('hooked', 9)") if j == i)
one("complete(%s, %s)", i, held[i])
is_([r[0] for r in c.sql("select * from planner")], ["on", "on", "on", "auto"], "and with the planner's own settings")
one("set_end_hook('hooked', 'public.hook')")
one("delete_queue('hooked')")
is_(c.sql("select id, state from ended where n > (select max(n) - 2 from ended) order by id"), [(ids[3], "cancelled"), (ids[6], "cancelled")],
    "a queue that is deleted tells of the jobs that it had")

# Priorities: 256 different ones at most
one("create_queue('many')")
c.sql("select /*schema*/send('many', '1', jsonb_build_object('priority', g)) from generate_series(1, 255) g")
refused("54000", "256", "send('many', '1', '{\"priority\": 256}')")
ok(one("send('many', '1', '{\"priority\": 255}')"), "a priority that is known goes on")
is_([r[0] for r in c.sql("select priority from /*schema*/fetch('many', 300)")], [255, 255] + list(range(254, 0, -1)), "they are claimed in order")
invariants.holds(c, "at the end")
done()
