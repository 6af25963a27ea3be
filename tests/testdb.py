# SPDX-License-Identifier: MIT
"""Databases, programs and TAP for the Python tests (psycopg2); knows nothing of queues.

    import testdb
    from testdb import ok, is_, done

    db = testdb.create()                      # a fresh, migrated database, dropped at exit
    c = db.connect()                          # a connection in autocommit
    c.sql("select /*schema*/create_queue('mail')")
    is_(c.one("select count(*) from /*schema*/job"), 0, "a new queue is empty")
    p = testdb.start("pgqueued", "-c", path)  # gone at exit, with its children
    p.wait_line("ready", 10)
    done()
"""
import atexit
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

_run = 0
_failed = 0

# Seconds that every wait waits at least, whatever its caller gives: a deadline ends a test that hangs and promises nothing,
# and on a busy machine anything may take long. For promises about time there is in_time().
PATIENCE = 60


# --- TAP ---------------------------------------------------------------------------------------------------------------

def diag(text):
    for line in str(text).splitlines() or [""]:
        print("# " + line, flush=True)


def ok(passed, sentence):
    global _run, _failed
    _run += 1
    print(("ok" if passed else "not ok") + f" {_run} - {sentence}", flush=True)
    if not passed:
        _failed += 1
        frame = sys._getframe(1)
        while frame.f_code.co_filename == __file__ and frame.f_back:
            frame = frame.f_back
        diag(f"failed at {frame.f_code.co_filename}:{frame.f_lineno}")
    return bool(passed)


def is_(got, want, sentence):
    if not ok(got == want, sentence):
        diag(f"     got: {got!r}\nexpected: {want!r}")
    return got == want


def raises(sqlstate, sentence, function, *args):
    """The call fails in the database with this SQLSTATE; returns the error's text."""
    import psycopg2
    try:
        function(*args)
    except psycopg2.Error as e:
        if not ok(e.pgcode == sqlstate, sentence):
            diag(f"SQLSTATE {e.pgcode}, expected {sqlstate}: {e}")
        return str(e)
    ok(False, sentence)
    diag("it did not fail")
    return ""


def bail(text):
    """Ends the program at once, as failed."""
    print("Bail out! " + " ".join(str(text).split()), flush=True)
    sys.exit(99)


def skip_all(text):
    """Ends the program without a check; the continuous integration counts it as a failure."""
    print("1..0 # SKIP " + text, flush=True)
    sys.exit(0)


def done():
    print(f"1..{_run}", flush=True)
    sys.exit(1 if _failed or not _run else 0)


# --- databases ---------------------------------------------------------------------------------------------------------

def schema():
    """The schema that the suite runs in."""
    return os.environ.get("PGQUEUE_TEST_SCHEMA") or "pgqueue"


def mark(sql):
    """The statement with the quoted schema for each marker."""
    return sql.replace("/*schema*/", '"' + schema().replace('"', '""') + '".')


def _psycopg2():
    try:
        import psycopg2
        return psycopg2
    except ImportError:
        bail("psycopg2 is missing (package python3-psycopg2; run by /usr/bin/python3)")


