# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# That each public header compiles alone, as C99, C11 and C++, without a warning.
. "$(dirname "${BASH_SOURCE[0]}")/lint.sh"
read -r -a cc <<<"${CC:-cc}"
read -r -a cxx <<<"${CXX:-c++}"
strict=(-Wall -Wextra -pedantic -Werror -fsyntax-only)

# as STANDARD HEADER: prints what the compiler says, nothing if it is content.
as() {
    local compiler=("${cc[@]}") suffix=c
    case $1 in *++*) compiler=("${cxx[@]}") suffix=cc ;; esac
    printf '#include "%s"\n' "$2" >"$SCRATCH/alone.$suffix"
    # shellcheck disable=SC2046
    "${compiler[@]}" "-std=$1" "${strict[@]}" -I"$(dirname "$2")" $(pkg-config --cflags libevent_core 2>/dev/null) "$SCRATCH/alone.$suffix" 2>&1
}

printf 'typedef struct { int x; } t // c99 accepts this comment and misses a semicolon\n' >"$SCRATCH/bad.h"
is "$(as c99 "$SCRATCH/bad.h" >/dev/null && echo accepted)" "" "a header that does not compile is found"
printf 'int f(int class);\n' >"$SCRATCH/word.h"
is "$(as c++98 "$SCRATCH/word.h" >/dev/null && echo accepted)" "" "a word that C++ reserves is found"
printf 'size_t f(void);\n' >"$SCRATCH/alone.h"
is "$(as c99 "$SCRATCH/alone.h" >/dev/null && echo accepted)" "" "a header that needs another before it is found"
for header in "$PGQUEUE_TEST_SRCDIR"/libqueue/pgqueue.h "$PGQUEUE_TEST_SRCDIR"/libqueue/pgqueue_libevent.h; do
    [ -f "$header" ] || continue
    for standard in c99 c11 c++11 c++17; do
        is "$(as $standard "$header")" "" "${header##*/} compiles alone as $standard"
    done
done
tap_done
