# SPDX-License-Identifier: MIT
# Plots of what bench/run measured, by gnuplot. Knows the lines' keys and nothing of tables.
import os
import subprocess

SERIES = {"growth_backlog": ("jobs waiting", "set logscale x"), "growth_workers": ("worker processes", "set logscale x 2"),
          "growth_queues": ("queues", "set logscale x"), "growth_payload": ("bytes of payload", "set logscale xy"),
          "growth_batch": ("jobs in a claim", "set logscale xy")}
PANELS = (("jobs/s", "per_s"), ("server CPU, us per job", "server_us"), ("client CPU, us per job", "client_us"), ("WAL, bytes per job", "wal"))
STYLE = """set datafile missing '?'
set style line 1 lc rgb '#1f77b4' lw 2 pt 7 ps 0.6
set style line 2 lc rgb '#d62728' lw 2 pt 5 ps 0.6
set style line 3 lc rgb '#7f7f7f' lw 2 pt 9 ps 0.6
set grid lc rgb '#dddddd' lt 1
set border 3
set tics nomirror
set format x '%.0s%c'
set format y '%.0s%c'
set xrange [*:*] noextend
"""


def gnuplot(path, script):
    # Ids and fonts that do not change from one making to the next, and a white ground.
    head = f"set terminal svg size 800,{600 if 'multiplot' in script else 400} font 'sans-serif,11' background '#ffffff' name 'bench'\n"
    subprocess.run(["gnuplot"], input=f"{head}set output '{path}'\n{STYLE}{script}", text=True, check=True)


def block(name, points):
    return f"${name} << END\n" + "".join(" ".join("?" if v is None else f"{v:.6g}" for v in point) + "\n" for point in points) + "END\n"


def growth(lines, case, path):
    title, scale = SERIES[case]
    xs = sorted({one["x"] for one in lines.of(case)})
    ways, script = [], ""
    for number, (way, name) in enumerate((("in", "enqueue"), ("out", "work off"))):
        panels = [[lines.at(case, x, f"{way}_{key}") for x in xs] for _, key in PANELS]
        if any(value is not None for panel in panels for value in panel):
            script += block(way, [[x] + [panel[i] for panel in panels] for i, x in enumerate(xs)])
            ways.append((way, number + 1, name))
    script += f"{scale}\nset multiplot layout 2,2\nset key bottom {'right' if len(ways) == 1 else 'left'}\n"
    for number, (panel, key) in enumerate(PANELS):
        low = "set yrange [*:*]" if "xy" in scale else "set yrange [0:*]"
        drawn = ", ".join(f"${way} using 1:{number + 2} with linespoints ls {style} title '{name}'" for way, style, name in ways
                          if any(lines.at(case, x, f"{way}_{key}") is not None for x in xs))
        if drawn:
            ticks = "%g" if "CPU" in panel else "%.0s%c" if "xy" in scale else "%.1s%c"
            script += f"{low}\nset format y '{ticks}'\nset title '{panel}'\nset xlabel '{title}'\nplot {drawn}\n"
        script += "unset key\n"
    gnuplot(path, script + "unset multiplot\n")


def windows(lines, path):
    script, drawn = "", []
    for number, (name, case, key, title) in enumerate((("free", "held_window", "free_per_s", "free, in turns with held"),
                                                       ("held", "held_window", "per_s", "snapshot held open"),
                                                       ("alone", "sustain_window", "per_s", "free, without a break"))):
        found = [(one["until_s"], one[key]) for one in lines.of(case)]
        if found:
            script += block(name, found)
            drawn.append(f"${name} using 1:2 with linespoints ls {number + 1} title '{title}'")
    script += "set yrange [0:*]\nset title 'enqueue, claim and complete: jobs/s by 10 s window'\n"
    script += "set xlabel 'seconds of work'\nset key bottom right\nset xrange [0:*]\n"
    if drawn:
        gnuplot(path, script + "plot " + ", ".join(drawn) + "\n")


def plot(lines, folder):
    os.makedirs(folder, exist_ok=True)
    for case in SERIES:
        if lines.has(case):
            growth(lines, case, os.path.join(folder, case.replace("_", "-") + ".svg"))
    windows(lines, os.path.join(folder, "sustained.svg"))
