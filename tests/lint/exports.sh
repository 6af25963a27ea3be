# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# That the library exports what its header declares and its map lists, and needs no other library than it says.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"

# declared HEADER, listed MAP, exported LIBRARY: one name per line, sorted.
declared() {
    "$PYTHON3" "$LINT/code.py" "$1" | sed 's/^[^:]*:[0-9]*://' | tr '\n' ' ' | tr ';' '\n' |
        grep PGQUEUE_API | grep -oE '\bpgqueue_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u
}
listed() {
    "$PYTHON3" "$LINT/code.py" "$1" | sed 's/^[^:]*:[0-9]*://' | sed '/local:/,$d' | grep -oE '\b[a-z][a-z0-9_]*;' |
        tr -d ';' | sort -u
}
exported() { nm -D --defined-only "$1" | awk '$2 ~ /[TDBRVWi]/ { sub(/@.*/, "", $3); print $3 }' | grep -v '^LIBPGQUEUE_' | sort -u; }
# Beyond libpq, libcrypto and the C library. A sanitizer brings its own along.
needed() {
    local all sanitizer=NONE
    all=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    if grep -qE '^lib[atu]*san\.so' <<<"$all"; then sanitizer='lib(asan|ubsan|tsan|lsan|gcc_s|m)\.so.*'; fi
    grep -vE "^(lib(pq|crypto|c|pthread)\\.so\\.[0-9]+|ld-linux.*|$sanitizer)\$" <<<"$all"
}

cat >"$SCRATCH/x.h" <<'EOT'
PGQUEUE_API int pgqueue_one(int pgqueue_named, /* pgqueue_not( */ int b);
PGQUEUE_API const char *
pgqueue_two(void);
int pgqueue_private(void);
extern PGQUEUE_API const int pgqueue_data;
EOT
is "$(declared "$SCRATCH/x.h" | tr '\n' ' ')" "pgqueue_one pgqueue_two " "the declared functions are read"
cat >"$SCRATCH/x.map" <<'EOT'
X { global:
        pgqueue_one;   /* pgqueue_no; */
        pgqueue_two;
    local: *; };
EOT
is "$(listed "$SCRATCH/x.map" | tr '\n' ' ')" "pgqueue_one pgqueue_two " "the listed functions are read"
printf 'int pgqueue_one(void) { return 1; }\nstatic int hidden(void) { return 1; }\nint stray(void) { return hidden(); }\n' >"$SCRATCH/x.c"
read -r -a cc <<<"${CC:-cc}"
"${cc[@]}" -shared -fPIC -o "$SCRATCH/x.so" "$SCRATCH/x.c" -Wl,--no-as-needed -lm || bail "no compiler"
is "$(exported "$SCRATCH/x.so" | grep -v '^_' | tr '\n' ' ')" "pgqueue_one stray " "the exported functions are read"
like "$(needed "$SCRATCH/x.so")" '^libm\.so' "a library that we do not promise is found"

header=$PGQUEUE_TEST_SRCDIR/libqueue/pgqueue.h
map=$PGQUEUE_TEST_SRCDIR/libqueue/libpgqueue.map
library=${PGQUEUE_TEST_BUILDDIR:-$PGQUEUE_TEST_SRCDIR/build/obj}/libqueue/.libs/libpgqueue.so
is "$(listed "$map")" "$(declared "$header")" "the map lists exactly the declared functions"
is "$(exported "$library")" "$(declared "$header")" "the library exports exactly the declared functions"
is "$(needed "$library")" "" "the library needs libpq, libcrypto and the C library at most"
count=$(declared "$header" | wc -l)
ok "the header declares functions ($count)" test "$count" -gt 0
tap_done
