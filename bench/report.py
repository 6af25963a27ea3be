#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Prints the medians of pgq_bench's lines as a table, as ratios to the raw reference of the same run.
# usage: bench/report.py FILE
import json
import statistics
import sys

values = {}
with open(sys.argv[1], encoding="utf-8") as file:
    for line in file:
        one = json.loads(line)
        for key, value in one.items():
            if key != "case":
                values.setdefault(one["case"], {}).setdefault(key, []).append(value)


def median(case, key):
    found = values.get(case, {}).get(key)
    return statistics.median(found) if found else None


raw = median("raw", "per_s")
print(f"{'':12}{'jobs/s':>10}{'of raw':>8}{'server CPU':>12}{'client CPU':>12}{'WAL B':>8}")
print(f"{'':12}{'':>10}{'':>8}{'s/100k':>12}{'s/100k':>12}{'per job':>8}")
for case, what in (("raw", "raw COPY + DELETE"), ("bulk", "bulk"), ("drain", "drain"), ("sustain", "sustained"), ("held", "held snap.")):
    rate = median(case, "per_s")
    if rate is None:
        continue
    row = f"{'raw' if case == 'raw' else what:12}{rate:10,.0f}{rate / raw:8.2f}"
    for key, form in (("server_cpu_s_per_100k", "12.2f"), ("client_cpu_s_per_100k", "12.2f"), ("wal_per_job", "8.0f")):
        value = median(case, key)
        row += format(value, form) if value is not None else " " * int(form.split(".")[0])
    print(row)
if median("bulk", "per_s"):
    both = 1 / (1 / median("bulk", "per_s") + 1 / median("drain", "per_s"))
    print(f"{'bulk + drain':12}{both:10,.0f}{both / raw:8.2f}   one after the other, as raw is; WAL of drain: whole life")
print()


def line(case, text, **extra):
    if case in values:
        print(text.format(**{key: statistics.median(v) for key, v in values[case].items()}, **extra))


line("single", "single send: {per_s:,.0f}/s, {ratio:.2f} of a plain prepared INSERT ({insert_per_s:,.0f}/s);"
     " server CPU {server_cpu_us:.0f} us, INSERT {insert_server_cpu_us:.0f} us")
line("sustain", "sustained: slowest window {slowest_window_per_s:,.0f}/s, last {last_window_per_s:,.0f}/s")
if "held" in values and "sustain" in values:
    line("held", "held snapshot: {of_free:.2f} of the free rate; slowest window {slowest_window_per_s:,.0f}/s,"
         " last {last_window_per_s:,.0f}/s", of_free=median("held", "per_s") / median("sustain", "per_s"))
line("drain", "worker process: ready in {ready_ms:.0f} ms, at most {client_peak_mb:.1f} MB resident in the drain")
line("latency", "latency when idle: p50 {p50_ms:.2f} ms, p90 {p90_ms:.2f}, p99 {p99_ms:.2f}, most {max_ms:.2f}")
line("fanout", "fan-out of {users:,.0f} users: {s:.2f} s, {server_cpu_s:.2f} s of server CPU")
line("kill", "kill -9 with {jobs:,.0f} running jobs: all claimable after {claimable_s:.2f} s")
line("idle", "idle worker process: {statements:.0f} statements in {s:.0f} s, {connections:.0f} connections; a day:"
     " {connections_opened_per_day:,.0f} connections and {statements_per_day:,.0f} statements"
     " (the deployment that this replaces: 8,640 and 144)")
