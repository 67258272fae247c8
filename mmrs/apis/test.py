"""Evaluates a checkpoint of any config of any host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.apis.runner import blame_config, build_runner, default_work_dir
from mmrs.apis.views import augment
from mmrs.errors import ConfigError, WeightsError

if TYPE_CHECKING:
    from mmengine.config import Config

# Options that switch a host's visualization hook on; {} stands for the folder.
DRAWING: dict[str, dict[str, Any]] = {
    'SegVisualizationHook': {'draw': True},
    'DetVisualizationHook': {'draw': True, 'test_out_dir': '{}'},
    'VisualizationHook': {'enable': True, 'out_dir': '{}'},
}


def test(
    config: Config,
    checkpoint: str | os.PathLike[str],
    *,
    work_dir: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    show_dir: str | os.PathLike[str] | None = None,
    tta: bool = False,
    launcher: str = 'none',
) -> dict[str, float]:
    """Evaluates a model on the test set of its config.

    Args:
        config: From :func:`mmrs.apis.config.load_config`; changed in place.
        checkpoint: Written by training; every tensor must match the model.
        work_dir: Where the log goes; None as in :func:`mmrs.apis.train.train`.
        out: File for all predictions (``.pkl``, mmengine's format).
        show_dir: Folder for pictures of the predictions.
        tta: Augments at test time; see :func:`mmrs.apis.views.augment`.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Returns:
        Metrics by name.

    Raises:
        ConfigError: The config or an option cannot be used.
        DataError: Data that the config names is missing.
        WeightsError: The checkpoint is missing, damaged, or another model's.
    """
    from mmrs.engine import prepare

    _check_file(checkpoint)
    if out is not None and Path(out).suffix not in ('.pkl', '.pickle'):
        raise ConfigError('--out', str(out), 'a .pkl file', 'Change its name.')
    config.work_dir = str(work_dir or default_work_dir(config))
    config.update(load_from=str(checkpoint), resume=False)
    config.custom_hooks = [*(config.get('custom_hooks') or []), {'type': 'mmrs.CheckpointMatchHook', 'strict': True}]
    if show_dir is not None:
        _draw(config, show_dir)
    if tta:
        augment(config)
    prepare(config, launcher)
    runner = build_runner(config)
    with blame_config(config):
        if out is not None:
            _dump_predictions(runner, config, out)
        return runner.test()


test.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it wherever it is imported


def _check_file(checkpoint: str | os.PathLike[str]) -> None:
    """Fails at once rather than after the datasets were read."""
    remote = '://' in os.fspath(checkpoint)
    if not remote and not Path(checkpoint).is_file():
        raise WeightsError(checkpoint, 'no such file', 'a checkpoint', 'Training writes iter_N.pth or epoch_N.pth.')


def _draw(config: Config, show_dir: str | os.PathLike[str]) -> None:
    hook = (config.get('default_hooks') or {}).get('visualization')
    kind = hook['type'].split('.')[-1] if hook else None
    if hook is None or kind not in DRAWING:
        fix = f'Set default_hooks.visualization to one of {", ".join(DRAWING)}, as the bases in configs/_base_ do.'
        raise ConfigError('--show-dir', f'visualization hook {kind}', 'a hook that draws', fix)
    folder = str(Path(show_dir).absolute())
    hook.update({key: folder if value == '{}' else value for key, value in DRAWING[kind].items()})
    if kind == 'SegVisualizationHook':
        config.visualizer['save_dir'] = folder


def _dump_predictions(runner: Any, config: Config, out: str | os.PathLike[str]) -> None:
    """Adds the metric that stores predictions; detection hosts have their own, which encodes masks."""
    if config.get('default_scope') in ('mmdet', 'mmrotate'):
        from mmdet.evaluation import DumpDetResults as DumpResults
    else:
        from mmengine.evaluator import DumpResults
    Path(out).absolute().parent.mkdir(parents=True, exist_ok=True)
    runner.test_evaluator.metrics.append(DumpResults(out_file_path=str(out)))