class Connection:
    """One session. autocommit unless asked otherwise; each statement has the marker replaced, values go by %s."""

    def __init__(self, dsn, autocommit=True):
        self.raw = _psycopg2().connect(dsn)
        self.raw.autocommit = autocommit
        self.pid = self.raw.info.backend_pid
        if autocommit:
            self.sql("set client_min_messages = warning")

    def sql(self, sql, *values):
        """Runs it; all rows, or None if it has none."""
        with self.raw.cursor() as cursor:
            cursor.execute(mark(sql), values or None)
            return cursor.fetchall() if cursor.description else None

    def one(self, sql, *values):
        """The first value of the first row, None if there is none."""
        rows = self.sql(sql, *values)
        return rows[0][0] if rows else None

    def wait(self, sql, *values, timeout=10):
        """Waits until the query answers true; ends the program, naming it, if that takes longer than timeout seconds."""
        wait(lambda: self.one(sql, *values), timeout, f"{mark(sql)} {values or ''}")

    def start(self, sql, *values):
        """Runs the statement in a thread, for statements that wait for another session: .result(timeout) has the rows."""
        import concurrent.futures
        if not hasattr(self, "_thread"):
            self._thread = concurrent.futures.ThreadPoolExecutor(1)
        return self._thread.submit(self.sql, sql, *values)

    def blocked_by(self, other, timeout=10):
        """Waits until this session waits for a lock of the other; needs a third connection's eyes, so opens one."""
        watch = Connection(os.environ["PGQUEUE_TEST_SUPER_DSN"])
        watch.wait("select %s = any(pg_blocking_pids(%s))", other.pid, self.pid, timeout=timeout)
        watch.close()

    def notified(self, timeout=10):
        """Waits for a notification; False if none came."""
        deadline = time.monotonic() + max(timeout, PATIENCE)
        while True:
            self.raw.poll()
            if self.raw.notifies:
                self.raw.notifies.pop(0)
                return True
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.raw], [], [], left)[0]:
                return False

    def commit(self):
        self.raw.commit()

    def rollback(self):
        self.raw.rollback()

    def close(self):
        self.raw.close()


# One line per fact about the objects of ours; the same for every server version.
_DESCRIBE = r"""
with ours as (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')),
  rel as (select c.*, format('%I.%I', o.nspname, c.relname) as name from pg_class c join ours o on o.oid = c.relnamespace)
select 'schema ' || nspname from ours
union all select format('%s %s %s %s partition:%s', case relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view'
    when 'S' then 'sequence' when 'c' then 'type' else 'relation ' || relkind::text end, name, relpersistence, reloptions,
    pg_get_expr(relpartbound, oid)) from rel where relkind <> 'i' and relkind <> 'I'
union all select format('column %s.%s %s %s %s %s %s', r.name, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
    case when a.attnotnull then 'not null' end, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
  from rel r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum where r.relkind in ('r', 'p', 'v', 'c')
union all select 'index ' || pg_get_indexdef(i.indexrelid) from pg_index i join rel r on r.oid = i.indrelid
union all select format('constraint %s %s %s', r.name, k.conname, pg_get_constraintdef(k.oid))
  from pg_constraint k join rel r on r.oid = k.conrelid where k.contype <> 'n'
union all select format('view %s %s', name, pg_get_viewdef(oid)) from rel where relkind = 'v'
union all select 'function ' || pg_get_functiondef(p.oid) from pg_proc p join ours o on o.oid = p.pronamespace
  where p.prokind in ('f', 'p')
union all select format('type %I.%I %s', o.nspname, t.typname, array(select e.enumlabel from pg_enum e
    where e.enumtypid = t.oid order by e.enumsortorder)) from pg_type t join ours o on o.oid = t.typnamespace where t.typtype in ('e', 'd')
union all select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t join rel r on r.oid = t.tgrelid where not t.tgisinternal
"""


class Database:
    def __init__(self, dsn, name):
        self.dsn = dsn
        self.name = name

    def connect(self, autocommit=True):
        return Connection(self.dsn, autocommit)

    def describe(self):
        """Every object of ours in a comparable form: sorted texts."""
        c = self.connect()
        lines = sorted(line for (line,) in c.sql(_DESCRIBE))
        c.close()
        return lines


_databases = []


def _drop_all():
    if not _databases:
        return
    try:
        # Not as their owner, who may not end an autovacuum that is at work there.
        c = Connection(os.environ.get("PGQUEUE_TEST_SUPER_DSN") or os.environ["PGQUEUE_TEST_DSN"])
        for database in _databases:
            c.sql(f"drop database if exists {database.name} with (force)")
    except Exception as e:  # The server may be the thing under test and be gone.
        diag(f"not dropped: {e}")


