# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# That a program outside the tree builds against the installed library with what pkg-config says and nothing else.
. "$PGQUEUE_TEST_SRCDIR/tests/tap.sh"
. "$PGQUEUE_TEST_SRCDIR/tests/testdb.sh"
read -r -a cc <<<"${CC:-cc}"
read -r -a cxx <<<"${CXX:-c++}"

testdb_create
root=$PGQUEUE_TEST_TMP/root
ok "make install puts everything under DESTDIR" \
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C "$PGQUEUE_TEST_BUILDDIR" install DESTDIR="$root"
pc=$(find "$root" -name libpgqueue.pc)
is "$(wc -l <<<"$pc")" 1 "there is one pkg-config file"
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$root
libdir=$(pkg-config --variable=libdir libpgqueue)
library=$root${libdir#"$root"}/libpgqueue.so
ok "the library lies in its libdir" test -f "$library"
is "$(pkg-config --modversion libpgqueue)" "$(sed -n 's/#define PGQUEUE_VERSION *"\(.*\)"/\1/p' "$PGQUEUE_TEST_SRCDIR/libqueue/pgqueue.h")" \
    "pkg-config and the header name the same version"
like "$(readelf -d "$library")" 'SONAME.*libpgqueue\.so\.[0-9]' "the library has a versioned soname"
is "$(pkg-config --libs libpgqueue | grep -oE -- '-l[a-z]+' | tr '\n' ' ')" "-lpgqueue " "a user links the library alone"

# Only a library built with a sanitizer needs it in the program, too.
extra=()
readelf -d "$library" | grep -q 'libasan' && extra=(-fsanitize=address,undefined)
# The program lies outside both trees.
cp "$PGQUEUE_TEST_SRCDIR/tests/integration/consumer.c" "$PGQUEUE_TEST_TMP/consumer.c"
cp "$PGQUEUE_TEST_TMP/consumer.c" "$PGQUEUE_TEST_TMP/consumer.cc"
cd "$PGQUEUE_TEST_TMP" || bail "no scratch folder"
# shellcheck disable=SC2046
{
    ok "it compiles as C11 without a warning" "${cc[@]}" -std=c11 -Wall -Wextra -pedantic -Werror "${extra[@]}" \
        -o from_c consumer.c $(pkg-config --cflags --libs libpgqueue)
    ok "and as C++11" "${cxx[@]}" -std=c++11 -Wall -Wextra -pedantic -Werror "${extra[@]}" \
        -o from_cxx consumer.cc $(pkg-config --cflags --libs libpgqueue)
}
export LD_LIBRARY_PATH=${library%/*}
for program in from_c from_cxx; do
    PATH=.:$PATH exits 0 "$program sends a job, reads it back and completes it once" $program "$TESTDB_DSN" "$TESTDB_SCHEMA"
    is "$STDOUT" '{"n": 42, "text": "Grüße"}' "$program got the payload that it sent"
    is "$(sql "select state::text || ' ' || (output #>> '{}') from /*schema*/job where queue = '$program'")" "completed done" \
        "the database has $program's job as completed, with its output"
done
tap_done
