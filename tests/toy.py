# SPDX-License-Identifier: MIT
"""Starts tests/fault/toy_worker and reads what its handlers wrote."""
import collections
import os

import testdb

PROGRAM = os.path.join(os.environ["PGQUEUE_TEST_BUILDDIR"], "tests/fault/toy_worker")


class Log:
    """Of all workers that share it: how often each job's handler began and ended."""

    def __init__(self, name="toy.log"):
        self.path = testdb.tmp(name)

    def counts(self, what):
        found = collections.Counter()
        if os.path.exists(self.path):
            with open(self.path, encoding="ascii") as f:
                for line in f:
                    kind, id_, _ = line.split()
                    if kind == what:
                        found[int(id_)] += 1
        return found


def start(dsn, queue, mode, log, *crash):
    return testdb.start(PROGRAM, dsn, testdb.schema(), queue, mode, log.path, *crash)


def number(process):
    """Its number as a worker."""
    return int(process.wait_line("connected ", 20).split()[1])
