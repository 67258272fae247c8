#!/usr/bin/env bash
# Trains with N processes: tools/dist_train.sh CONFIG N [options of tools/train.py]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
usage="usage: dist_train.sh CONFIG N [options of train.py]"
[ $# -ge 2 ] || fail "$usage" 2
is_count "$2" || fail "N must be a number of processes, found '$2'; $usage" 2
config=$1 count=$2
shift 2
dist train "$count" "$config" "$@"
