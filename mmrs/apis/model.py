"""Loads a segmentor or a detector for whole scenes from a config and a checkpoint."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mmrs.apis.config import load_config
from mmrs.apis.scene_model import SceneModel
from mmrs.datasets.catalogue import CATALOGUE
from mmrs.errors import ConfigError, WeightsError
from mmrs.weights.files import read_checkpoint, sha256_of, tensors_of

if TYPE_CHECKING:
    from mmengine.config import Config

# Loaders that give the channels of a colour image in the order blue, green, red.
BGR_LOADERS = ('LoadImageFromFile', 'LoadImageFromNDArray', 'LoadImageFromWebcam')


class SegmentorLogits(nn.Module):
    """Logits of an mmsegmentation segmentor at the size of its input.

    Args:
        segmentor: The model; its sliding window, if it has one, is not used.
    """

    def __init__(self, segmentor: Any) -> None:
        super().__init__()
        self.segmentor = segmentor

    def forward(self, pixels: Tensor) -> Tensor:
        """Runs the segmentor.

        Args:
            pixels: (N, C, H, W) normalised pixels.
        """
        size = pixels.shape[2:]
        meta = {'ori_shape': size, 'img_shape': size, 'pad_shape': size, 'padding_size': [0, 0, 0, 0]}
        return self.segmentor.encode_decode(pixels, [meta] * len(pixels))


def load_model(
    config: str | os.PathLike[str] | Config,
    checkpoint: str | os.PathLike[str],
    device: str | torch.device = 'cpu',
    autocast: torch.dtype | None = None,
    cfg_options: Mapping[str, Any] | None = None,
) -> SceneModel:
    """Builds a segmentor or a detector and loads its trained weights, all of them or none.

    The config may hold ``scene = dict(tile=512, overlap=128, bands=[1, 2, 3], batch_size=4)``, and ``dates=2`` where
    a model that is not of ``mmrs.models.change`` compares two dates; for a detector ``score=0.3`` and
    ``merge_iou=0.5``, see :class:`mmrs.apis.detector.DetectionModel`. What it leaves out follows from the test-time
    crop, the data preprocessor and the backbone.

    Args:
        config: An mmengine config of a segmentor or detector, its path, or its name below ``configs/``.
        checkpoint: File written by training.
        device: Where the model runs.
        autocast: Reduced precision of the forward pass, such as `torch.bfloat16`.
        cfg_options: Config keys to override, dotted.

    Raises:
        ConfigError: If the config is missing or describes no segmentor or detector that can be built.
        WeightsError: If the checkpoint is missing, unsafe, damaged or belongs to another model.
    """
    cfg = read_config(config, cfg_options)
    # Read first: a wrong path should not cost the time that building a large model takes.
    content = read_checkpoint(checkpoint)
    segmentor = _build(cfg)
    _load_strictly(segmentor, content, checkpoint)
    device = usable_device(device)
    segmentor.to(device).eval().requires_grad_(False)
    classes, palette = _classes(cfg, content, segmentor)
    mean, std = (getattr(segmentor.data_preprocessor, name, None) for name in ('mean', 'std'))
    identity = {
        'config': str(getattr(cfg, 'filename', '') or ''),
        'config_options': dict(cfg_options or {}),
        'checkpoint': os.fspath(checkpoint),
        'checkpoint_sha256': sha256_of(checkpoint),
    }
    common: dict[str, Any] = dict(
        classes=classes,
        palette=palette,
        mean=[] if mean is None else mean.flatten().tolist(),
        std=[] if std is None else std.flatten().tolist(),
        reverse_bands=_reverses_bands(cfg, segmentor),
        dates=_dates(cfg, segmentor),
        device=device,
        autocast=autocast,
        identity=identity,
        **_scene_settings(cfg, segmentor),
    )
    if _is_detector(cfg):
        from mmrs.apis.detector import DetectionModel, DetectorBoxes

        oriented = str(cfg.get('default_scope')) == 'mmrotate'
        return DetectionModel(DetectorBoxes(segmentor), **common, oriented=oriented)
    threshold = getattr(segmentor.decode_head, 'threshold', None) or 0.5
    return SceneModel(SegmentorLogits(segmentor), **common, threshold=threshold)


def read_config(config: str | os.PathLike[str] | Config, cfg_options: Mapping[str, Any] | None) -> Config:
    """Reads the config of a model.

    Args:
        config: An mmengine config, its path, or its name below ``configs/``.
        cfg_options: Config keys to override, dotted.

    Raises:
        ConfigError: It is missing, broken, or has no model.
    """
    from mmengine.config import Config

    if isinstance(config, Config):
        cfg = config.copy()
        cfg.merge_from_dict(dict(cfg_options or {}))
    else:
        cfg = load_config(config, cfg_options)
    if 'model' not in cfg:
        fix = 'Use the config of training.'
        raise ConfigError(cfg.filename or 'config', 'no `model`', 'a config of a segmentation model', fix)
    return cfg


def usable_device(device: str | torch.device) -> torch.device:
    """Checks that a device can be used.

    Args:
        device: 'cpu', 'cuda', 'cuda:1', 'mps' ...

    Raises:
        ConfigError: If this machine or this build of torch has no such device.
    """
    try:
        usable = torch.device(device)
        torch.zeros(1, device=usable)
    except (RuntimeError, AssertionError) as error:
        found = str(error).splitlines()[0]
        raise ConfigError(f'device {device}', found, 'a device of this machine', 'Use cpu, or cuda:N.') from error
    return usable


def _build(cfg: Config) -> Any:  # a segmentor: mmsegmentation is not typed
    from mmengine.registry import MODELS

    import mmrs.registry  # noqa: F401  (lets `type='mmrs.Name'` be found from any scope)
    from mmrs.engine.console import import_host

    model = cfg.model.copy()
    if not _is_detector(cfg):
        # Only training uses these; the weights come from the checkpoint.
        model.update(auxiliary_head=None, pretrained=None)
    if str(model.get('backbone', {}).get('type')).endswith('CachedFeatures'):
        model.backbone.cache_features = False  # a scene is mapped once: nothing would be found again
    scope = cfg.get('default_scope') or 'mmseg'
    import_host(scope)
    try:
        with MODELS.switch_scope_and_registry(scope) as registry:
            segmentor = registry.build(model)
    except Exception as error:  # constructors of any package may run here
        found = f'{type(error).__name__}: {" ".join(str(error).split())}'
        raise ConfigError(f'model of {cfg.filename}', found, f'a model of scope {scope}', 'Mend the config.') from error
    if not _is_detector(cfg) and not hasattr(segmentor, 'encode_decode'):
        found = type(segmentor).__name__
        expected = 'a semantic segmentor or a detector'
        raise ConfigError(f'model of {cfg.filename}', found, expected, 'Scene mapping needs one.')
    return segmentor


def _is_detector(cfg: Config) -> bool:
    return 'bbox_head' in cfg.model or 'roi_head' in cfg.model


def _load_strictly(segmentor: nn.Module, content: Mapping[str, Any], checkpoint: str | os.PathLike[str]) -> None:
    saved = tensors_of(content, checkpoint)
    state = {key: value for key, value in saved.items() if not key.startswith('auxiliary_head.')}
    own = segmentor.state_dict()
    problems = {
        'missing': sorted(own.keys() - state.keys()),
        'unexpected': sorted(state.keys() - own.keys()),
        'of another shape': sorted(key for key in own.keys() & state.keys() if own[key].shape != state[key].shape),
    }
    if any(problems.values()):
        found = '; '.join(f'{len(keys)} keys {kind} ({_some(keys)})' for kind, keys in problems.items() if keys)
        expected = f'the weights of the {type(segmentor).__name__} in the config'
        raise WeightsError(checkpoint, found, expected, 'Use the config that this checkpoint was trained with.')
    segmentor.load_state_dict(state)


def _some(keys: Sequence[str], count: int = 3) -> str:
    return ', '.join(keys[:count]) + (', ...' if len(keys) > count else '')


def _classes(cfg: Config, content: Mapping[str, Any], segmentor: Any) -> tuple[list[str], list[Any]]:
    """Names and colours: of the training run, else of the config, the catalogue, the dataset's type, else numbers."""
    count = _class_count(segmentor)
    saved = (content.get('meta') or {}).get('dataset_meta') or {}
    for meta in (saved, *_dataset_metainfo(cfg)):
        names, palette = list(meta.get('classes') or []), list(meta.get('palette') or [])
        if len(names) == count:
            return [str(name) for name in names], palette if len(palette) == count else []
    return [f'class {index}' for index in range(count)], []


