# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Which Debian packages the project needs and how they get onto the machine; knows nothing of building or of servers.
# Sourced by the scripts of this folder.

PACKAGES_BUILD="gcc g++ make libc6-dev autoconf automake libtool pkg-config file xz-utils scdoc
    libpq-dev libevent-dev libcurl4-openssl-dev libcjson-dev libssl-dev ca-certificates"
# A private server, what the tests are written in, and what counts instructions.
PACKAGES_SERVER="postgresql"
PACKAGES_TEST="python3 python3-psycopg2 python3-croniter valgrind"
# What only the long run needs: the other compiler, the pinned formatter.
PACKAGES_CI="clang libclang-rt-dev clang-format-14"

# packages_missing NAME...: prints those that are not installed.
packages_missing() {
    local name have
    have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p')
    for name in "$@"; do
        grep -qxF -- "$name" <<<"$have" || printf '%s\n' "$name"
    done
}

# packages_need NAME...: installs what is missing, as root or by sudo. Nothing missing: says and does nothing.
packages_need() {
    local missing sudo=()
    if ! command -v dpkg-query >/dev/null; then
        printf 'Not a Debian system: please see to it that these are there: %s\n' "$*" >&2
        return 0
    fi
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            printf 'Missing packages; install them as root: apt-get install %s\n' "${missing//$'\n'/ }" >&2
            return 1
        fi
        sudo=(sudo)
    fi
    printf 'Installing: %s\n' "${missing//$'\n'/ }" >&2
    # shellcheck disable=SC2086
    "${sudo[@]}" bash -s -- $missing <<'ROOT'
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
dropin=/etc/postgresql-common/createcluster.d/zz-libpgqueue-build.conf
made_policy=
clean() {
    [ -z "$made_policy" ] || rm -f "$policy"
    rm -f "$dropin" "$log"
}
trap clean EXIT
log=$(mktemp)
install() {
    apt-get -o DPkg::Lock::Timeout=300 -o APT::Install-Recommends=false -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -y -q "$@" >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        echo "apt-get $* has failed" >&2
        exit 1
    }
}
# No service may start only because a package came in. Somebody's own policy stays as it is.
if [ ! -e "$policy" ]; then
    made_policy=1
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
install update
case " $* " in *" postgresql "*)
    # The server's package makes a cluster when it is new on a machine, unless this says no; the
    # setting is gone again afterwards and no file of the administrator is touched.
    install install --no-upgrade postgresql-common
    mkdir -p "${dropin%/*}"
    printf 'create_main_cluster = off\n' >"$dropin"
    ;;
esac
install install "$@"
ROOT
}
