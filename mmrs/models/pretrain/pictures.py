"""What a pretraining model sees and finds, as pictures for the visualizer."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmrs.models.backbones.mars import CHANNELS
from mmrs.models.pretrain.mars import MaRSPretrain
from mmrs.models.pretrain.self_distillation import CGEarthEyePretrain
from mmrs.models.pretrain.semantic import SkySensePretrain

GREY = 0.5


@singledispatch
def pictures(model: nn.Module, data: Mapping[str, Any], count: int) -> dict[str, Tensor]:
    """Pictures of a batch; a model without any has none.

    Args:
        model: In evaluation mode.
        data: Batch as it leaves the data preprocessor.
        count: Images of the batch that are shown.

    Returns:
        (3, height, width) from 0 to 1 by name; a row an image, and in it what is compared.
    """
    return {}


@pictures.register
def _(model: MaRSPretrain, data: Mapping[str, Any], count: int) -> dict[str, Tensor]:
    """For each modality the masked image, the image with the masked patches as reconstructed, and the image."""
    inputs, masks = data['inputs'][:count], data.get('masks')
    masks = model.draw_masks(inputs) if masks is None else masks[:count]
    maps: Sequence[Tensor] = model(inputs, masks)
    side = model.encoder_rgb.encoder.patch_size
    height, width = inputs.shape[2:]
    hidden = masks.ne(0).repeat_interleave(side, 1).repeat_interleave(side, 2)[:, None, :height, :width]
    found, start = {}, 0
    for name, feature in zip(CHANNELS, maps, strict=False):
        image = inputs[:, start : start + CHANNELS[name]]
        start += CHANNELS[name]
        drawn = model.get_submodule(f'decoder_{name}')(feature)[..., :height, :width]
        shown, low, high = stretch(image)
        rebuilt = ((drawn - low) / (high - low)).clamp(0, 1)
        row = [torch.where(hidden, GREY, shown), torch.where(hidden, rebuilt, shown), shown]
        found[f'reconstruction_{name}'] = table(row)
    return found


@pictures.register
def _(model: CGEarthEyePretrain, data: Mapping[str, Any], count: int) -> dict[str, Tensor]:
    """Whole crops, and what the teacher's class token attends to in them."""
    images = data['inputs']['globals'][0, :count]
    attention = class_attention(model.teacher['backbone'], images)
    least, most = attention.amin((1, 2), keepdim=True), attention.amax((1, 2), keepdim=True)
    attention = (attention - least) / (most - least).clamp_min(1e-12)  # from black to white in every crop
    heat = functional.interpolate(attention[:, None], size=images.shape[2:], mode='nearest')
    return {'attention': table([stretch(images)[0], heat])}


@pictures.register
def _(model: SkySensePretrain, data: Mapping[str, Any], count: int) -> dict[str, Tensor]:
    """Mosaics, the annotations that are shown, the answer, and the whole annotations; none without an image."""
    inputs = first_of(data['inputs'], count)
    if inputs['images'].get('hr') is None:
        return {}
    answers = model(inputs, mode='predict')
    parts = (torch.stack([answer[key] for answer in answers]) for key in ('annotation', 'hidden', 'prediction'))
    return {'prompt': prompt_pictures(inputs['images']['hr'], *parts)}


def first_of(batch: Any, count: int) -> Any:
    """The first samples of a batch of tensors, in dicts of dicts."""
    if isinstance(batch, Mapping):
        return {name: first_of(value, count) for name, value in batch.items()}
    return batch[:count] if isinstance(batch, Tensor) else batch


def class_attention(backbone: Any, images: Tensor) -> Tensor:
    """Attention from the class token to the patches in the last block, mean over the heads.

    Args:
        backbone: A :class:`mmrs.models.VisionTransformer` with a class token.
        images: (B, C, H, W), normalised.

    Returns:
        (B, rows, columns).
    """
    attention, seen = backbone.blocks[-1].attn, list[Tensor]()
    handle = attention.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        backbone(images)
    finally:
        handle.remove()
    query, key, _ = attention.qkv(seen[0]).unflatten(2, (3, attention.num_heads, -1)).permute(2, 0, 3, 1, 4)
    shares = (query[:, :, :1] @ key.transpose(-2, -1) * query.shape[-1] ** -0.5).softmax(-1).mean(1)[:, 0]
    rows = -(-images.shape[2] // backbone.patch_size)
    return shares[:, backbone.num_prefix_tokens :].unflatten(1, (rows, -1))


def prompt_pictures(images: Tensor, annotations: Tensor, hidden: Tensor, answers: Tensor) -> Tensor:
    """Images, the annotations that are shown, the answer, and the whole annotations.

    Args:
        images: (B, C, H, W).
        annotations: (B, H, W) ids.
        hidden: (B, H, W) bool.
        answers: (B, H, W) ids.
    """
    truth = colour_ids(annotations)
    shown = torch.where(hidden[:, None], GREY, truth)
    return table([stretch(images)[0], shown, colour_ids(answers), truth])


def colour_ids(ids: Tensor) -> Tensor:
    """Colours (B, 3, H, W) from 0 to 1 of ids (B, H, W): black for 0, then hues as far apart as they go."""
    hues = [(number * 0.618034) % 1 for number in range(int(ids.max()))]
    palette = [(0.0, 0.0, 0.0), *(colorsys.hsv_to_rgb(hue, 0.75, 0.95) for hue in hues)]
    return torch.tensor(palette, device=ids.device)[ids.long()].movedim(-1, 1)


def stretch(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Images (B, C, H, W) from 0 to 1, between the 2nd and 98th percentile of each, and both of these."""
    images = images.float()
    low, high = torch.quantile(images.flatten(1), torch.tensor([0.02, 0.98], device=images.device), dim=1)
    low, high = low.view(-1, 1, 1, 1), torch.maximum(high, low + 1e-6).view(-1, 1, 1, 1)
    return ((images - low) / (high - low)).clamp(0, 1), low, high


def table(columns: Sequence[Tensor]) -> Tensor:
    """One picture (3, height, width) of columns (B, 1 or 3 or more bands, H, W), a row an image."""
    coloured = [part.expand(-1, 3, -1, -1) if part.shape[1] == 1 else part[:, :3] for part in columns]
    rows = torch.cat([part.float() for part in coloured], dim=3)
    return torch.cat(list(rows), dim=1)
