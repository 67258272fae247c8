"""Writing SkySense++ weights back in the form that they are released in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mmrs.weights.convert import KeyFormat, from_mmrs
from mmrs.weights.skysense_names import OPTIONAL, packed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mmrs.models.backbones.skysense_vit import SkySenseViT

Attention = Literal['in_proj', 'packed']


def to_released(model: nn.Module, key_format: KeyFormat, prefix: str = '', attention: Attention = 'in_proj') -> dict:
    """State dict of a model in the names, and with the tables, of the released files.

    Args:
        model: A SkySense++ backbone, fusion transformer or whole model.
        key_format: One of the skysense formats.
        prefix: Put before every name, such as ``'module'``.
        attention: ``'in_proj'`` as mmcv names attention weights, ``'packed'`` as ``skysensepp_release.ckpt`` does.

    Returns:
        Tensors by name: everything that the original's ``load_state_dict(strict=True)`` asks for.
    """
    state: dict[str, Tensor] = {**model.state_dict(), **window_tables(model)}
    named = from_mmrs(state, key_format, prefix)
    return {packed(name): value for name, value in named.items()} if attention == 'packed' else named


def to_mmsegmentation(backbone: SkySenseViT) -> dict[str, Tensor]:
    """State dict of a Sentinel backbone for mmsegmentation's own ``VisionTransformer``.

    It fits ``VisionTransformer(img_size=..., patch_size=4, with_cls_token=False, patch_bias=True, ...)``, which keeps a
    class token and a position for it that it never reads: both are zero. The annotation branch has no place there.

    Args:
        backbone: ``SkySenseS2`` or ``SkySenseS1`` with its whole patch bias.
    """
    import torch

    own = {name: value for name, value in backbone.state_dict().items() if name not in OPTIONAL}
    named: dict[str, Tensor] = from_mmrs(own, KeyFormat.SKYSENSE_VIT)
    slot = own['pos_embed'].new_zeros(1, 1, backbone.embed_dims)
    return {**named, 'cls_token': slot, 'pos_embed': torch.cat([slot, own['pos_embed']], dim=1)}


def window_tables(model: nn.Module) -> dict[str, Tensor]:
    """The tables that the original keeps for every window attention of a model, under our names."""
    from mmrs.models.layers import SwinBlockV2, relative_coords, relative_index

    tables = {}
    for name, block in model.named_modules():
        if isinstance(block, SwinBlockV2):
            device = block.attn.qkv.weight.device
            coords = relative_coords(block.window_size, block.attn.pretrained_window_size, device)
            tables[f'{name}.attn.relative_coords_table'] = coords.unsqueeze(0)
            tables[f'{name}.attn.relative_position_index'] = relative_index(block.window_size, device)
    return tables
