# SPDX-License-Identifier: MIT
# Plots of what bench/run measured, by gnuplot. Knows the lines' keys and nothing of tables.
import os
import subprocess

SERIES = {"growth_backlog": ("jobs waiting", "set logscale x"), "growth_workers": ("worker processes", "set logscale x 2"),
          "growth_queues": ("queues", "set logscale x"), "growth_payload": ("bytes of payload", "set logscale xy")}
PANELS = (("jobs/s", "per_s"), ("server CPU, us per job", "server_us"), ("client CPU, us per job", "client_us"), ("WAL, bytes per job", "wal"))
STYLE = """set style line 1 lc rgb '#1f77b4' lw 2 pt 7 ps 0.6
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
    return f"${name} << END\n" + "".join(" ".join(f"{v:.6g}" for v in point) + "\n" for point in points) + "END\n"


def growth(lines, case, path):
    title, scale = SERIES[case]
    xs = sorted({one["x"] for one in lines.of(case)})
    middle = lambda key, x: sorted(one[key] for one in lines.of(case) if one["x"] == x)[len([1 for one in lines.of(case) if one["x"] == x]) // 2]
    script = ""
    for way in ("in", "out"):
        script += block(way, [[x] + [middle(f"{way}_{key}", x) for _, key in PANELS] for x in xs])
    script += f"{scale}\nset multiplot layout 2,2\nset key top left\n"
    for number, (panel, _) in enumerate(PANELS):
        low = "set yrange [*:*]" if "xy" in scale else "set yrange [0:*]"
        script += (f"{low}\nset title '{panel}'\nset xlabel '{title}'\n"
                   f"plot $in using 1:{number + 2} with linespoints ls 1 title 'enqueue',"
                   f" $out using 1:{number + 2} with linespoints ls 2 title 'work off'\n")
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
    script += "set yrange [0:*]\nset title 'enqueue, claim and complete: jobs/s by 10 s window'\nset xlabel 'seconds of work'\nset key bottom right\n"
    if drawn:
        gnuplot(path, script + "plot " + ", ".join(drawn) + "\n")


def plot(lines, folder):
    os.makedirs(folder, exist_ok=True)
    for case in SERIES:
        if lines.has(case):
            growth(lines, case, os.path.join(folder, case.replace("_", "-") + ".svg"))
    windows(lines, os.path.join(folder, "sustained.svg"))
