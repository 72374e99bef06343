#!/bin/sh
# compare.sh - our scores against the original runtime's, network by network. By hand: it fetches about 100 MB by npm
# into a temporary folder, and plain JavaScript takes seconds a frame.
#
#     tests/vision/compare.sh BUILD [cpu|wasm] [FRAMES]
#
# BUILD is a build folder; the networks must be installed (`cohl checks install`). FRAMES (25) are taken from each
# film of MEDIA (../shared/media), spread over its length. Exit 1 when a score differs by more than 1e-3.
set -eu
build=${1:?a build folder} backend=${2:-cpu} frames=${3:-25}
here=$(cd "$(dirname "$0")" && pwd)
media=${MEDIA:-$here/../../../shared/media}
[ -d "$media" ] || { echo "no $media: nothing to compare"; exit 77; }
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
modules=${MODULES:-$work/node_modules}
if [ ! -d "$modules" ]; then
    npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$work" nsfwjs@4.4.0 @vladmandic/face-api@1.7.15 \
        @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0
fi
fails=0
for film in "$media"/*.mp4 "$media"/*.mkv; do
    size=$(ffprobe -v error -select_streams v:0 -show_entries stream=width,height -of csv=p=0 "$film" | tr ',' ' ')
    length=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$film")
    rate=$(echo "$frames $length" | awk '{ print $1 / $2 }')
    ffmpeg -v error -y -i "$film" -vf "fps=$rate" -frames:v "$frames" -f rawvideo -pix_fmt rgb24 "$work/frames.rgb"
    "$build/tests/safety/net_try" $size "$work/frames.rgb" >"$work/ours.jsonl"
    echo "$(basename "$film"): $(tail -n 1 "$work/ours.jsonl")"
    node "$here/compare.mjs" "$modules" $size "$work/frames.rgb" "$work/ours.jsonl" "$backend" || fails=1
done
exit $fails