def _class_count(model: Any) -> int:
    if hasattr(model, 'encode_decode'):
        return max(int(model.num_classes), 2)
    heads = model.roi_head.bbox_head if hasattr(model, 'roi_head') else model.bbox_head
    # A cascade has a list of heads.
    last: Any = heads[-1] if isinstance(heads, nn.ModuleList) else heads
    return int(last.num_classes)


def _dataset_metainfo(cfg: Config) -> list[Mapping[str, Any]]:
    from mmengine.registry import DATASETS

    found: list[Mapping[str, Any]] = []
    for loader in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        dataset = (cfg.get(loader) or {}).get('dataset') or {}
        found.append(dataset.get('metainfo') or {})
        if dataset.get('name') in CATALOGUE:
            record = CATALOGUE[dataset['name']]
            found.append(dict(classes=record.classes, palette=record.palette))
        if isinstance(dataset.get('type'), str):
            with DATASETS.switch_scope_and_registry(cfg.get('default_scope') or 'mmseg') as registry:
                found.append(getattr(registry.get(dataset['type']), 'METAINFO', {}))
    return found


def _reverses_bands(cfg: Config, segmentor: nn.Module) -> bool:
    """Whether the network wants a scene's bands in reverse.

    A scene's bands come as the file has them (red, green, blue). OpenMMLab's image loaders give blue, green, red, and
    a preprocessor with ``bgr_to_rgb`` undoes that: the network then wants the file's order. Swapping here as well
    would hand it blue as red.
    """
    converts = bool(getattr(segmentor.data_preprocessor, '_channel_conversion', False))
    pipeline = cfg.get('test_pipeline') or (cfg.get('test_dataloader') or {}).get('dataset', {}).get('pipeline') or []
    loader = str(pipeline[0].get('type')).rpartition('.')[2] if pipeline else None
    # Without a pipeline to look at, a conversion can only be there to undo the loader's order.
    loads_bgr = converts if loader is None else loader in BGR_LOADERS
    return loads_bgr != converts


