#!/bin/sh
# What others say of our files, and we of theirs: `cohl verify` against the reference library, by way of
# check.mjs, a script that prints {"file", "state"} for each file with c2pa-rs compiled to WebAssembly.
#
#     compare.sh COHL SIGN MUTATE TINY_MODEL [COUNT]
#
# Signed films and pictures, chains of four edits (made, extended, blended with a second, coded again) and three times
# COUNT (20) damaged files must have the same verdict in both. Skipped where there is no node, or no check.mjs with its
# packages in $COHL_C2PA_CHECK.
set -eu
check=${COHL_C2PA_CHECK:-}
command -v node >/dev/null && command -v ffmpeg >/dev/null && [ -d "$check/node_modules" ] || {
    echo "no node, no ffmpeg, or COHL_C2PA_CHECK names no folder with check.mjs and its packages"
    exit 77
}
cohl=$(realpath "$1") sign=$(realpath "$2") mutate=$(realpath "$3") tiny_model=$(realpath "$4") count=${5:-20}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export XDG_DATA_HOME="$folder/home"
"$tiny_model" tiny
for out in a.mp4 b.mov c.mp4 shot/; do
    "$cohl" generate "a red balloon" --model tiny --frames 5 -o "$out" -q >/dev/null
done
root=$("$cohl" signer root)
ffmpeg -v error -i c.mp4 -c copy plain.mp4
"$sign" plain.mp4 extended.mp4 --parent a.mp4
"$sign" plain.mp4 blended.mp4 --parent extended.mp4 --component b.mov
"$sign" plain.mp4 again.mp4 --parent blended.mp4 --action c2pa.transcoded
"$cohl" generate "a red balloon" --model tiny --extend a.mp4 --frames 5 -o longer.mp4 -q >/dev/null
"$cohl" generate "a red balloon" --model tiny --blend longer.mp4 b.mov --seconds 0.3 -o joined.mp4 -q >/dev/null
"$cohl" deliver joined.mp4 -o small.mp4 --size 64x64 --crf 30 >/dev/null
"$cohl" deliver joined.mp4 -o pictures/ >/dev/null
right="longer.mp4 joined.mp4 small.mp4 pictures/frame00000.png a.mp4 b.mov c.mp4 a.sheet.png shot/frame00000.png shot/frame00004.png extended.mp4 blended.mp4 again.mp4"
"$mutate" a.mp4 film "$count" 1
"$mutate" a.sheet.png sheet "$count" 2
"$mutate" again.mp4 chain "$count" 3
# shellcheck disable=SC2086
node "$check/check.mjs" --no-second --trust "$root" --expect Trusted $right >/dev/null
# Into a file: what a script of node has written into a pipe may be lost when it ends.
# shellcheck disable=SC2086
node "$check/check.mjs" --no-second --trust "$root" $right film*.mp4 sheet*.png chain*.mp4 > theirs.json || [ $? = 1 ]
awk -F'"' '$2 == "file" { file = $4 } $2 == "state" { print file, tolower($4) }' theirs.json > theirs
# shellcheck disable=SC2086
[ "$(wc -l < theirs)" = "$(ls $right film*.mp4 sheet*.png chain*.mp4 | wc -l)" ]
while read -r file _; do
    "$cohl" verify "$file" --json > ours.json || [ $? = 1 ]
    awk -F'"' -v file="$file" '$2 == "verdict" { print file, $4 }' ours.json
done < theirs > ours
diff theirs ours
echo "$(wc -l < ours) files, the same verdict on all"
