# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Finds PostgreSQL's programs and makes, starts and stops private servers; knows nothing of queues or tests.
# Sourced. A server lives in one directory DIR: DIR/data, DIR/log and its socket in DIR, which therefore has
# to be short (a socket's path ends at 107 bytes); it listens nowhere else.

# pg_bindir: prints where initdb and postgres are: PGQUEUE_PG_BINDIR, else pg_config's, else the newest of Debian's.
pg_bindir() {
    local dir candidates
    candidates=${PGQUEUE_PG_BINDIR:-}
    if [ -z "$candidates" ]; then
        candidates=$(
            pg_config --bindir 2>/dev/null
            printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5,5nr
        )
    fi
    while read -r dir; do
        if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
            printf '%s\n' "$dir"
            return 0
        fi
    done <<<"$candidates"
    echo "No PostgreSQL server programs found (initdb, postgres); install the package postgresql" >&2
    return 1
}

# pg_user: prints whom a server runs as. PostgreSQL refuses root.
pg_user() {
    if [ "$(id -u)" != 0 ]; then
        id -un
    elif getent passwd postgres >/dev/null; then
        echo postgres
    else
        echo nobody
    fi
}

# pg_as COMMAND...: runs it as that user, in / (the folder of the caller may be closed to the user).
# PG_DEATHSIG=NAME has the kernel send it that signal when the caller dies, however that happens.
pg_as() (
    cd / || exit 1
    set -- env -u LD_LIBRARY_PATH -u PGDATA -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE -u PGOPTIONS \
        -u PGSERVICE -u PGPASSWORD LC_ALL=C "$@"
    if [ "$(id -u)" = 0 ]; then
        user=$(pg_user)
        set -- setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups \
            ${PG_DEATHSIG:+--pdeathsig "$PG_DEATHSIG"} "$@"
    elif [ -n "${PG_DEATHSIG:-}" ]; then
        set -- setpriv --pdeathsig "$PG_DEATHSIG" "$@"
    fi
    exec "$@"
)

# pg_init DIR: makes an empty server in DIR. The superuser is postgres; whoever can reach the socket may connect,
# and only the user of the server and root can.
pg_init() {
    local dir=$1 bindir
    bindir=$(pg_bindir) || return 1
    mkdir -p "$dir"
    [ "$(id -u)" != 0 ] || chown "$(pg_user):" "$dir"
    chmod 700 "$dir"
    : >>"$dir/log"
    [ "$(id -u)" != 0 ] || chown "$(pg_user):" "$dir/log"
    pg_as "$bindir/initdb" --no-sync -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C >"$dir/initdb.log" 2>&1 || {
        cat "$dir/initdb.log" >&2
        return 1
    }
    cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
port = 5432
max_connections = 200
shared_buffers = 64MB
wal_level = minimal
max_wal_senders = 0
jit = off
log_line_prefix = '%m [%p] %q%d '
CONF
}

# pg_set DIR NAME VALUE: a setting for the next start.
pg_set() {
    printf "%s = '%s'\n" "$2" "$3" >>"$1/data/postgresql.conf"
}

# pg_running DIR: whether its server is up.
pg_running() {
    local bindir
    [ -f "$1/data/postmaster.pid" ] && bindir=$(pg_bindir) && pg_as "$bindir/pg_ctl" -D "$1/data" status >/dev/null 2>&1
}

# pg_start DIR: starts the server and returns when it accepts connections. It outlives the caller.
pg_start() {
    local bindir
    bindir=$(pg_bindir) || return 1
    pg_as "$bindir/pg_ctl" -D "$1/data" -l "$1/log" -w -t 60 start >/dev/null </dev/null || {
        echo "The private server in $1 does not start:" >&2
        tail -n 20 "$1/log" >&2
        return 1
    }
}

# pg_stop DIR [MODE]: stops the server; none running is fine.
pg_stop() {
    local bindir
    [ -f "$1/data/postmaster.pid" ] || return 0
    bindir=$(pg_bindir) || return 1
    pg_as "$bindir/pg_ctl" -D "$1/data" -w -t 60 -m "${2:-fast}" stop >/dev/null 2>&1 || ! pg_running "$1"
}
