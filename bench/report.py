#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Makes tables and plots of the lines that bench/run measured. Medians, if something was measured more than once.
# usage: bench/report.py [--write DOCUMENT] [--plot DIR] FILE...
#   --write  puts the tables into a Markdown file, between the lines <!-- bench: NAME --> and <!-- end -->
#   --plot   writes plots there
import argparse
import json
import re
import statistics
import sys

import plots

PEERS = {"graphile": (4, 3, 3, 4), "pg-boss": (5, None, None, None), "pgmq": (1.5, None, None, None)}


class Lines:
    """What was measured, by case and, for other queues, peer."""

    def __init__(self, paths):
        self.all = []
        for path in paths:
            with open(path, encoding="utf-8") as file:
                self.all += [json.loads(text) for text in file]
        for one in self.all:
            if one["case"] in ("bulk", "drain") and one.get("jobs", 0) >= 1e6:
                one["case"] += " of 1M"

    def of(self, case, peer=None):
        return [one for one in self.all if one["case"] == case and one.get("peer") == peer]

    def at(self, case, x, key):
        """The median of a point of a series."""
        found = [one[key] for one in self.of(case) if one["x"] == x and key in one]
        return statistics.median(found) if found else None

    def has(self, case, peer=None):
        return bool(self.of(case, peer))

    def get(self, case, key, peer=None):
        found = [one[key] for one in self.of(case, peer) if key in one]
        return statistics.median(found) if found else None

    def peers(self):
        return sorted({one["peer"] for one in self.all if "peer" in one})


def form(value, spec):
    return "" if value is None else format(value, spec)


def over(a, b):
    return None if a is None or not b else a / b


def costs(lines):
    """What a job costs on its ways, and as a share of the limit."""
    raw, raw_cpu = lines.get("raw", "per_s"), lines.get("raw", "server_cpu_s_per_100k")
    rows = []
    for case, text in (("raw", "raw COPY + DELETE"), ("bulk", "bulk enqueue"), ("drain", "drain of 100k"), ("bulk of 1M", None),
                       ("drain of 1M", None), ("sustain", "sustained"), ("held", "held snapshot")):
        if not lines.has(case):
            continue
        rate, cpu = lines.get(case, "per_s"), lines.get(case, "server_cpu_s_per_100k")
        rows.append([text or case, form(rate, ",.0f"), form(over(rate, raw), ".2f"), form(cpu, ".2f"), form(over(raw_cpu, cpu), ".2f"),
                     form(lines.get(case, "client_cpu_s_per_100k"), ".2f"), form(lines.get(case, "client_peak_mb"), ".1f"),
                     form(lines.get(case, "wal_per_job"), ".0f"), form(lines.get(case, "dead_per_job"), ".1f")])
    if lines.has("drain"):
        rate = 1 / (1 / lines.get("bulk", "per_s") + 1 / lines.get("drain", "per_s"))
        cpu = lines.get("bulk", "server_cpu_s_per_100k") + lines.get("drain", "server_cpu_s_per_100k")
        rows.append(["bulk, then drain", form(rate, ",.0f"), form(over(rate, raw), ".2f"), form(cpu, ".2f"),
                     form(over(raw_cpu, cpu), ".2f"), "", "", "", ""])
    return ["", "jobs/s", "of raw", "server CPU s per 100k", "of raw's", "worker CPU s per 100k", "worker MB", "WAL B per job",
            "dead rows per job"], rows


class Budgets:
    """Rows of a budget, what was measured, and whether it holds."""

    def __init__(self, lines):
        self.lines, self.rows = lines, []

    def row(self, what, budget, text, good):
        self.rows.append([what, budget, text, "yes" if good else "no"])

    def most(self, what, limit, value, spec=".2f", unit=""):
        if value is not None:
            self.row(what, f"at most {limit:g}{unit}", form(value, spec) + unit, value <= limit)

    def least(self, what, limit, value, of):
        if value is not None:
            self.row(what, f"{limit:g} {of}", form(value, ".2f"), value >= limit)


