"""Several processes on machines with or without GPUs."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.model import MMDistributedDataParallel, revert_sync_batchnorm
from mmengine.registry import MODEL_WRAPPERS

from mmrs.errors import ConfigError

# Launcher -> names of the variables in which it passes rank, number of processes and rank on the machine.
LAUNCHER_VARIABLES = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
}


@MODEL_WRAPPERS.register_module()
class CPUDistributedDataParallel(MMDistributedDataParallel):
    """mmengine's data-parallel wrapper for a model on the CPU.

    Synchronised batch norm exists for GPUs only: such layers become ordinary batch norm, as mmengine does for a
    single process.

    Args:
        module: Model.
        device_ids: Ignored; the runner always passes the local rank, which torch refuses for CPU modules.
        **kwargs: See ``torch.nn.parallel.DistributedDataParallel``.
    """

    def __init__(self, module: torch.nn.Module, device_ids: Any = None, **kwargs: Any) -> None:
        super().__init__(module=without_sync_bn(module), device_ids=None, **kwargs)


def without_sync_bn(module: torch.nn.Module) -> torch.nn.Module:
    """Turns synchronised batch norm into ordinary batch norm."""
    if any(isinstance(layer, torch.nn.SyncBatchNorm) for layer in module.modules()):
        print_log('SyncBN needs GPUs: its layers are ordinary BN on the CPU.', logger='current')
        module = revert_sync_batchnorm(module)
    return module


def check_processes(count: int) -> None:
    """Checks that this machine can hold ``count`` training processes: one a GPU, or without one, one a CPU core.

    Two are allowed on any machine, to try a distributed run.

    Raises:
        ConfigError: It cannot.
    """
    if torch.cuda.is_available():
        limit, device = torch.cuda.device_count(), 'visible GPU'
        fix = f'Start {limit} per machine, or hide the GPUs (CUDA_VISIBLE_DEVICES=) to use the CPU.'
    else:
        limit, device = max(2, os.cpu_count() or 1), 'CPU core (there is no GPU)'
        fix = f'Start {limit} or fewer per machine.'
    if count > limit:
        raise ConfigError('processes per machine', str(count), f'at most {limit}, one for each {device}', fix)


def prepare(config: Config, launcher: str) -> None:
    """Makes ``config`` ready for ``launcher``; starts gloo where there is no GPU (mmengine would insist on one).

    Args:
        config: Changed in place.
        launcher: ``none``, ``pytorch`` (torchrun), ``slurm`` or ``mpi``.

    Raises:
        ConfigError: The launcher's variables are not set, or there are more processes than GPUs.
    """
    config.launcher = launcher
    if launcher == 'none':
        return
    names = LAUNCHER_VARIABLES[launcher]
    missing = [name for name in names if name not in os.environ]
    if missing:
        fix = 'Start through tools/dist_train.sh or tools/slurm_train.sh, or leave --launcher out.'
        raise ConfigError(f'--launcher {launcher}', f'no {", ".join(missing)} in the environment', 'them set', fix)
    rank, world_size, local_rank = (os.environ[name] for name in names)
    os.environ.update(RANK=rank, WORLD_SIZE=world_size, LOCAL_RANK=local_rank)
    _set_address(launcher)
    if torch.cuda.is_available():
        check_processes(max(int(local_rank) + 1, int(os.environ.get('LOCAL_WORLD_SIZE', 1))))
        return
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    config.pop('sync_bn', None)
    wrapper = dict(config.get('model_wrapper_cfg') or {})
    if wrapper.get('type') == 'ShardedDataParallel':  # works without a GPU too
        return
    wrapper['type'] = 'CPUDistributedDataParallel'
    wrapper.setdefault('broadcast_buffers', False)
    wrapper.setdefault('find_unused_parameters', config.get('find_unused_parameters', False))
    config.model_wrapper_cfg = wrapper


def _set_address(launcher: str) -> None:
    """Sets where the processes meet, which torchrun does itself and Slurm does not."""
    if launcher == 'slurm':
        # The same free-for-this-job port on every machine: two jobs on one machine must not meet.
        os.environ.setdefault('MASTER_PORT', str(20000 + int(os.environ.get('SLURM_JOB_ID', 0)) % 20000))
        if 'MASTER_ADDR' not in os.environ:
            command = ['scontrol', 'show', 'hostnames', os.environ['SLURM_JOB_NODELIST']]
            hosts = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            os.environ['MASTER_ADDR'] = hosts[0]
    os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
    os.environ.setdefault('MASTER_PORT', '29500')
