"""Makes mmengine load checkpoints without ever running code from them, and checks that they fit the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import CheckpointLoader, Runner
from mmengine.runner.checkpoint import get_torchvision_models

from mmrs.errors import WeightsError
from mmrs.registry import HOOKS
from mmrs.weights.files import read_checkpoint

# Schemes of mmengine whose readers fall back to unpickling, and whose servers are gone or need a private client.
REFUSED_SCHEMES = ('open-mmlab://', 'openmmlab://', 'mmcls://', 'pavi://', r'(\S+\:)?s3://', r'(\S+\:)?petrel://')


def load_from_local(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Reads a local checkpoint safely, for mmengine's ``load_from``, ``resume`` and ``Pretrained``.

    Args:
        filename: ``.pth`` (read with an allow-list of types) or ``.safetensors``.
        map_location: Where the runner wants the tensors; loading into a module or optimizer moves them anyway, so
            they stay on the CPU, which keeps a second copy off the GPU.

    Raises:
        WeightsError: The file is missing, damaged, or needs code to be run.
    """
    checkpoint = read_checkpoint(filename)
    meta = checkpoint.get('meta')
    if isinstance(meta, dict):
        # `Runner.resume` would execute this text as a Python config; only files of mmengine < 0.2 have it.
        meta.pop('config', None)
    return checkpoint


def load_from_http(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Downloads into torch's cache (main process first), then reads like a local file."""
    target = Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(filename).path).name)
    if is_main_process() and not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(filename, str(target))
        except OSError as error:
            fix = f'Download it where there is a network and put it at {target}.'
            raise WeightsError(filename, f'no answer ({error})', 'a file to download', fix) from error
    barrier()
    return load_from_local(str(target))


def load_from_torchvision(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Reads ``torchvision://name`` from torchvision's own server."""
    name = filename.split('://', 1)[1]
    urls = get_torchvision_models()
    if name not in urls:
        raise WeightsError(
            filename, 'an unknown name', 'a model of torchvision', 'See torchvision.models.list_models().'
        )
    return load_from_http(urls[name])


def _refuse(filename: str, map_location: Any = None) -> dict[str, Any]:
    fix = 'Download the file, then give its path; `mmrs weights list` shows what mmrs knows itself.'
    raise WeightsError(filename, 'an address that cannot be read safely', 'a local path or https://', fix)


def install_safe_loading() -> None:
    """Replaces mmengine's checkpoint readers. Idempotent; runs when ``mmrs.engine`` is imported."""
    register = CheckpointLoader.register_scheme
    register('', load_from_local, force=True)
    register(('http://', 'https://'), load_from_http, force=True)
    register(('torchvision://', 'modelzoo://'), load_from_torchvision, force=True)
    register(REFUSED_SCHEMES, _refuse, force=True)


@HOOKS.register_module()
class CheckpointMatchHook(Hook):
    """Compares a loaded checkpoint with the model; mmengine alone logs mismatches and runs on.

    Args:
        strict: True fails on any difference in names or shapes (testing); False only if nothing fits (fine-tuning).
    """

    priority = 'LOWEST'  # after hooks that rewrite the state dict, such as an averaged model

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Runs before the weights are copied.

        Raises:
            WeightsError: The checkpoint is another model's.
        """
        model = runner.model
        while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
            model = model.module
        state = checkpoint.get('state_dict', checkpoint)
        found = {
            key.removeprefix('module.'): tuple(value.shape) for key, value in state.items() if hasattr(value, 'shape')
        }
        wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
        problems = _differences(wanted, found)
        matched = sum(found.get(key) == shape for key, shape in wanted.items())
        if (self.strict and problems) or (wanted and not matched):
            source = getattr(runner, '_load_from', None) or 'checkpoint'
            total = f'{matched} of {len(wanted)} tensors of {type(model).__name__} ({"; ".join(problems)})'
            fix = 'Give the config that the checkpoint was trained with.'
            raise WeightsError(source, total, 'a checkpoint of this model', fix)


def _differences(wanted: dict[str, tuple], found: dict[str, tuple]) -> list[str]:
    """Describes missing, unexpected and misshapen tensors, a few names each."""
    groups = {
        'missing': [key for key in wanted if key not in found],
        'unexpected': [key for key in found if key not in wanted],
        'other shape': [f'{k} {found[k]} for {s}' for k, s in wanted.items() if k in found and found[k] != s],
    }
    return [
        f'{len(names)} {what}: {", ".join(names[:3])}{", ..." if len(names) > 3 else ""}'
        for what, names in groups.items()
        if names
    ]
