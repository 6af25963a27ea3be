# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# How long functions (70 lines) and files (600) may be outside the tests.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"

check() {
    files '*.c' '*.h' | grep -v '^tests/' | xargs -r -d '\n' awk '
        FNR == 1 { open = 0 }
        /^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name) }
        /^\{/ { open = FNR }
        /^\}/ { if (open && FNR - open > 70) printf "%s:%d: %d lines in %s\n", FILENAME, open, FNR - open, name; open = 0 }
    '
    files '*.c' '*.h' '*.sql' '*.sh' '*.py' '*.mjs' 'scripts/*' 'bench/run' 'bench/*/run' | grep -v '^tests/' |
        xargs -r -d '\n' wc -l | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }'
}

{
    printf 'static int\nlong_one(void)\n{\n'
    printf '    ;\n%.0s' {1..71}
    printf '}\n'
} | plant libqueue/a.c
finds "a function of 71 lines is found" 'a.c:3: 72 lines in long_one'
{
    printf 'static int f(void)\n{\n'
    printf '    ;\n%.0s' {1..69}
    printf '}\n'
} | plant libqueue/a.c
accepts "one of 69 is not"
printf 'int x;\n%.0s' {1..601} | plant libqueue/a.c
finds "a file of 601 lines is found" 'a.c: 601 lines'
printf 'x\n%.0s' {1..601} | plant bench/run
finds "so is a script without an ending" 'bench/run: 601 lines'
printf 'x\n%.0s' {1..601} | plant bench/peers/run
finds "in every folder of them" 'bench/peers/run: 601 lines'
printf 'int x;\n%.0s' {1..601} | plant tests/unit/a.c
accepts "a test may be longer"
tree_is_clean "functions and files of the tree are short enough"
tap_done
