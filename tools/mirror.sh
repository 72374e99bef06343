# shellcheck shell=sh
# mirror.sh - where this machine's apt takes its packages from.

# The address that serves suite $1 here, as apt itself reads its sources in
# either of their formats; nothing when no source does.
mirror_of() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 2>/dev/null |
        awk -v suite="$1" '$1 == suite { print $2; exit }'
}

# The code name of the Debian that runs here, "bookworm".
# shellcheck disable=SC1091
codename_here() {
    (. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
}
