# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# That the manual page of pgqueue tells each command and option that --help tells, and no other. Both --help and the
# parser are made from the same tables.
. "$PGQUEUE_TEST_SRCDIR/tests/tap.sh"
page=$PGQUEUE_TEST_SRCDIR/cli/pgqueue.1.scd

# The commands, by their whole names.
commands() { sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z -]*[a-z]\).*/\1/p' <<<"$1" | sed 's/   .*//' | sort -u; }
# Their options as --help lists them.
options() { sed -n 's/^  \(-[a-zA-Z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' <<<"$1"; }
# All that the page names in bold.
named() { grep -o "\*--[a-z][a-z-]*\*" <<<"$1" | tr -d "*" | sort -u; }

help=$(pgqueue --help) || bail "pgqueue --help fails"
all=$(options "$help")
missing=''
count=0
while read -r command; do
    count=$((count + 1))
    grep -qE "\*$command\*" "$page" || missing+=" \"$command\""
    # shellcheck disable=SC2086 # the words of the command
    one=$(options "$(pgqueue $command --help)") || bail "pgqueue $command --help fails"
    all+=$'\n'$one
    for option in $one; do
        grep -qF -- "*$option*" "$page" || missing+=" $command $option"
    done
done < <(commands "$help")
ok "--help lists the commands" test "$count" -gt 30
is "$missing" "" "the page tells each command and option of --help"

too_much=$(comm -13 <(sort -u <<<"$all") <(named "$(cat "$page")") | tr '\n' ' ')
is "$too_much" "" "the page tells no option that --help does not know"

is "$(comm -13 <(sort -u <<<"$all") <(named 'a *--nonsense* option') | tr -d '\n')" "--nonsense" "an option that does not exist is found"
ok "the page renders" sh -c '! command -v scdoc || scdoc <"$1" >/dev/null' sh "$page"
tap_done
