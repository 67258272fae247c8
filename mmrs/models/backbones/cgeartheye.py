"""CGEarthEye: plain ViTs of five sizes, pre-trained on sub-metre Jilin-1 imagery (arXiv 2507.00356)."""

from __future__ import annotations

import copy
import logging
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrs.errors import ConfigError
from mmrs.models.backbones.vision_transformer import VisionTransformer, ViTArch
from mmrs.registry import MODELS

SIZES = {
    'small': ViTArch(384, 12, 6),
    'base': ViTArch(768, 12, 12),
    'large': ViTArch(1024, 24, 16),
    'huge': ViTArch(1280, 32, 16),
    'giant': ViTArch(1536, 40, 24, ffn='swiglu'),
}


def _resolve(size: str | dict[str, Any]) -> ViTArch:
    if isinstance(size, str):
        if size not in SIZES:
            raise ConfigError('size', repr(size), f'one of {list(SIZES)} or a dict', 'Correct the backbone entry.')
        return SIZES[size]
    try:
        return ViTArch(**size)
    except TypeError as error:
        expected = f'a dict with keys among {list(ViTArch.__dataclass_fields__)}'
        raise ConfigError('size', f'{size} ({error})', expected, 'Correct the backbone entry.') from error


@MODELS.register_module()
class CGEarthEye(VisionTransformer, BaseModule):
    """Backbone of CGEarthEye for mmsegmentation, mmdetection, mmrotate and mmpretrain.

    Loading a checkpoint, by any way, resizes its position embedding to this model's grid and logs that it did.

    Args:
        size: ``'small'``, ``'base'``, ``'large'``, ``'huge'``, ``'giant'``, or the fields of a
            :class:`mmrs.models.backbones.ViTArch` as a dict.
        init_cfg: Initialisation config of mmengine, such as ``dict(type='Pretrained', checkpoint=...)``.
        **kwargs: See :class:`mmrs.models.backbones.VisionTransformer`.

    Raises:
        ConfigError: The size is unknown, or an option does not fit.
    """

    def __init__(self, size: str | dict[str, Any], init_cfg: dict | list[dict] | None = None, **kwargs: Any) -> None:
        super().__init__(_resolve(size), **kwargs)
        self.init_cfg = copy.deepcopy(init_cfg)
        self.register_load_state_dict_pre_hook(_resize_before_load)


def _resize_before_load(module: nn.Module, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    assert isinstance(module, VisionTransformer)
    name = f'{prefix}pos_embed'
    if name not in state_dict:
        return
    adapted, resized = module.adapt_state_dict({'pos_embed': state_dict[name]})
    if resized:
        found, fitted = tuple(state_dict[name].shape), tuple(adapted['pos_embed'].shape)
        print_log(f'{name} of the checkpoint resized from {found} to {fitted}', 'current', logging.INFO)
        state_dict[name] = adapted['pos_embed']
