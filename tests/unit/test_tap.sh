# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tap.h and tap.sh themselves: that what fails is seen.
. "$PGQUEUE_TEST_SRCDIR/tests/tap.sh"
read -r -a cc <<<"${CC:-cc}"

# c BODY: compiles and runs a main of that body; leaves $STDOUT and $CODE.
c() {
    printf '#include "tap.h"\nint main(void)\n{\n%s\n}\n' "$1" >"$PGQUEUE_TEST_TMP/t.c"
    "${cc[@]}" -Wall -Wextra -Werror -I"$PGQUEUE_TEST_SRCDIR/tests" -o "$PGQUEUE_TEST_TMP/t" "$PGQUEUE_TEST_TMP/t.c" || bail "t.c does not compile"
    CODE=0
    STDOUT=$("$PGQUEUE_TEST_TMP/t") || CODE=$?
}
c 'ok(1 == 1, "one is %d", 1); return done();'
is "$CODE $STDOUT" $'0 ok 1 - one is 1\n1..1' "a check that holds passes"
c 'ok(1 == 2, "one is two"); ok(1, "later"); return done();'
is "$CODE" 1 "a failed check fails the program, also when later ones pass"
like "$STDOUT" '^not ok 1 - one is two' "and is printed as failed"
c 'is_int(3, 4, "numbers"); return done();'
like "$CODE $STDOUT" '^1 not ok 1 .*got: 3.*expected: 4' "two numbers are shown when they differ"
c 'is_str("a", NULL, "texts"); is_str(NULL, NULL, "none"); return done();'
like "$CODE $STDOUT" '^1 not ok 1 .*got: a.*\(null\).*ok 2 - none' "NULL equals only NULL"
c 'plan(2); ok(1, "one"); return done();'
is "$CODE" 1 "a check that was planned and did not run is a failure"
c 'return done();'
is "$CODE" 1 "a program without a check is a failure"
c 'ok(1, "one"); bail("no %s", "server");'
is "$CODE" 99 "bail ends the program as failed"
like "$STDOUT" 'Bail out! no server' "and says why"
c 'skip_all("nothing here");'
is "$CODE $STDOUT" "0 1..0 # SKIP nothing here" "skip_all is a plan of none"
is "$(bash -c '. "$0"; is a b "differs" >/dev/null; tap_done' "$PGQUEUE_TEST_SRCDIR/tests/tap.sh"; echo $?)" $'1..1\n1' "a failed check fails a shell test"
is "$(bash -c '. "$0"; exits 0 "fails" false >/dev/null; tap_done' "$PGQUEUE_TEST_SRCDIR/tests/tap.sh"; echo $?)" $'1..1\n1' "so does a wrong exit code"
is "$(bash -c '. "$0"; tap_done' "$PGQUEUE_TEST_SRCDIR/tests/tap.sh"; echo $?)" $'1..0\n1' "a shell test without a check is a failure"
tap_done