def _scene_settings(cfg: Config, segmentor: nn.Module) -> dict[str, Any]:
    scene = dict(cfg.get('scene') or {})
    boxes = {'score': float, 'merge_iou': float} if _is_detector(cfg) else {}
    known = ['tile', 'overlap', 'bands', 'batch_size', 'dates', *boxes]
    unknown = scene.keys() - set(known)
    if unknown:
        raise ConfigError('scene', ', '.join(sorted(unknown)), ', '.join(known), 'Mend the config.')
    tile = int(scene.get('tile') or _crop_size(cfg))
    divisor = getattr(segmentor.data_preprocessor, 'size_divisor', None) or 1
    if tile % divisor:
        raise ConfigError('scene.tile', str(tile), f'a multiple of {divisor}', 'Choose another tile size.')
    bands = scene.get('bands')
    return {
        'tile': tile,
        'overlap': int(scene.get('overlap', tile // 4)),
        'bands': list(bands) if bands else None,
        'channels': len(bands) * _dates(cfg, segmentor) if bands else _in_channels(cfg, segmentor),
        'batch_size': int(scene.get('batch_size', 4)),
        **{name: convert(scene[name]) for name, convert in boxes.items() if name in scene},
    }


def _dates(cfg: Config, segmentor: nn.Module) -> int:
    """Dates that the model compares: the config's word, else the model's."""
    chosen: Any = (cfg.get('scene') or {}).get('dates') or getattr(segmentor, 'dates', 1)
    return int(chosen)


def _crop_size(cfg: Config) -> int:
    test_cfg = cfg.model.get('test_cfg') or {}
    preprocessor = cfg.model.get('data_preprocessor') or {}
    size = test_cfg.get('crop_size') or cfg.get('crop_size') or preprocessor.get('size') or 512
    return int(size if isinstance(size, int) else min(size))


def _in_channels(cfg: Config, segmentor: nn.Module) -> int:
    backbone = cfg.model.get('backbone') or {}
    channels = backbone.get('in_channels') or backbone.get('in_chans')
    mean = getattr(segmentor.data_preprocessor, 'mean', None)
    if mean is not None and mean.numel() > 1 and (not channels or _dates(cfg, segmentor) > 1):
        return int(mean.numel())
    return int(channels or 3) * _dates(cfg, segmentor)
