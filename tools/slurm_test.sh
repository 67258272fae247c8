#!/usr/bin/env bash
# Evaluates under Slurm: [GPUS=8 ...] tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [options]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
[ $# -ge 4 ] || fail "usage: slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [options of test.py]" 2
slurm test "$@"