def create(empty=False):
    """A migrated database of this program's own (or one without our objects), dropped at exit."""
    dsn = os.environ.get("PGQUEUE_TEST_DSN")
    if not dsn:
        skip_all("no server: run by make check, scripts/test or tests/with-server")
    if not _databases:
        atexit.register(_drop_all)
    name = f"t_{os.getpid()}_{len(_databases)}"
    template = "template0" if empty else os.environ.get("PGQUEUE_TEST_TEMPLATE") or bail("no template database")
    c = Connection(dsn)
    c.sql(f"create database {name} template {template}")
    c.close()
    fields = dict(field.split("=", 1) for field in dsn.split())
    fields["dbname"] = name
    database = Database(" ".join(f"{k}={v}" for k, v in fields.items()), name)
    _databases.append(database)
    return database


# --- programs and waits ------------------------------------------------------------------------------------------------

def wait(condition, timeout, what):
    """Waits until condition() is true and returns its value; ends the program, saying what was waited for, if it does not."""
    timeout = max(timeout, PATIENCE)
    deadline = time.monotonic() + timeout
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            bail(f"not met within {timeout} s: {what}")
        time.sleep(pause)  # between two looks at a condition with a deadline
        pause = min(pause * 2, 0.05)


def _busy():
    """By how much longer than on an idle machine a computation takes just now: 1 or more."""
    wall, cpu = time.monotonic(), time.thread_time()
    while time.thread_time() - cpu < 0.02:
        pass
    return max(1.0, (time.monotonic() - wall) / (time.thread_time() - cpu))


def in_time(limit, sentence, measure, tries=3):
    """A promise about time: measure() answers how many seconds it took. Whatever the program does, another one may have the
    processors just then, so up to three are measured and the best one counts. Where a computation takes more than twice
    its time, the limit grows with it, to three times at most."""
    took, grown = [], limit
    while not took or (took[-1] > grown and len(took) < tries):
        before = _busy()
        took.append(measure())
        grown = limit * min(3.0, max(1.0, max(before, _busy()) / 2))
    if grown > limit and took[-1] > limit:
        diag(f"the machine is busy: {grown:.2f} s instead of {limit} s are good enough")
    return ok(took[-1] <= grown, f"{sentence} ({', '.join(f'{t:.2f}' for t in took)} s)")


def tmp(name=""):
    """A path in this program's scratch folder, which make check empties."""
    return os.path.join(os.environ.get("PGQUEUE_TEST_TMP") or "/tmp", name)


def write(name, text):
    """Writes a file into the scratch folder; its path."""
    with open(tmp(name), "w", encoding="utf-8") as f:
        f.write(text)
    return tmp(name)


_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_processes = []


class Process:
    """A program in a process group of its own. Output goes to files, err and out; both end with the test.

    It stays a zombie until the test ends: its id is also that of its group, and another process, a server's backend for
    example, would get the id before the group is killed."""

    def __init__(self, argv, env=None, stdin=None):
        n = len(_processes)
        self.argv = [str(a) for a in argv]
        self.out = tmp(f"proc.{os.getpid()}.{n}.out")
        self.err = tmp(f"proc.{os.getpid()}.{n}.err")

        def prepare():
            os.setpgid(0, 0)
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.popen = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL, stdout=out, stderr=err,
                env={**os.environ, **(env or {})}, preexec_fn=prepare)
        if stdin is not None:
            self.popen.stdin.write(stdin.encode())
            self.popen.stdin.close()
        self.pid = self.popen.pid
        self.code = None  # once it has ended: the exit code, or 128 + the signal
        _processes.append(self)

    def running(self):
        if self.code is None:
            end = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if end:
                self.code = end.si_status if end.si_code == os.CLD_EXITED else 128 + end.si_status
        return self.code is None

    def log(self):
        with open(self.err, encoding="utf-8", errors="replace") as f:
            return f.read()

    def output(self):
        with open(self.out, encoding="utf-8", errors="replace") as f:
            return f.read()

    def lines(self, text):
        """The lines of standard error that contain text."""
        return [line for line in self.log().splitlines() if text in line]

    def wait_line(self, text, timeout=10):
        """Waits for a line of standard error that contains text; returns it."""
        def look():
            ended = not self.running()
            found = self.lines(text)
            if not found and ended:
                diag(self.log())
                bail(f"{self.argv[0]} ended ({self.code}) without the line: {text}")
            return found
        try:
            return wait(look, timeout, f"{self.argv[0]}: a line with {text}")[0]
        except SystemExit:
            diag(self.log())
            raise

    def wait(self, timeout=10):
        """Waits for the end: the exit code, or 128 + the signal."""
        timeout = max(timeout, PATIENCE)
        if self.running():
            fd = os.pidfd_open(self.pid)
            select.select([fd], [], [], timeout)
            os.close(fd)
        if self.running():
            diag(self.log())
            bail(f"{self.argv[0]} has not ended within {timeout} s")
        return self.code

    def kill(self, sig=signal.SIGKILL):
        """To this process alone."""
        if self.running():
            os.kill(self.pid, sig)


