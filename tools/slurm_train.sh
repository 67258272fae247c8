#!/usr/bin/env bash
# Trains under Slurm: [GPUS=8 GPUS_PER_NODE=8 SRUN_ARGS=...] tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
[ $# -ge 3 ] || fail "usage: slurm_train.sh PARTITION JOB_NAME CONFIG [options of train.py]" 2
slurm train "$@"
