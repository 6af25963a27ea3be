# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# That a release holds every file of the tree, but what serves only a checkout.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"

# What a release leaves out: the continuous integration of the checkout, and what autotools make anew.
left_out='^(\.ci/|\.gitignore$|ChangeLog~$|aclocal\.m4$|configure$|Makefile\.in$|config\.h\.in$|build-aux/|libpgqueue-[^/]*$)'

# missing RELEASED: the lines of standard input that are neither in that list of files and folders, nor in a folder of it.
missing() {
    local file folder
    while IFS= read -r file; do
        folder=$file
        until [ "$folder" = . ] || grep -qxF -- "$folder" <<<"$1"; do folder=$(dirname "$folder"); done
        [ "$folder" != . ] || printf '%s\n' "$file"
    done
}

is "$(printf '%s\n' a.c sql/one.sql sql/deep/two.sql other/three.c | missing $'a.c\nsql')" "other/three.c" \
    "a file that a release would lack is found, those of a folder are in"
released=$(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$PGQUEUE_TEST_BUILDDIR" print-dist | sort -u)
ok "the list of a release is known" grep -qx README.md <<<"$released"
is "$(cd "$PGQUEUE_TEST_SRCDIR" && files '*' | grep -vE "$left_out" | missing "$released")" "" "a release holds every file"
tap_done
