# Shared by dist_*.sh and slurm_*.sh; sourced, not run.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The interpreter: $PYTHON, else the active environment's, else the one that `make` set up.
if [ -z "${PYTHON:-}" ]; then
    if [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && [ -x "$ROOT/.venv/bin/python" ]; then
        PYTHON=$ROOT/.venv/bin/python
    else
        PYTHON=python3
    fi
fi

fail() {
    echo "$(basename "$0"): error: $1" >&2
    exit "${2:-1}"
}

is_count() { [[ $1 =~ ^[1-9][0-9]*$ ]]; }

require_mmrs() {
    "$PYTHON" -c 'import mmrs' 2>/dev/null || fail "$PYTHON cannot import mmrs: run \`make env\` or \`pip install .\`, or set PYTHON"
}

# dist COMMAND N ARGUMENTS...: one process a GPU (or N on the CPU) on this machine.
# Several machines: set NNODES, NODE_RANK and MASTER_ADDR (and MASTER_PORT, 29500) on each.
dist() {
    local command=$1 count=$2
    shift 2
    require_mmrs
    "$PYTHON" -m mmrs.apis.processes "$count" || exit 1
    local rendezvous=(--standalone)  # picks a free port
    if [ "${NNODES:-1}" != 1 ]; then
        [ -n "${MASTER_ADDR:-}" ] || fail "NNODES=$NNODES needs MASTER_ADDR, the address of the machine with NODE_RANK=0" 2
        rendezvous=(--nnodes "$NNODES" --node-rank "${NODE_RANK:-0}"
            --master-addr "$MASTER_ADDR" --master-port "${MASTER_PORT:-29500}")
    fi
    # Without this every process starts a thread a core, and they fight.
    local cores=$(($(nproc) / count))
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((cores > 0 ? cores : 1))}
    exec "$PYTHON" -m torch.distributed.run "${rendezvous[@]}" --nproc-per-node "$count" \
        "$ROOT/tools/$command.py" "$@" --launcher pytorch
}

# slurm COMMAND PARTITION JOB_NAME ARGUMENTS...: GPUS, GPUS_PER_NODE, CPUS_PER_TASK and SRUN_ARGS from the environment.
slurm() {
    local command=$1 partition=$2 job=$3
    shift 3
    command -v srun >/dev/null || fail "no srun on this machine: use tools/dist_$command.sh"
    local gpus=${GPUS:-8} per_node=${GPUS_PER_NODE:-8}
    is_count "$gpus" || fail "GPUS=$gpus is not a number" 2
    [ "$gpus" -ge "$per_node" ] || per_node=$gpus
    require_mmrs
    # shellcheck disable=SC2086  # SRUN_ARGS holds several words
    exec srun -p "$partition" --job-name="$job" --ntasks="$gpus" --ntasks-per-node="$per_node" \
        --gres="gpu:$per_node" --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
        "$PYTHON" -u "$ROOT/tools/$command.py" "$@" --launcher slurm
}