def budgets(lines):
    """The promises, and what holds."""
    b, get = Budgets(lines), lines.get
    b.least("sustained, one worker process", 0.5, over(get("sustain", "per_s"), get("raw", "per_s")), "of raw COPY + DELETE")
    b.least("the same with a snapshot held open", 0.9, get("held", "of_free"), "of the free rate")
    b.least("the same, slowest 10 s window", 0.9, get("held", "of_free_worst_window"), "of the free one")
    b.least("the same, jobs per server CPU second", 0.9, get("held", "of_free_cpu"), "of the free")
    b.least("drain of 1M", 0.9, over(get("drain of 1M", "per_s"), get("drain", "per_s")), "of the rate of 100k")
    b.least("single enqueue", 0.6, get("single", "ratio"), "of a prepared INSERT")
    b.most("idle, enqueue to handler: p50", 2, get("latency", "p50_ms"), unit=" ms")
    b.most("idle, enqueue to handler: p99", 5, get("latency", "p99_ms"), unit=" ms")
    b.least("16 enqueuers, workers busy", 0.9, get("senders", "of_mute"), "of the rate without NOTIFY")
    b.most("idle worker process: statements a minute", 3, get("idle", "statements_per_minute"), ".1f")
    b.most("idle worker process: connections", 2, get("idle", "connections"), ".0f")
    b.most("the same, opened anew in 5 minutes", 0, get("idle", "connections_opened"), ".0f")
    b.most("worker process: CPU per 100k jobs", 0.3, get("drain", "client_cpu_s_per_100k"), unit=" s")
    b.most("worker process: resident, drain of 100k", 15, get("drain", "client_peak_mb"), ".1f", " MB")
    b.most("worker process: start to ready", 50, get("drain", "ready_ms"), ".0f", " ms")
    b.most("fan-out of 100,000 users", 3, get("fanout", "s"), unit=" s")
    b.most("WAL per job, whole life, history kept", 1126, get("drain", "wal_per_job"), ".0f", " B")
    b.most("kill -9 with 1,000 running jobs: claimable after", 3, get("kill", "claimable_s"), unit=" s")
    for peer in lines.peers():
        limits = next((v for k, v in PEERS.items() if k in peer), (None,) * 4)
        for case, limit in zip(("sustain", "drain", "bulk", "single"), limits):
            if limit is not None:
                b.least(f"{case}, beside {peer}", limit, over(get(case, "per_s"), get(case, "per_s", peer)), "times")
    return ["", "budget", "measured", "holds"], b.rows


def figures(lines):
    """Figures that have no budget."""
    rows = []

    def row(case, what, text, *keys):
        if lines.has(case):
            rows.append([what, text.format(*(lines.get(case, key) for key in keys))])

    row("machine", "machine", "{:.0f} cores, PostgreSQL {:.0f}, load average at the start {:.1f}", "cores", "postgres", "load")
    row("latency", "latency, idle", "p50 {:.2f} ms, p99 {:.2f}, p99.9 {:.2f} ({:.0f} samples)", "p50_ms", "p99_ms", "p999_ms", "samples")
    row("latency", "of it the sender's commit", "p50 {:.2f} ms, p99 {:.2f}", "call_p50_ms", "call_p99_ms")
    row("half", "latency, half load", "p50 {:.2f} ms, p99 {:.2f}, p99.9 {:.2f} at {:,.0f} jobs/s of {:,.0f}", "p50_ms", "p99_ms",
        "p999_ms", "per_s", "sustained_per_s")
    row("single", "single enqueue", "{:,.0f}/s, {:.0f} us of server CPU; INSERT {:,.0f}/s, {:.0f} us", "per_s", "server_cpu_us",
        "insert_per_s", "insert_server_cpu_us")
    row("senders", "16 enqueuers", "{:,.0f}/s with a busy worker process, {:,.0f}/s if it never rings, {:,.0f}/s without any worker",
        "per_s", "mute_per_s", "alone_per_s")
    row("senders", "the same, server CPU per job", "{:.0f} us, {:.0f} us, {:.0f} us", "server_cpu_us", "mute_server_cpu_us",
        "alone_server_cpu_us")
    row("sustain", "sustained, 10 s windows", "slowest {:,.0f}/s, last {:,.0f}/s", "slowest_window_per_s", "last_window_per_s")
    row("fanout", "fan-out", "{:,.0f} users: {:.2f} s, {:.2f} s of server CPU", "users", "s", "server_cpu_s")
    row("idle", "idle worker process", "{:.0f} statements in {:.0f} s, {:,.0f} a day; {:.2f} s of CPU in it", "statements", "s",
        "statements_per_day", "client_cpu_s")
    return ["", "measured"], rows


