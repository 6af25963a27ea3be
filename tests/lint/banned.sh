# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the C code does not use: unbounded calls, arrays of variable length, line comments, marks of unfinished work.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"

check() {
    files '*.c' '*.h' | code | grep -E '\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atof|strtok|alloca)[[:space:]]*\(' |
        sed 's/$/   <- banned call/'
    files '*.c' '*.h' | code | grep -E '//' | sed 's/$/   <- line comment/'
    files '*.c' '*.h' '*.sql' '*.sh' '*.py' '*.am' '*.ac' '*.mk' 'scripts/*' | grep -v '^tests/lint/banned.sh$' |
        xargs -r -d '\n' grep -nE '\b(TODO|FIXME|XXX|HACK)\b' /dev/null | sed 's/$/   <- mark of unfinished work/'
    files '*/util.[ch]' '*/common.[ch]' '*/helpers.[ch]' 'util.[ch]' 'common.[ch]' | sed 's/$/   <- names no noun/'
}

plant a.c <<<'void f(char *d, const char *s) { strcpy(d, s); }'
finds "strcpy is found" 'a.c:1:.*banned call'
plant a.c <<<'int f(const char *s) { return atoi (s); }'
finds "atoi with a space is found" 'a.c:1:.*banned call'
plant a.c <<<'int x; // y'
finds "a line comment is found" 'a.c:1:.*line comment'
plant a.c <<'EOT'
/* strcpy(a, b) is not used, nor // this */
const char *s = "sprintf(x) http://y \" atoi(z)";
int snprintf_like(void); /* and my_strcpy( is another word */
EOT
accepts "words in comments and strings are no code"
plant a.sql <<<'-- TODO: later'
finds "a mark of unfinished work is found" 'a.sql:1:.*unfinished'
plant libqueue/util.c </dev/null
finds "a file that names no noun is found" 'util.c'
printf 'int f(int n);\nint f(int n)\n{\n    int a[n];\n    return (int)sizeof a;\n}\n' >"$SCRATCH/vla.c"
ok "the compiler of this build refuses arrays of variable length" sh -c '! "$@"' sh ${CC:-cc} -std=gnu11 -Werror -Wvla -c -o /dev/null "$SCRATCH/vla.c"
empty
tree_is_clean "nothing banned is in the tree"
tap_done
