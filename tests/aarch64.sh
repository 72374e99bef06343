#!/bin/sh
# aarch64.sh - the same code, right on another processor.
#
# Cross-builds the training profile (jansson is its one outside library) into
# build-aarch64/ and runs its tests under qemu's user-mode emulation. jansson and
# cmocka for arm64 are Debian's packages, unpacked into the build folder: the
# machine's own package database is not touched. Run by hand; needs the packages
# of groups build, test and prove in tools/packages.
#
# usage: tests/aarch64.sh [MESON-TEST-ARGUMENT ...]     e.g. tests/aarch64.sh ops
set -eu
cd "$(dirname "$0")/.."
. tools/mirror.sh
. tools/prepare.sh

case ${1:-} in
--help|-h) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
for tool in aarch64-linux-gnu-gcc qemu-aarch64 meson ninja dpkg-deb; do
    command -v $tool >/dev/null || fail "needs $tool; see group prove in tools/packages"
done

folder=$PWD/build-aarch64
arm64=$folder/debian
libraries=$arm64/usr/lib/aarch64-linux-gnu

# apt with a state, a cache and one source of its own, for arm64.
apt_arm64() {
    apt-get -qq -o Dir::State="$arm64/state" -o Dir::State::status="$arm64/status" \
        -o Dir::Cache="$arm64/cache" -o Dir::Etc::sourcelist="$arm64/sources.list" \
        -o Dir::Etc::sourceparts=- -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
        -o APT::Sandbox::User=root "$@"
}

fetch_libraries() {
    [ ! -f "$libraries/pkgconfig/cmocka.pc" ] || return 0
    rm -rf "$arm64"
    mkdir -p "$arm64/state/lists/partial" "$arm64/cache/archives/partial"
    : >"$arm64/status"
    release=$(codename_here)
    mirror=$(mirror_of "$release")
    [ -n "$mirror" ] || { echo "aarch64: apt knows no source for $release; run apt-get update" >&2; exit 1; }
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
        "$mirror $release main" >"$arm64/sources.list"
    apt_arm64 update
    (cd "$arm64" && apt_arm64 download libjansson4 libjansson-dev libcmocka0 libcmocka-dev)
    for package in "$arm64"/*.deb; do
        dpkg-deb -x "$package" "$arm64"
    done
}

describe_machine() {
    cat >"$folder/aarch64.ini" <<END
[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', '-E', 'LD_LIBRARY_PATH=$libraries']

[properties]
sys_root = '$arm64'
pkg_config_libdir = '$libraries/pkgconfig'

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'cortex-a57'
endian = 'little'
END
}

mkdir -p "$folder"
fetch_libraries
describe_machine
configure "$folder" --cross-file "$folder/aarch64.ini" -Dprofile=train -Dtests=enabled
build "$folder"
[ $# -gt 0 ] || set -- --no-suite long --no-suite heavy
meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 20 "$@" </dev/null
