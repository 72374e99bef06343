#!/bin/sh
# fresh-machine.sh - prove ./demo and ./check on a Debian that has nothing.
#
# Debootstraps the release into a folder (minbase: a shell, apt and little
# else), copies the committed tree into it and runs both commands there by
# chroot, as root with the network first, then again as an ordinary user
# without one. Mirror and proxy are those of this machine's apt. Run by hand, as
# root: it downloads about half a gigabyte and takes many minutes.
set -eu
cd "$(dirname "$0")/.."
. tools/mirror.sh

usage() {
    cat <<'END'
usage: tests/fresh-machine.sh bookworm|trixie [--demo-only|--check-only|--build-only] [--keep]

  --demo-only    only ./demo
  --check-only   only ./check
  --build-only   only what ./demo --no-install says and ./check --build
  --keep         leave the folder where it is, and say where
END
}

release='' phases="demo check" keep=no
for argument in "$@"; do
    case $argument in
    bookworm|trixie) release=$argument ;;
    --demo-only)     phases=demo ;;
    --check-only)    phases=check ;;
    --build-only)    phases=build ;;
    --keep)          keep=yes ;;
    --help|-h)       usage; exit 0 ;;
    *) printf 'fresh-machine.sh: %s is not understood\n' "$argument" >&2; usage >&2; exit 2 ;;
    esac
done
[ -n "$release" ] || { usage >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "fresh-machine.sh: debootstrap and chroot need root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "fresh-machine.sh: needs the package debootstrap" >&2; exit 1; }

root=$(mktemp -d "${TMPDIR:-/var/tmp}/cohl-$release.XXXXXX")
chmod 755 "$root"
proc_mounted=no
cleanup() {
    [ "$proc_mounted" = no ] || umount "$root/proc" || umount -l "$root/proc"
    if [ "$keep" = yes ]; then
        echo "kept: $root"
    else
        rm -rf --one-file-system "$root"
    fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

make_root() {
    host=$(codename_here)
    mirror=$(mirror_of "$host")
    [ -n "$mirror" ] || { echo "fresh-machine: apt knows no source for $host; run apt-get update" >&2; exit 1; }
    security=$(mirror_of "$host-security")
    proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [ "$proxy" != DIRECT ] || proxy=
    if ! env ${proxy:+"http_proxy=$proxy"} debootstrap --variant=minbase \
            "$release" "$root" "$mirror" >"$root.log" 2>&1; then
        tail -n 20 "$root.log"
        exit 1
    fi
    rm -f "$root.log"
    {
        echo "deb $mirror $release main"
        [ -z "$(mirror_of "$host-updates")" ] || echo "deb $mirror $release-updates main"
        [ -z "$security" ] || echo "deb $security $release-security main"
    } >"$root/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::(http|https|Retries|Check-|ForceIPv)' |
        grep -vE ' "";$|Auto-Detect' >"$root/etc/apt/apt.conf.d/90host" || true
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    if mount -t proc proc "$root/proc" 2>/dev/null || mount --bind /proc "$root/proc" 2>/dev/null; then
        proc_mounted=yes
    else
        echo "note: /proc cannot be mounted here; sanitizers need it"
    fi
    mkdir "$root/cohl"
    git archive HEAD | tar -x -C "$root/cohl"
}

passed=0 failed=0 skipped=0
# Say whether what the last words tell is so: $1 is a status, 0 for yes.
result() {
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
        echo "ok: $2"
    else
        failed=$((failed + 1))
        echo "NOT OK: $2"
    fi
}

# Run a command line in the tree there; what it prints goes to $log as well.
# Sets status and seconds.
log=$root.out
inside() {
    begin=$(date +%s)
    status=0
    "$@" >"$log" 2>&1 </dev/null || status=$?
    seconds=$(($(date +%s) - begin))
    sed 's/^/    /' "$log"
}
# Each user has a home: films are recorded and signed from there.
clean_env() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb "$@"; }
as_root()   { inside clean_env HOME=/root chroot "$root" sh -c "cd /cohl && $1"; }

alone=''
! unshare -n true 2>/dev/null || alone=yes
as_user() {
    mkdir -p "$root/home/someone"
    chown -R 1000:1000 "$root/cohl" "$root/home/someone"
    inside clean_env HOME=/home/someone ${alone:+unshare -n} chroot --userspec=1000:1000 "$root" sh -c "cd /cohl && $1"
}

said()     { grep -qE "$1" "$log" && echo 0 || echo 1; }
not_said() { grep -qE "$1" "$log" && echo 1 || echo 0; }
is()       { [ "$@" ] && echo 0 || echo 1; }

prove_refusal() {
    before=$(cksum <"$root/var/lib/dpkg/status")
    as_root "./demo --no-install"
    result "$(is "$status" = 1)" "./demo --no-install stops with 1"
    result "$(said 'Missing.* gcc .*ninja-build')" "... and names what is missing"
    result "$(is "$before" = "$(cksum <"$root/var/lib/dpkg/status")")" "... and installs nothing"
}

prove_demo() {
    prove_refusal
    as_root './demo "a red balloon drifts over a white village, the camera pans right"'
    result "$status" "./demo makes a film on a machine that had nothing ($seconds s)"
    result "$(said 'MB to download, [0-9]+ MB on disk')" "... and says beforehand what it installs"
    film=$(find "$root/cohl/films" -name '*.mp4' 2>/dev/null | head -n 1)
    result "$(is -s "${film:-/nowhere}")" "... and the film is there${film:+, $(($(wc -c <"$film") / 1000)) kB}"
    as_user './demo "a red balloon drifts over a white village, the camera pans right"'
    result "$status" "./demo again, as an ordinary user${alone:+ without a network} ($seconds s)"
    result "$(not_said 'Missing|Building|Built')" "... neither installs nor builds"
    result "$(is "$(find "$root/cohl/films" -name '*.mp4' 2>/dev/null | wc -l)" = 2)" "... and leaves the first film alone"
}

prove_check() {
    as_root "./check"
    result "$status" "./check passes on a machine that had nothing ($seconds s)"
    result "$(tail -n 1 "$log" | grep -qxE '[0-9]+ passed, 0 failed, [0-9]+ skipped' && echo 0 || echo 1)" \
        "... and closes with its count: $(tail -n 1 "$log")"
    as_user "./check"
    result "$status" "./check again, as an ordinary user${alone:+ without a network} ($seconds s)"
    result "$(not_said Missing)" "... installs nothing"
}

prove_build() {
    prove_refusal
    as_root "./check --build"
    result "$status" "./check --build builds on a machine that had nothing ($seconds s)"
    as_user "./check --build"
    result "$status" "... and again, as an ordinary user${alone:+ without a network} ($seconds s)"
    result "$(not_said Missing)" "... installs nothing"
}

git diff --quiet HEAD 2>/dev/null || echo "note: changes that are not committed are not in what is tried"
begin=$(date +%s)
make_root
echo "a fresh Debian $release: $(chroot "$root" dpkg-query -W | wc -l) packages ($(($(date +%s) - begin)) s)"
compilers=$(chroot "$root" sh -c 'command -v gcc cc make meson git python3' || true)
result "$(is -z "$compilers")" "it has no compiler, no make, no python, no git"
for phase in $phases; do
    "prove_$phase"
done
rm -f "$log"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
