# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Runs the test suite of one build folder and counts; knows nothing of how it was built. Sourced with $top set and
# pause.sh loaded.
SUITE_PASSED=0
SUITE_FAILED=0
SUITE_SKIPPED=0

# suite_names OBJ [PART...]: the tests whose name contains one of the parts.
suite_names() {
    local obj=$1 name part
    shift
    make -s --no-print-directory -C "$obj" print-tests | while read -r name; do
        [ $# -gt 0 ] || echo "$name"
        for part in "$@"; do
            case $name in *"$part"*)
                echo "$name"
                break
                ;;
            esac
        done
    done
}

# suite_count PASSED FAILED SKIPPED: adds to the sum.
suite_count() {
    SUITE_PASSED=$((SUITE_PASSED + $1))
    SUITE_FAILED=$((SUITE_FAILED + $2))
    SUITE_SKIPPED=$((SUITE_SKIPPED + $3))
}

# suite_results OBJ: prints passed, failed and skipped of the run that just ended. A program that printed a failure ends
# with an exit code for it, which the driver reports as an error: that is one failure, not two.
suite_results() {
    find "$1/tests" "$1/examples" -name '*.trs' -exec cat {} + 2>/dev/null | awk '
        /^:global-test-result:/ { failed += errors - (fails && errors); failed += fails; fails = errors = 0 }
        /^:test-result: PASS/ { passed++ }
        /^:test-result: SKIP/ { skipped++ }
        /^:test-result: (FAIL|XPASS)/ { fails++ }
        /^:test-result: ERROR/ { errors++ }
        END { failed += errors - (fails && errors) + fails; print passed + 0, failed + 0, skipped + 0 }'
}

# suite_server_ended OBJ: the shared server ends with the make; waits for it, so that nothing runs any more when the count
# is printed. Says so and fails if one of its backends died: it took every test with it that was at work then.
suite_server_ended() {
    local obj=$1 i
    for ((i = 0; i < 200; i++)); do
        [ -e "$obj/tests/server.env" ] || break
        pause 0.05
    done
    grep -E 'was terminated by signal' "$obj/tests/server.log" 2>/dev/null || return 0
    echo "The tests' server crashed; its log: $obj/tests/server.log"
    return 1
}

# suite_run OBJ TITLE [PART...]: make check there. Each program without a server in the environment shares one.
suite_run() {
    local obj=$1 title=$2 tests out=$1/check.log results
    shift 2
    tests=$(suite_names "$obj" "$@" | tr '\n' ' ')
    if [ -z "${tests// /}" ]; then
        echo "No test of that name; scripts/test --list prints them" >&2
        suite_count 0 1 0
        return 1
    fi
    # Results of tests that are not part of this run must not count.
    find "$obj/tests" "$obj/examples" -name '*.trs' -delete 2>/dev/null
    rm -f "$obj/tests/server.log"
    PGQUEUE_TEST_BUILDDIR=$(cd "$obj" && pwd) make -C "$obj" -j"${PGQUEUE_TEST_JOBS:-$(nproc)}" check TESTS="$tests" >"$out" 2>&1
    local code=$? crashed=''
    suite_server_ended "$obj" || crashed=1
    if [ "$code" != 0 ] && [ -z "$crashed" ] && [ "${CI:-}" = true ]; then
        suite_again "$obj" "$out" $tests && code=0
        suite_server_ended "$obj" || crashed=1
    fi
    results=$(suite_results "$obj")
    [ -z "$crashed" ] || code=1
    # shellcheck disable=SC2086
    suite_count $results
    set -- $results
    if [ "$code" != 0 ] || [ "$2" != 0 ]; then
        grep -E '^(FAIL|XPASS|ERROR):' "$out"
        suite_show "$obj"
        if [ "$1$2" = 00 ]; then tail -n 30 "$out"; fi
        # What ends make without a failed test, above all a program that does not compile, is a failure, too.
        if [ "$2" = 0 ]; then
            tail -n 30 "$out"
            suite_count 0 1 0
        fi
    fi
    grep -E '^SKIP:' "$out"
    [ -z "$title" ] || printf '%s: %s passed, %s failed, %s skipped\n' "$title" "$1" "$2" "$3"
    [ "$code" = 0 ]
}

# suite_again OBJ OUT TEST...: in continuous integration up to three programs that failed beside others get a second try
# alone, on a machine that may be short of time. What failed first is shown all the same, under a heading of its own:
# it is to be looked into, it does not stop a release.
suite_again() {
    local obj=$1 out=$2 test failed=()
    shift 2
    for test in "$@"; do
        if grep -qE '^:test-result: (FAIL|XPASS|ERROR)' "$obj/${test%.??}.trs" "$obj/$test.trs" 2>/dev/null; then
            failed+=("$test")
        fi
    done
    [ ${#failed[@]} -gt 0 ] && [ ${#failed[@]} -le 3 ] || return 1
    printf '\n--- NOT STEADY, tried again alone: %s\n' "${failed[*]}"
    grep -E '^(FAIL|XPASS|ERROR):' "$out"
    suite_show "$obj"
    PGQUEUE_TEST_BUILDDIR=$(cd "$obj" && pwd) make -C "$obj" -j1 check TESTS="${failed[*]}" >"$out" 2>&1
}

# suite_show OBJ: the logs of the programs that failed.
suite_show() {
    local trs log
    find "$1/tests" "$1/examples" -name '*.trs' 2>/dev/null | sort | while read -r trs; do
        grep -qE '^:test-result: (FAIL|XPASS|ERROR)' "$trs" || continue
        log=${trs%.trs}.log
        printf '\n--- %s\n' "$log"
        grep -vE '^(PASS|FAIL|ERROR|SKIP|ok) ?:? ' "$log" | tail -n 60
    done
}

# suite_end: the last line of the run, and its exit code.
suite_end() {
    printf '%d passed, %d failed' "$SUITE_PASSED" "$SUITE_FAILED"
    [ "$SUITE_SKIPPED" = 0 ] || printf ', %d skipped' "$SUITE_SKIPPED"
    printf '\n'
    [ "$SUITE_FAILED" = 0 ] && [ "$SUITE_PASSED" != 0 ] || exit 1
    [ "${CI:-}" != true ] || [ "$SUITE_SKIPPED" = 0 ] || exit 1
    exit 0
}
