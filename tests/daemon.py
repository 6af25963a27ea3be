# SPDX-License-Identifier: MIT
"""Starts pgqueued for the tests and reads its log; knows nothing of what is tested.

    import daemon
    d = daemon.start(db, '[queue mail]\\nhandler = exec:cat\\n')   # returns when its workers are connected
    d.worker()                                                    # pid of the newest worker process
    d.stop()                                                      # TERM; its exit code
"""
import os
import re
import signal
import socket

import testdb

MODULES = os.path.join(os.environ["PGQUEUE_TEST_BUILDDIR"], "tests", "integration", ".libs")


def module(name):
    """Path of a handler module that the tests build."""
    return os.path.join(MODULES, name + ".so")


def config(db, body, name="pgqueued.ini", worker=""):
    """Writes a configuration for that database; its path. worker: lines for [worker]."""
    head = f"[database]\ndsn = {db.dsn if hasattr(db, 'dsn') else db}\nschema = {testdb.schema()}\n"
    return testdb.write(name, f"{head}[worker]\nlog_level = debug\n{worker}\n{body}")


class Daemon:
    def __init__(self, path, env=None):
        self.path = path
        self.process = testdb.start("pgqueued", "-c", path, env=env)
        self.log = self.process.log
        self.lines = self.process.lines
        self.wait_line = self.process.wait_line
        self.running = self.process.running

    def kill(self, sig):
        self.process.kill(sig)

    def wait(self, timeout=15):
        """Waits for its end: the exit code. What a sanitizer found in any of its processes ends the test."""
        code = self.process.wait(timeout)
        if "Sanitizer" in self.log():
            testdb.diag(self.log())
            testdb.bail("a sanitizer found something")
        return code

    def ready(self, timeout=15):
        self.wait_line(" ready", timeout)
        return self

    def stop(self, timeout=15):
        self.kill(signal.SIGTERM)
        return self.wait(timeout)

    def workers(self):
        """Pids of the worker processes in the order of their start, dead ones too."""
        return [int(m) for m in re.findall(r'"worker started"\W+worker_pid\W+(\d+)', self.log())]

    def worker(self):
        return self.workers()[-1]

    def wait_workers(self, n, timeout=15):
        """Waits until n worker processes have connected since the start."""
        testdb.wait(lambda: len(self.lines('"connected to the database"')) >= n, timeout, f"{n} workers connected")

    def address(self):
        """Host and port, or the path, of [http]."""
        place = re.search(r"address[=\":]+([^\s\"]+)", self.wait_line("listening")).group(1)
        if place.startswith("unix:"):
            return place[5:]
        host, port = place.rsplit(":", 1)
        return host, int(port)

    def connect(self):
        place = self.address()
        s = socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET)
        s.settimeout(60)
        s.connect(place)
        return s

    def request(self, text):
        """Sends bytes, reads to the end: (status, head, body)."""
        with self.connect() as s:
            s.sendall(text if isinstance(text, bytes) else text.encode())
            data = b""
            while chunk := s.recv(65536):
                data += chunk
        if not data:
            return 0, "", ""
        head, _, body = data.decode().partition("\r\n\r\n")
        return int(head.split()[1]), head, body

    def get(self, path, *headers):
        lines = "".join(h + "\r\n" for h in headers)
        return self.request(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n")

    def metric(self, name, **labels):
        """The value of a sample, None if it is not there."""
        text = ",".join(f'{k}="{v}"' for k, v in labels.items())
        start = f"pgqueue_{name}" + (f"{{{text}}}" if text else "") + " "
        for line in self.get("/metrics")[2].splitlines():
            if line.startswith(start):
                return float(line[len(start):])
        return None


def start(db, body, name="pgqueued.ini", worker="", env=None):
    """Starts it and waits until its workers are connected."""
    return Daemon(config(db, body, name, worker), env).ready()


def alive(pid):
    """Whether the process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def group_alive(group):
    """Whether a process of the group is there and no zombie."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[2]) == group and fields[0] not in "ZX":
                return True
    return False
