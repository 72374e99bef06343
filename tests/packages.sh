#!/bin/sh
# The list of packages, the build and the page on licences say the same: every
# library that a meson.build asks for has a row in tools/packages, no row is for
# a library that none asks for, and docs/licences.md names every row's package
# with its licence.
# The mathematics, the threads and libgomp come with gcc and libc6-dev.
set -eu
cd "$(dirname "$0")/.."
wrong=0

find . -name meson.build ! -path './build*' -exec cat {} + | sed 's/#.*//' |
    grep -oE "(dependency|find_library)\('[a-zA-Z0-9_+-]+'" | sed "s/.*'\(.*\)'/\1/" | sort -u |
    grep -vxE 'm|threads|gomp' > "${TMPDIR:-/tmp}/cohl-asked.$$" || true
trap 'rm -f "${TMPDIR:-/tmp}/cohl-asked.$$"' EXIT
while read -r library; do
    awk -v library="$library" '$1 !~ /^#/ && $3 == library { found = 1 } END { exit !found }' tools/packages || {
        echo "a meson.build asks for $library, tools/packages has no row for it"
        wrong=1
    }
done < "${TMPDIR:-/tmp}/cohl-asked.$$"

while read -r group package library licence _; do
    case $group in '#'*|'') continue ;; esac
    [ "$library" = - ] || grep -qxF "$library" "${TMPDIR:-/tmp}/cohl-asked.$$" || {
        echo "tools/packages has a row for $library, no meson.build asks for it"
        wrong=1
    }
    grep -qF "| \`$package\` | $(printf '%s' "$licence" | tr _ ' ') |" docs/licences.md || {
        echo "docs/licences.md has no row | \`$package\` | $licence |"
        wrong=1
    }
done < tools/packages
exit $wrong
