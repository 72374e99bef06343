# shellcheck shell=sh
# prepare.sh - what ./demo and ./check share: install what is missing, build.
#
# Sourced from the top of the work tree, by dash as by bash. Package names come
# from tools/packages alone. Nothing here asks a question, and nothing needs
# root, or the network, when nothing is missing. The variables that functions
# set for their caller are read by the scripts.
# shellcheck disable=SC2034

say()  { printf '%s\n' "$*"; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# The packages of the named groups, one a line.
packages_of() {
    for group in "$@"; do
        awk -v group="$group" '$1 == group { print $2 }' tools/packages
    done
}

# Those of its arguments that dpkg does not have, one a line.
packages_missing() {
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
            grep -qx installed || printf '%s\n' "$package"
    done
}

# apt-get as root: by sudo for others, and without a question in any case.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Download and disk size of an installation, in words. apt prints the first as
# the third column of --print-uris, the second stands in the package index.
# shellcheck disable=SC2086
sizes_of() {
    bytes=$(LC_ALL=C apt-get -qq -y --no-install-recommends --print-uris install "$@" 2>/dev/null |
        awk '{ sum += $3 } END { printf "%.0f", sum }')
    incoming=$(LC_ALL=C apt-get -qq -s --no-install-recommends install "$@" 2>/dev/null |
        awk '$1 == "Inst" { print $2 }' | sort -u)
    kib=$(LC_ALL=C apt-cache show --no-all-versions $incoming 2>/dev/null |
        awk '$1 == "Installed-Size:" { sum += $2 } END { printf "%.0f", sum }')
    count=$(printf '%s\n' "$incoming" | grep -c .) || {
        say "a number of packages that apt's lists, as they are here, do not tell"
        return 0
    }
    say "$count packages with what they need, $((bytes / 1000000)) MB to download," \
        "$((kib * 1024 / 1000000)) MB on disk"
}

# Install what is missing of the named groups; $1 = no only names it and fails.
# Sets installed=yes when apt ran.
install_missing() {
    allowed=$1
    shift
    installed=no
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "Not a Debian system: what these Debian packages hold must be here:" \
            "$(packages_of "$@" | tr '\n' ' ')"
        return 0
    fi
    # shellcheck disable=SC2046
    missing=$(packages_missing $(packages_of "$@") | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0

    say "Missing Debian packages: $missing"
    if [ "$allowed" = no ]; then
        # shellcheck disable=SC2086
        say "That is $(sizes_of $missing)." \
            "Install by: apt-get install --no-install-recommends $missing"
        exit 1
    fi
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        fail "installing them needs root; run as root: apt-get install --no-install-recommends $missing"
    fi
    mkdir -p build
    as_root apt-get -qq update >build/apt.log 2>&1 || say "The package lists could not be refreshed; going on with those here."
    # shellcheck disable=SC2086
    say "Installing by apt: $(sizes_of $missing)"
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
        --no-install-recommends install $missing </dev/null >build/apt.log 2>&1 || {
        tail -n 20 build/apt.log >&2
        fail "apt could not install $missing (all it said is in build/apt.log)"
    }
    installed=yes
}

# Configure folder $1 if it is not yet; the rest are meson's arguments. What
# meson and ninja say stands in the folder, and is shown when they fail.
configure() {
    folder=$1
    shift
    [ ! -f "$folder/build.ninja" ] || return 0
    mkdir -p "$folder"
    rm -rf "$folder/meson-private" "$folder/meson-info"   # of a setup cut short
    meson setup "$folder" "$@" >"$folder/setup.log" 2>&1 || {
        tail -n 20 "$folder/setup.log" >&2
        fail "meson could not configure $folder (all it said is in $folder/setup.log)"
    }
}

# Run ninja in folder $1 for the targets that follow. Sets built=yes when it
# had work to do.
build() {
    folder=$1
    shift
    ninja -C "$folder" "$@" >"$folder/ninja.log" 2>&1 || {
        grep -v '^\[' "$folder/ninja.log" | tail -n 60 >&2
        fail "$folder did not build (all it said is in $folder/ninja.log)"
    }
    built=yes
    ! grep -q 'no work to do' "$folder/ninja.log" || built=no
}