def _end_all():
    for p in _processes:
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.popen.wait()


atexit.register(_end_all)  # runs before the databases are dropped: exit handlers run last in, first out


def start(*argv, env=None, stdin=None):
    """Starts a program, found by PATH, which leads to the freshly built ones."""
    return Process(argv, env, stdin)


def run(*argv, env=None, stdin="", timeout=150):
    """Runs a program to its end: an object with returncode, stdout and stderr as text."""
    try:
        return subprocess.run([str(a) for a in argv], input=stdin, capture_output=True, text=True, timeout=timeout,
                              env={**os.environ, **(env or {})}, check=False)
    except subprocess.TimeoutExpired:
        bail(f"{argv[0]} has not ended within {timeout} s")


# --- a server of one's own ---------------------------------------------------------------------------------------------

class Server:
    """A server that a test may stop, kill and start again: with testdb.Server() as s: db = s.create() ...

    The shared server of the run is not for that. Settings: testdb.Server(max_connections=20)."""

    def __init__(self, **settings):
        self.settings = settings

    def __enter__(self):
        here = os.path.dirname(os.path.abspath(__file__))
        env_file = tmp("server.env")
        self._holder = start(os.path.join(here, "with-server"), "--while", os.getpid(), "--env", env_file,
                             *[f"--set={k}={v}" for k, v in self.settings.items()])
        wait(lambda: os.path.exists(env_file) or not self._holder.running(), 60, "a server of the test's own")
        if not self._holder.running():
            bail("no server of the test's own: " + self._holder.log())
        self._before = {k: v for k, v in os.environ.items() if k.startswith("PGQUEUE_TEST_")}
        out = subprocess.run(["bash", "-c", '. "$0"; env -0', env_file], capture_output=True, check=True).stdout
        for entry in out.decode().split("\0"):
            key, _, value = entry.partition("=")
            if key.startswith("PGQUEUE_TEST_") and key != "PGQUEUE_TEST_TMP":
                os.environ[key] = value
        self.dir = os.environ["PGQUEUE_TEST_SERVER"]
        self.dsn = os.environ["PGQUEUE_TEST_DSN"]
        self._n = len(_databases)
        return self

    def ctl(self, verb):
        """stop, start, restart (mode fast), kill (as a crash)."""
        here = os.path.dirname(os.path.abspath(__file__))
        done_ = run(os.path.join(here, "pgctl"), verb)
        if done_.returncode:
            bail(f"pgctl {verb}: {done_.stderr}")

    def create(self, empty=False):
        return create(empty)

    def __exit__(self, *exc):
        del _databases[self._n:]
        self._holder.kill(signal.SIGTERM)
        self._holder.wait(60)
        os.environ.update(self._before)