PLANS = (("plan_fresh", "tables never analysed nor vacuumed"), ("plan_backlog", "{:,.0f} jobs waiting"),
         ("plan_future", "{:,.0f} jobs due next year"), ("plan_ranks", "{:.0f} priorities"),
         ("plan_queues", "{:,.0f} queues on one worker, jobs in each"), ("plan_silent", "{:,.0f} queues on one worker, jobs in one"),
         ("plan_workers", "{:.0f} worker processes on one queue"))


def plans(lines):
    """What must not matter."""
    rows = []
    for case, text in PLANS:
        if lines.has(case):
            get = lambda key, case=case: lines.get(case, key)
            rows.append([text.format(get("size")), form(get("of_plain"), ".2f"), form(get("of_plain_cpu"), ".2f"),
                         f"{get('plain_server_cpu_us'):.1f} to {get('server_cpu_us'):.1f}",
                         f"{get('plain_client_cpu_us'):.1f} to {get('client_cpu_us'):.1f}"])
    return ["", "jobs/s, of plain", "jobs per server CPU s, of plain", "server CPU us per job, plain to this",
            "worker CPU us per job"], rows


def series(case, what):
    def table(lines):
        rows = []
        for x in sorted({one["x"] for one in lines.of(case)}):
            get = lambda key, x=x: lines.at(case, x, key)
            rows.append([f"{x:,.0f}", form(get("in_per_s"), ",.0f"), form(get("in_server_us"), ".1f"), form(get("in_client_us"), ".2f"),
                         form(get("in_wal"), ",.0f"), form(get("out_per_s"), ",.0f"), form(get("out_server_us"), ".1f"),
                         form(get("out_client_us"), ".2f"), form(get("out_wal"), ",.0f"), form(get("out_peak_mb"), ".1f")])
        return [what, "in: jobs/s", "server us", "client us", "WAL B", "out: jobs/s", "server us", "worker us", "WAL B", "worker MB"], rows

    table.__doc__ = f"A job's cost by {what}: enqueued, then worked off."
    return table


def peers(lines):
    """Other queues in the same run; in brackets how many times better ours is."""
    names, rows = lines.peers(), []
    for what, case, key, spec, high in PEER_ROWS:
        ours, row = lines.get(case, key), [what]
        row.append(form(ours, spec))
        for name in names:
            theirs = lines.get(case, key, name)
            times = over(ours, theirs) if high else over(theirs, ours)
            row.append(form(theirs, spec) + ("" if times is None else f" ({times:,.1f})"))
        if any(row[2:]):
            rows.append(row)
    return ["", "ours"] + names, rows


