# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# scripts/dev: that a folder with somebody's files is never emptied.
. "$PGQUEUE_TEST_SRCDIR/tests/tap.sh"
dir=$PGQUEUE_TEST_TMP/mine
mkdir -p "$dir/data"
echo letter >"$dir/letter"
: >"$dir/data/thesis"
before=$(ls -AR "$dir")

dev() { PGQUEUE_DEV_DIR=$dir exits 1 "$1" timeout 60 "$PGQUEUE_TEST_SRCDIR/scripts/dev" "${@:2}"; }
dev "a folder that scripts/dev did not make is refused" true
like "$STDERR" 'was not made by scripts/dev' "with the reason"
dev "with --reset, too" --reset true
: >"$dir/ready"
dev "a file called ready does not make it a server's" --reset true
rm "$dir/ready"
is "$(ls -AR "$dir")" "$before" "and nothing in it has changed"
tap_done
