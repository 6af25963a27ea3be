# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the lints share: the files of a tree, a scratch tree with planted mistakes; knows no rule. Sourced.
#
# A lint defines check(), which runs in the root of a tree and prints one line per problem, then calls
#     plant FILE <<'EOF' ...     puts a file into the scratch tree
#     finds SENTENCE REGEX       a problem that matches is found there; the scratch tree is then empty again
#     accepts SENTENCE           no problem is found there
#     tree_is_clean SENTENCE     and none in the project
set -u
: "${PGQUEUE_TEST_SRCDIR:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
. "$PGQUEUE_TEST_SRCDIR/tests/tap.sh"
LINT=$PGQUEUE_TEST_SRCDIR/tests/lint
PYTHON3=${PYTHON3:-/usr/bin/python3}
SCRATCH=$(mktemp -d "${PGQUEUE_TEST_TMP:-${TMPDIR:-/tmp}}/lint.XXXXXX") || exit 99
trap 'rm -rf "$SCRATCH"' EXIT
export LC_ALL=C.UTF-8

# files GLOB...: the files of the tree in the current folder whose path matches; with git what git knows or would add,
# else (an unpacked release) everything but builds.
files() {
    local path glob
    if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
        git ls-files -co --exclude-standard --deduplicate
    else
        find . \( -name build -o -name 'build-*' -o -name autom4te.cache -o -name m4 -o -name _build -o -name _inst \
            -o -name .git \) -prune -o -type f -print | sed 's|^\./||'
    fi | sort | while IFS= read -r path; do
        [ -f "$path" ] || continue
        for glob in "$@"; do
            # shellcheck disable=SC2254
            case $path in $glob)
                printf '%s\n' "$path"
                break
                ;;
            esac
        done
    done
}

# code [--sql]: FILE:LINE:CODE of the files named on standard input.
code() { xargs -r -d '\n' "$PYTHON3" "$LINT/code.py" "$@"; }

plant() {
    mkdir -p "$SCRATCH/$(dirname "$1")"
    cat >"$SCRATCH/$1"
}
empty() { find "$SCRATCH" -mindepth 1 -delete; }
finds() {
    local problems
    problems=$(cd "$SCRATCH" && check)
    if grep -qE -- "$2" <<<"$problems"; then pass "$1"; else
        fail "$1"
        diag "no problem matches $2 in: $problems"
    fi
    empty
}
accepts() {
    local problems
    problems=$(cd "$SCRATCH" && check)
    is "$problems" "" "$1"
    empty
}
tree_is_clean() {
    local problems
    problems=$(cd "$PGQUEUE_TEST_SRCDIR" && check)
    is "$problems" "" "$1"
}
