# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Shared by the scripts in packaging/: sourced, with `set -euo pipefail`; leaves the caller in the source folder.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

say() { printf 'pikv: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# Started with sudo: packages are root's business, everything else belongs to the user who typed it.
drop_root() {
    [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] || return 0
    packaging/setup
    local runtime
    runtime=/run/user/$(id -u "$SUDO_USER")
    [ -d "$runtime" ] || runtime=
    exec sudo -H -u "$SUDO_USER" env -u SUDO_USER DISPLAY="${DISPLAY:-}" WAYLAND_DISPLAY="${WAYLAND_DISPLAY:-}" \
        XDG_RUNTIME_DIR="$runtime" "$@"
}

# Parallel compilers: one a core, and 1.5 GB of memory each (what a file with LibTorch headers takes).
build_jobs() {
    local jobs memory limit
    jobs=$(nproc)
    memory=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
    limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
    if [ "$limit" != max ] && [ $((limit / 1048576)) -lt "$memory" ]; then memory=$((limit / 1048576)); fi
    if [ "$jobs" -gt $((memory / 1500)) ]; then jobs=$((memory / 1500)); fi
    echo $((jobs > 1 ? jobs : 1))
}

# build PRESET [TARGET …]; options for cmake in the array CMAKE_OPTIONS. Quiet where nothing is to do.
build() {
    local preset=$1 log
    shift
    mkdir -p "build/$preset"
    log=build/$preset/configure.log
    cmake --preset "$preset" ${CMAKE_OPTIONS[@]+"${CMAKE_OPTIONS[@]}"} >"$log" 2>&1 || {
        tail -40 "$log" >&2
        fail "configuring failed; the whole log is $log"
    }
    cmake --build "build/$preset" --parallel "$(build_jobs)" ${1+--target "$@"}
}
