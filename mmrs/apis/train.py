"""Trains any config of any host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mmrs.apis.runner import blame_config, build_runner, default_work_dir
from mmrs.errors import ConfigError, WeightsError

if TYPE_CHECKING:
    from mmengine.config import Config

# Optimiser wrappers and what takes their place with --amp.
MIXED_PRECISION = {
    'OptimWrapper': 'mmrs.AmpOptimWrapper',
    'AmpOptimWrapper': 'mmrs.AmpOptimWrapper',
    'mmrs.PartClipOptimWrapper': 'mmrs.PartClipAmpOptimWrapper',
}


def train(
    config: Config,
    *,
    work_dir: str | os.PathLike[str] | None = None,
    resume: bool | str | os.PathLike[str] = False,
    amp: bool | str = False,
    auto_scale_lr: bool = False,
    validate: bool = True,
    launcher: str = 'none',
) -> Path:
    """Trains a model.

    Args:
        config: From :func:`mmrs.apis.config.load_config`; changed in place.
        work_dir: Where logs and checkpoints go; None asks the config, then takes ``work_dirs/<config name>``.
        resume: True continues from the newest checkpoint in ``work_dir`` (from the start if there is none); a path
            continues from that checkpoint.
        amp: Trains in mixed precision: ``'float16'`` (or True; GPU only) or ``'bfloat16'``.
        auto_scale_lr: Scales the learning rate with the batch size by the config's ``auto_scale_lr.base_batch_size``.
        validate: False leaves validation out.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Returns:
        ``work_dir``.

    Raises:
        ConfigError: The config or an option cannot be used.
        DataError: Data that the config names is missing.
        WeightsError: A checkpoint cannot be read or written.
    """
    from mmrs.engine import prepare

    config.work_dir = str(work_dir or default_work_dir(config))
    _use_safe_checkpoints(config)
    if amp:
        _use_amp(config, 'float16' if amp is True else amp)
    if auto_scale_lr:
        _scale_learning_rate(config)
    if not validate:
        config.update(val_cfg=None, val_dataloader=None, val_evaluator=None)
    _resume(config, resume)
    prepare(config, launcher)
    runner = build_runner(config)
    with blame_config(config):
        runner.train()
    return Path(config.work_dir)


def _use_safe_checkpoints(config: Config) -> None:
    """Gives stock configs the hook that survives kills and full disks, and the check of what was loaded."""
    hooks = config.setdefault('default_hooks', {})
    checkpoint = hooks.setdefault('checkpoint', {'type': 'CheckpointHook', 'interval': 1})
    if checkpoint is not None and checkpoint.get('type') in ('CheckpointHook', 'mmengine.CheckpointHook'):
        checkpoint['type'] = 'mmrs.SafeCheckpointHook'
    config.custom_hooks = [
        *(config.get('custom_hooks') or []),
        {'type': 'mmrs.CheckpointMatchHook', 'strict': False},
    ]


def _use_amp(config: Config, dtype: str = 'float16') -> None:
    import torch

    if dtype == 'float16' and not torch.cuda.is_available():
        fix = 'Leave --amp out on the CPU, or take --amp-dtype bfloat16.'
        raise ConfigError('--amp', 'no GPU', 'a CUDA device', fix)
    wrapper = config.get('optim_wrapper', {})
    kind = wrapper.get('type', 'OptimWrapper')
    if kind not in MIXED_PRECISION and kind not in MIXED_PRECISION.values():
        raise ConfigError('--amp', f'optim_wrapper of type {kind!r}', "'OptimWrapper'", 'Set precision in the config.')
    wrapper.update(type=MIXED_PRECISION.get(kind, kind), dtype=dtype)
    wrapper.pop('loss_scale', None)


def _scale_learning_rate(config: Config) -> None:
    if 'base_batch_size' not in (config.get('auto_scale_lr') or {}):
        fix = 'Add auto_scale_lr = dict(base_batch_size=...): the batch that the learning rate was chosen for.'
        raise ConfigError('--auto-scale-lr', 'no auto_scale_lr.base_batch_size in the config', 'one', fix)
    config.auto_scale_lr['enable'] = True


def _resume(config: Config, resume: bool | str | os.PathLike[str]) -> None:
    """Sets ``resume`` and ``load_from``; found here so that a damaged pointer file does not start the run anew."""
    from mmrs.engine import find_resume_checkpoint

    if isinstance(resume, bool):
        resume = resume or bool(config.get('resume'))
        if not resume:
            return
        given = config.get('load_from')
        checkpoint = Path(given) if given else find_resume_checkpoint(config.work_dir)
    else:
        checkpoint = Path(resume)
        if not checkpoint.is_file():
            fix = 'Give --resume no path to take the newest one of --work-dir.'
            raise WeightsError(checkpoint, 'no such file', 'a checkpoint to resume from', fix)
    config.resume = checkpoint is not None
    config.load_from = str(checkpoint) if checkpoint else None