# What, case, key, form, whether more is better.
PEER_ROWS = (
    ("single enqueue, jobs/s", "single", "per_s", ",.0f", True), ("server CPU us per job", "single", "server_cpu_us", ",.0f", False),
    ("16 enqueuers, worker busy, jobs/s", "senders", "per_s", ",.0f", True),
    ("server CPU us per job", "senders", "server_cpu_us", ",.0f", False),
    ("bulk enqueue, jobs/s", "bulk", "per_s", ",.0f", True), ("server CPU s per 100k", "bulk", "server_cpu_s_per_100k", ".2f", False),
    ("drain of 100k, jobs/s", "drain", "per_s", ",.0f", True), ("server CPU s per 100k", "drain", "server_cpu_s_per_100k", ".2f", False),
    ("worker CPU s per 100k", "drain", "client_cpu_s_per_100k", ".2f", False), ("worker MB", "drain", "client_peak_mb", ".1f", False),
    ("WAL B per job, in and out", "drain", "wal_per_job", ",.0f", False), ("dead rows per job", "drain", "dead_per_job", ".2f", False),
    ("bulk enqueue of 1M, jobs/s", "bulk of 1M", "per_s", ",.0f", True), ("drain of 1M, jobs/s", "drain of 1M", "per_s", ",.0f", True),
    ("sustained, jobs/s", "sustain", "per_s", ",.0f", True), ("slowest 10 s", "sustain", "slowest_window_per_s", ",.0f", True),
    ("server CPU s per 100k", "sustain", "server_cpu_s_per_100k", ".2f", False),
    ("worker CPU s per 100k", "sustain", "client_cpu_s_per_100k", ".2f", False),
    ("held snapshot, jobs/s", "held", "per_s", ",.0f", True), ("last 10 s", "held", "last_window_per_s", ",.0f", True),
    ("server CPU s per 100k", "held", "server_cpu_s_per_100k", ".2f", False),
    ("idle, enqueue to handler: p50 ms", "latency", "p50_ms", ".2f", False), ("p99 ms", "latency", "p99_ms", ".2f", False),
    ("p99.9 ms", "latency", "p999_ms", ".2f", False),
    ("half load of its own, p50 ms", "half", "p50_ms", ".2f", False), ("p99 ms", "half", "p99_ms", ".2f", False),
    ("p99.9 ms", "half", "p999_ms", ".2f", False), ("at jobs/s", "half", "per_s", ",.0f", True),
    ("idle worker: statements a minute", "idle", "statements_per_minute", ",.1f", False),
    ("connections", "idle", "connections", ".0f", False))
TABLES = {"costs": costs, "budgets": budgets, "figures": figures, "plans": plans, "peers": peers,
          "growth_backlog": series("growth_backlog", "waiting jobs"), "growth_workers": series("growth_workers", "worker processes"),
          "growth_queues": series("growth_queues", "queues"), "growth_payload": series("growth_payload", "bytes of payload"),
          "growth_batch": series("growth_batch", "jobs in a claim")}


def text(title, head, rows):
    # Long heads go over several lines, the figures to the right.
    wide = [max(max(len(row[i]) for row in rows), max((len(word) for word in head[i].split()), default=0), 1) for i in range(len(head))]
    heads = []
    for i, cell in enumerate(head):
        parts = [""]
        for word in cell.split():
            if parts[-1] and len(parts[-1]) + 1 + len(word) > wide[i]:
                parts.append("")
            parts[-1] += (" " if parts[-1] else "") + word
        heads.append(parts)
    deep = max(len(parts) for parts in heads)
    out = [title]
    for line in [[parts[n] if n < len(parts) else "" for parts in heads] for n in range(deep)] + rows:
        out.append("  ".join(cell.ljust(wide[i]) if i == 0 or len(head) == 2 else cell.rjust(wide[i]) for i, cell in enumerate(line)).rstrip())
    return "\n".join(out) + "\n"


def markdown(head, rows):
    line = lambda cells: "| " + " | ".join(cells) + " |\n"
    return line(head) + "|---" * len(head) + "|\n" + "".join(line(row) for row in rows)


def write(path, tables):
    with open(path, encoding="utf-8") as file:
        document = file.read()
    for name, (head, rows) in tables.items():
        document, times = re.subn(f"(<!-- bench: {name} -->\n).*?(<!-- end -->\n)",
                                  lambda found: found[1] + markdown(head, rows) + found[2], document, flags=re.S)
        if not times:
            print(f"{path} has no place for the table {name}", file=sys.stderr)
    with open(path, "w", encoding="utf-8") as file:
        file.write(document)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write")
    parser.add_argument("--plot")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    try:
        lines = Lines(args.files)
        if args.write:
            with open(args.write, "r+", encoding="utf-8"):
                pass
    except (OSError, ValueError, KeyError, TypeError) as e:
        parser.error(f"these are no lines of bench/run, or no document: {e!r}" if not isinstance(e, OSError) else str(e))
    tables = {name: table(lines) for name, table in TABLES.items()}
    tables = {name: (head, rows) for name, (head, rows) in tables.items() if rows}
    for name, (head, rows) in tables.items():
        print(text(TABLES[name].__doc__, head, rows))
    if args.write:
        write(args.write, tables)
    if args.plot:
        plots.plot(lines, args.plot)


main()
