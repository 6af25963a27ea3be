# SPDX-License-Identifier: MIT
"""A hot standby for those who only look: which views, functions and commands answer there, and how the others refuse."""
import daemon
import pair
import testdb
from testdb import diag, done, is_, ok, raises

with testdb.Server(**pair.SETTINGS) as server:
    db = server.create()
    c = db.connect()
    c.sql("select /*schema*/create_queue('mail'); select /*schema*/send('mail', to_jsonb(g)) from generate_series(1, 5) g")
    c.sql("select /*schema*/schedule('nightly', 'mail', '0 3 * * *'); select /*schema*/fan_out('run', 'mail', 'select 6', '0')")
    (job, lease), = c.sql("select id, lease from /*schema*/fetch('mail', 1)")
    (other, its), = c.sql("select id, lease from /*schema*/fetch('mail', 1)")
    c.sql("select /*schema*/complete(%s, %s, '\"sent\"')", other, its)
    two = pair.Pair(server, db)
    two.follow()
    place = two.of(two.standby)
    s = testdb.Connection(place)
    is_(s.one("select pg_is_in_recovery()"), True, "this is a standby")

    is_(s.sql("select created, active, completed from /*schema*/queue_stats where queue = 'mail'"), [(4, 1, 1)], "queue_stats answers, to the job")
    is_(s.sql("select state::text, count(*)::int from /*schema*/job group by 1 order by 1"), [("active", 1), ("completed", 1), ("created", 4)], "job answers")
    is_(s.one("select output from /*schema*/job where id = %s", other), "sent", "by id, too")
    for what in ("/*schema*/queue", "/*schema*/schedule", "/*schema*/job_worker", "sync.connection_status", "sync.import_list"):
        ok(s.sql(f"select * from {what}") is not None, f"{what.replace('/*schema*/', '')} answers")
    for what in ("get_queue('mail')", "schedule_preview('* * * * *')", "next_chore(1, now())"):
        ok(s.sql(f"select /*schema*/{what}"), f"{what} answers")
    for what in ("send('mail')", "fetch('mail')", "poll(1)", "maintain()", "register_worker()", f"cancel({job})", f"complete({job}, {lease})"):
        raises("25006", f"{what} is refused as read-only", s.sql, f"select /*schema*/{what}")

    look = place + " target_session_attrs=any"
    for argv, text in ((["version"], "schema of queue"), (["stats"], "mail"), (["stats", "mail"], "mail"), (["--json", "stats"], '"completed":1'),
                       (["queue", "ls"], "mail"), (["queue", "show", "mail"], "retry_limit"), (["ls"], "created"), (["ls", "--state", "active"], str(job)),
                       (["show", str(other)], "sent"), (["schedule", "ls"], "nightly"), (["schedule", "preview", "* * * * *"], ":"),
                       (["sync", "status"], ""), (["sync", "imports"], "")):
        run = testdb.run("pgqueue", "-d", look, "--schema", testdb.schema(), *argv)
        ok(run.returncode == 0 and text in run.stdout.replace(": ", ":"), f"pgqueue {' '.join(argv)} answers") or diag(run.stdout + run.stderr)
    for argv in (["send", "mail", "1"], ["cancel", str(job)], ["queue", "pause", "mail"], ["schedule", "rm", "nightly"]):
        run = testdb.run("pgqueue", "-d", look, "--schema", testdb.schema(), *argv)
        ok(run.returncode not in (0, 5) and "read-only" in run.stderr, f"pgqueue {' '.join(argv)} is refused as read-only") or diag(run.stdout + run.stderr)
    run = testdb.run("pgqueue", "-d", place, "stats")
    ok(run.returncode == 5 and "read-only" in run.stderr, "without target_session_attrs programs look for a server that can write") or diag(run.stderr)
    hosts = two.of(f"{two.standby},{two.primary}").replace("port=5432", "port=5432,5432")
    run = testdb.run("pgqueue", "-d", hosts, "--schema", testdb.schema(), "send", "mail", "7")
    ok(run.returncode == 0, "and find it in a list") or diag(run.stderr)
    two.caught_up()
    is_(s.sql("select created from /*schema*/queue_stats where queue = 'mail'"), [(5,)], "the standby shows what the primary does")

    d = daemon.Daemon(daemon.config(place, "[queue mail]\nhandler = exec:true\n[http]\nlisten = 127.0.0.1:0\n"))
    d.wait_line("no database", 20)
    is_(d.get("/readyz")[0], 503, "a pgqueued that has only a standby is not ready")
    is_(d.get("/livez")[0], 200, "but alive: it waits")
    ok(d.get("/metrics")[0] == 200, "and has its metrics")
    s.close()
    two.crash()
    two.promote()
    d.wait_line('msg="1 worker ready"', 60)
    is_(d.get("/readyz")[0], 200, "after a promotion it works")
    c = testdb.Connection(two.of(two.primary))
    c.wait("select count(*) = 0 from /*schema*/job_ready", timeout=60)
    d.stop(30)
    two.stop()
done()
