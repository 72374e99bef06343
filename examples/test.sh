#!/bin/sh
# test.sh TINY_MODEL FILM - the example makes a film, and says what is wrong when it cannot.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$1" "$place/model"
"$2" "a red balloon" "$place/film.mp4" "$place/model"
[ -s "$place/film.mp4" ]
if "$2" "a red balloon" "$place/nowhere/film.mp4" "$place/model" 2>"$place/said"; then
    exit 1
fi
grep -q "nowhere" "$place/said"
