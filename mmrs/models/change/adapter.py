"""Bi-temporal adapter of BAN (arXiv 2312.01163): a small encoder that takes up a frozen model's features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule, ModuleList, caffe2_xavier_init
from mmseg.models.backbones.mit import MixFFN
from mmseg.models.utils import nchw_to_nlc, nlc_to_nchw, resize
from mmseg.registry import MODELS
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from mmrs.errors import ConfigError

BRIDGE_WIDTH = 4  # of the feed-forward layer, whatever the stage's width: so in the published model


class Bridge(nn.Module):
    """Lets the pixels of a stage ask a foundation model's features.

    Args:
        channels: Channels of the stage.
        num_heads: Heads of the attention.
        hidden: Width of the feed-forward layer.
        drop: Dropout in the feed-forward layer.
    """

    def __init__(self, channels: int, num_heads: int, hidden: int = BRIDGE_WIDTH, drop: float = 0.0) -> None:
        super().__init__()
        self.norm1 = LayerNorm2d(channels, eps=1e-5)
        # Two levels of names, as published checkpoints have them.
        self.attn = nn.ModuleDict({'attn': nn.MultiheadAttention(channels, num_heads, batch_first=True)})
        self.norm2 = LayerNorm2d(channels, eps=1e-5)
        self.ffn = MixFFN(channels, hidden, ffn_drop=drop)

    def forward(self, x: Tensor, foundation: Tensor) -> Tensor:
        """Takes features up.

        Args:
            x: (B, C, H, W) map of the stage.
            foundation: (B, C, h, w) projected features.

        Returns:
            (B, C, H, W).
        """
        size = x.shape[2:]
        asked = nchw_to_nlc(foundation)
        answer = self.attn['attn'](nchw_to_nlc(self.norm1(x)), asked, asked, need_weights=False)[0]
        x = x + nlc_to_nchw(answer, size)
        x = nlc_to_nchw(self.ffn(nchw_to_nlc(self.norm2(x)), size, identity=nchw_to_nlc(x)), size)
        return x + resize(foundation, size=size, mode='bilinear', align_corners=False)


class BitemporalAdapter(BaseModule):
    """Side encoder whose stages each take up one map of the foundation model.

    Args:
        clip_channels: Channels of the foundation model's maps ("CLIP" in the paper).
        fusion_index: For each stage, the map that it takes up.
        side_encoder: Config of mmsegmentation's ``MixVisionTransformer``.
        init_cfg: As in mmengine; the side encoder has its own.

    Raises:
        ConfigError: If there is not one map for each stage.
    """

    side_encoder: Any  # mmsegmentation is not typed

    def __init__(
        self,
        clip_channels: int,
        side_encoder: dict,
        fusion_index: Sequence[int] = (0, 1, 2, 3),
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.side_encoder = _built(side_encoder)
        heads = self.side_encoder.num_heads
        if len(fusion_index) != len(heads):
            found, expected = f'{len(fusion_index)} maps', f'{len(heads)}, one for each stage of the side encoder'
            raise ConfigError('fusion_index', found, expected, 'Repeat a map where two stages share it.')
        self.fusion_index = tuple(fusion_index)
        widths = [self.side_encoder.embed_dims * number for number in heads]
        self.conv_clips = ModuleList(
            nn.Sequential(
                LayerNorm2d(clip_channels, eps=1e-6),
                ConvModule(clip_channels, width, 1, norm_cfg=None, act_cfg=None),
            )
            for width in widths
        )
        self.clip_attns = ModuleList(
            Bridge(width, number, drop=float(side_encoder.get('drop_rate', 0.0)))
            for width, number in zip(widths, heads, strict=True)
        )

    def init_weights(self) -> None:
        """Caffe2's Xavier for the projections; the side encoder as its config says; torch's defaults for bridges."""
        self.side_encoder.init_weights()
        for _, projection in self.conv_clips:
            caffe2_xavier_init(projection.conv)

    def forward(self, image: Tensor, foundation: Sequence[Tensor]) -> list[Tensor]:
        """Encodes one date.

        Args:
            image: (B, C, H, W).
            foundation: Maps of the foundation model, of any size.

        Returns:
            One map a stage, at strides 4, 8, 16 and 32.
        """
        maps = []
        x = image
        for index, (embed, blocks, norm) in enumerate(self.side_encoder.layers):
            x, size = embed(x)
            for block in blocks:
                x = block(x, size)
            x = nlc_to_nchw(norm(x), size)
            projected = self.conv_clips[index](foundation[self.fusion_index[index]])
            x = self.clip_attns[index](x, projected)
            maps.append(x)
        return maps


def _built(config: dict) -> nn.Module:
    """The side encoder; mmsegmentation's reads its drop rates from a tensor, which has no values on the meta device."""
    if not torch.empty(0).is_meta:
        return MODELS.build(config)
    with torch.device('cpu'):
        return MODELS.build(config).to('meta')
