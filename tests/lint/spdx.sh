# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# That every source file begins with the licence in a comment.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"

check() {
    files '*.c' '*.h' '*.map' '*.sql' '*.sh' '*.py' '*.am' '*.ac' '*.mk' '*.in' 'scripts/*' 'bench/*' '.ci/*' 'tests/*' |
        grep -vE '^(tests/expected/|build-aux/|Makefile\.in$|config\.h\.in)|\.(md|json|ndjson|csv|txt|pin|out)$|/(data|corpus)/' |
        while IFS= read -r path; do
            head -n 3 "$path" | grep -q 'SPDX-License-Identifier: MIT' || echo "$path: no SPDX line"
        done
}

plant libqueue/a.c <<<'int x;'
finds "a file without the line is found" 'a.c: no SPDX'
plant scripts/a <<<$'#!/bin/sh\n# SPDX-License-Identifier: MIT'
accepts "a script has it in its second line"
tree_is_clean "every file names the licence"
tap_done
