# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# That the C code is as clang-format 14 writes it. Another version writes otherwise, so it is pinned.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"
PINNED=14

formatter=
for name in clang-format-$PINNED clang-format; do
    if command -v "$name" >/dev/null && "$name" --version | grep -q "version $PINNED\."; then
        formatter=$name
        break
    fi
done
[ -n "$formatter" ] || skip_all "clang-format $PINNED is not installed"

check() {
    [ -f .clang-format ] || cp "$PGQUEUE_TEST_SRCDIR/.clang-format" .
    files '*.c' '*.h' | xargs -r -d '\n' "$formatter" --dry-run --style=file 2>&1 | grep -E '^[^ ].*: (warning|error):'
}

plant a.c <<<'int   f( void ){return 0;}'
finds "code of another layout is found" 'a.c:1:.*code should be clang-formatted'
plant a.c <<<$'int f(void)\n{\n    return 0;\n}'
accepts "code of our layout is not"
tree_is_clean "the tree is formatted"
tap_done
