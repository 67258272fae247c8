"""Any config of the zoo at a sixteenth of its width, with few layers, small images and one iteration."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from mmengine.config import Config

from mmrs.apis.zoo.check import LOADERS, datasets_of

FACTOR = 16
# Keys of necks and heads whose numbers are widths; what is below 32 counts bands, heads or layers.
WIDTHS = frozenset(
    'in_channels out_channels channels input_dims embed_dims conv_out_channels fc_out_channels num_feats '
    'feedforward_channels clip_channels backbone_channel'.split()
)
PIXELS = frozenset({'scale', 'crop_size', 'size', 'img_scale'})
FEWER = dict(
    num_queries=10,
    num_dn_queries=10,
    nms_pre=30,
    feat_channels=32,
    max_per_img=10,
    num=32,
    stacked_convs=1,
    num_groups=4,
)


def shrink(config: Config) -> Config:
    """Makes a config tiny, in place: the same parts, pipelines, schedule, hooks and metrics."""
    model = config.model
    side = _side(config)
    scaled = _shrink_backbone(model.backbone, side)
    for key in [key for key in model if key not in ('backbone', 'data_preprocessor')]:
        model[key] = _shrink_part(key, model[key], scaled)
    if 'num_queries' in model and scaled:
        model.bbox_head.embed_dims = 256 // FACTOR  # the default of DETR's heads, which configs leave out
    _shrink_pixels(config, side)
    _shrink_run(config)
    return config


def _side(config: Config) -> int:
    """Pixels of an image: a multiple of the patch, and of the strides of a pyramid."""
    kind = innermost(config.model.backbone)
    if config.default_scope in ('mmdet', 'mmrotate'):
        return 112 if 'CGEarthEye' in kind.type else 128
    if 'CGEarthEye' in kind.type:
        return 4 * kind.get('patch_size', 14)
    return 32 if 'SkySenseS' in kind.type else 64


def innermost(backbone: Any) -> Any:
    """The backbone within wrappers such as LoRA."""
    while 'backbone' in backbone:
        backbone = backbone.backbone
    return backbone


def _shrink_backbone(backbone: Any, side: int) -> bool:
    """Returns whether widths were divided; toy models keep theirs."""
    backbone = innermost(backbone)
    kind = str(backbone.type).rpartition('.')[2]
    for key in ('init_cfg', 'weights'):
        if key in backbone:
            backbone[key] = None
    if kind == 'ResNet' and backbone.get('base_channels', 64) < 64:
        return False
    if kind == 'ResNet':
        backbone.update(depth=18, base_channels=16, stem_channels=16)
    elif kind in ('CGEarthEye', 'SkySenseS1', 'SkySenseS2'):
        return _shrink_vit(backbone, kind, side)
    elif kind == 'UNet' and backbone.base_channels >= 2 * FACTOR:
        backbone.base_channels //= FACTOR
    elif kind == 'SkySenseFused':
        sentinel = dict(size=dict(embed_dims=16, num_layers=2, num_heads=2), img_size=4)
        arch = dict(embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 2, 4, 8))
        optical = dict(arch=arch, window_size=2, attention_dims=())
        fusion = dict(embed_dims=64, num_layers=1, num_heads=2)
        backbone.update(backbone_hr=optical, backbone_s2=sentinel, backbone_s1=sentinel, fusion=fusion)
    elif kind in ('MaRS', 'DualSwinV2', 'SkySenseHR'):
        _shrink_swin(backbone, kind)
    else:
        return False
    return True


def _shrink_vit(backbone: Any, kind: str, side: int) -> bool:
    from mmrs.models.backbones import cgeartheye, skysense_vit

    sizes = cgeartheye.SIZES if kind == 'CGEarthEye' else skysense_vit.SIZES
    backbone.img_size = side
    if not isinstance(backbone.size, str):
        return False
    arch = asdict(sizes[backbone.size])
    layers = len(backbone.get('out_indices') or range(4))
    frozen = backbone.get('frozen_stages', 0)
    if frozen > 0:
        backbone.frozen_stages = layers if frozen >= arch['num_layers'] else 1
    if 'out_indices' in backbone or backbone.get('out_type') != 'cls_token':
        backbone.out_indices = tuple(range(layers))
    backbone.size = dict(arch, embed_dims=arch['embed_dims'] // FACTOR, num_layers=layers)
    return True


def _shrink_swin(backbone: Any, kind: str) -> None:
    from mmrs.models.backbones.swin_v2 import ARCHS

    key = 'arch' if 'arch' in backbone else 'size'
    arch = asdict(ARCHS[backbone[key]])
    backbone[key] = dict(arch, embed_dims=arch['embed_dims'] // FACTOR, depths=(1, 1, 1, 1), num_heads=(1, 2, 4, 8))
    backbone.window_size = 2
    if kind == 'SkySenseHR':
        backbone.update(attention_dims=(8, 8, 8), attention_heads=2)


def _shrink_part(key: str, value: Any, scaled: bool) -> Any:
    """A neck, a head or a setting, with widths divided and counts cut."""
    if isinstance(value, dict):
        if 'input_dims' in value:  # a fusion transformer, with the depth and width that are its defaults
            value.update(embed_dims=1024, num_layers=1)
        if 'checkpoint' in (value.get('init_cfg') or {}):
            value.init_cfg = None
        for name in list(value):
            value[name] = _shrink_part(name, value[name], scaled)
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(_shrink_part(key, item, scaled) for item in value)
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    if key in WIDTHS:
        return value // FACTOR if scaled and value >= 2 * FACTOR else value
    if key == 'num_layers':
        return 1
    return min(value, FEWER[key]) if key in FEWER and value > 0 else value


def _shrink_pixels(config: Config, side: int) -> None:
    model = config.model
    if model.data_preprocessor.get('size'):
        model.data_preprocessor.size = (side, side)
    if 'sizes' in model.data_preprocessor:  # 32 optical pixels lie over one of Sentinel
        model.data_preprocessor.sizes = dict(hr=(128, 128), s2=(4, 4), s1=(4, 4))
    if 'encoder_resolution' in model:
        model.encoder_resolution = (side, side)
    if (model.get('test_cfg') or {}).get('mode') == 'slide':
        model.test_cfg.update(crop_size=(side, side), stride=(side, side))
    for loader in LOADERS:
        for dataset in datasets_of(config.get(loader)):
            if 'window' in dataset:
                dataset['window'] = (side, side)
            for step in steps_of(dataset.get('pipeline', [])):
                for key in PIXELS & step.keys():
                    if isinstance(step[key], int):
                        step[key] = side
                    elif step[key] and isinstance(step[key][0], int):
                        step[key] = (side, side)


def steps_of(pipeline: Any) -> Iterator[Any]:
    """All transforms of a pipeline, those within others too."""
    for step in pipeline:
        if isinstance(step, (list, tuple)):
            yield from steps_of(step)
        else:
            yield step
            yield from steps_of(step.get('transforms') or [])


def _shrink_run(config: Config) -> None:
    for loader in LOADERS:
        if config.get(loader):
            classify = config.default_scope == 'mmpretrain'
            config[loader].update(num_workers=0, persistent_workers=False, batch_size=30 if classify else 2)
            for dataset in datasets_of(config[loader]):
                dataset['serialize_data'] = False  # which collects garbage, half a second in a large process
    length = 'max_epochs' if config.train_cfg.get('max_epochs') else 'max_iters'
    config.train_cfg.update({length: 1, 'val_interval': 1})
    config.train_cfg.pop('dynamic_intervals', None)
    config.default_hooks.logger.update(interval=1)
    config.default_hooks.checkpoint.update(interval=1)


def quick_set_up(patch: Callable[[str, Any], None]) -> None:
    """Leaves out what mmengine and mmrotate repeat for each run and no config can change.

    Args:
        patch: ``monkeypatch.setattr``.
    """
    patch('mmengine.runner.runner.collect_env', lambda: {})
    # Scores of oriented boxes are computed in four new processes, each of which imports everything.
    patch('mmrotate.evaluation.functional.mean_ap.get_context', lambda _: InProcess)


class InProcess:
    """A pool of this process alone."""

    @classmethod
    def Pool(cls, _: int) -> type[InProcess]:  # noqa: N802
        """Stands for ``multiprocessing.Pool``."""
        return cls

    @staticmethod
    def starmap(function: Callable, rows: Iterable) -> list:
        """As in ``multiprocessing.Pool``."""
        return list(itertools.starmap(function, rows))

    @staticmethod
    def close() -> None:
        """Nothing is open."""
