#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A sweep over several machines, or several processes, with GNU parallel:
#
#     parallel.sh SHARDS DIR DUMP [options of pikv sweep]
#
# Each shard writes DIR/shard-K and goes on there when it is run again; the whole is in DIR/all. PIKV names the program
# (default: pikv). PARALLEL_OPTIONS are parallel's own: "--sshloginfile nodes.txt" for other machines, on which DUMP, DIR
# and the program must have the same paths; "--jobs 2" for two at a time on this one (default: one).
set -euo pipefail
[ $# -ge 3 ] || {
    sed -n '3,9s/^# \{0,1\}//p' "$0"
    exit 2
}
shards=$1 folder=$2 dump=$3
shift 3
mkdir -p "$folder"
pikv=${PIKV:-pikv}
read -ra options <<<"${PARALLEL_OPTIONS:---jobs 1}"
seq "$shards" | parallel "${options[@]}" --halt now,fail=1 --quote \
    "$pikv" sweep "$dump" --shard "{}/$shards" -o "$folder/shard-{}" --quiet "$@"
[ -e "$folder/all/results.csv" ] || "$pikv" merge "$folder"/shard-* -o "$folder/all"
