#!/usr/bin/env bash
# Evaluates with N processes: tools/dist_test.sh CONFIG CHECKPOINT N [options of tools/test.py]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
usage="usage: dist_test.sh CONFIG CHECKPOINT N [options of test.py]"
[ $# -ge 3 ] || fail "$usage" 2
is_count "$3" || fail "N must be a number of processes, found '$3'; $usage" 2
config=$1 checkpoint=$2 count=$3
shift 3
dist test "$count" "$config" "$checkpoint" "$@"
