"""BAN (arXiv 2312.01163): change detection with a frozen foundation model and a bi-temporal adapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmcv.cnn import ConvModule
from mmseg.models.backbones.mit import MixFFN
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import nchw_to_nlc, nlc_to_nchw, resize
from mmseg.registry import MODELS as SEGMENTATION_MODELS
from torch import Tensor, nn

from mmrs.models.change.adapter import BitemporalAdapter
from mmrs.models.layers.date_fusion import split_dates
from mmrs.registry import MODELS


class BANFeatures(NamedTuple):
    """What the head of BAN looks at: both dates in one batch, the earlier ones first.

    Attributes:
        images: (2 B, C, H, W).
        maps: Maps of the foundation model, (2 B, D, h, w) each.
    """

    images: Tensor
    maps: Sequence[Tensor]


@MODELS.register_module()
class BAN(EncoderDecoder):
    """Frozen foundation model as ``backbone``, ``mmrs.BitemporalAdapterHead`` as ``decode_head``.

    Inputs are stacks of two dates, (B, 2 C, H, W). The foundation model sees them at its own resolution, the adapter
    at full size.

    Args:
        encoder_resolution: (height, width) to which each date is resized for the foundation model; None leaves it.
        freeze_backbone: Take the gradient from the foundation model and keep it in eval mode.
        **kwargs: As for mmsegmentation's ``EncoderDecoder``.

    Attributes:
        dates: Number of dates in the input, for ``mmrs predict``.
    """

    dates = 2

    def __init__(
        self, encoder_resolution: Sequence[int] | None = None, freeze_backbone: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.encoder_resolution = None if encoder_resolution is None else tuple(encoder_resolution)
        self.freeze_backbone = freeze_backbone
        if freeze_backbone:
            self.backbone.requires_grad_(False)

    def train(self, mode: bool = True) -> BAN:
        """Switches the mode; a frozen foundation model stays in eval mode, without dropout or DropPath."""
        super().train(mode)
        if self.freeze_backbone:
            self.backbone.eval()
        return self

    def extract_feat(self, inputs: Tensor) -> BANFeatures:
        """Runs the foundation model on both dates of a stack."""
        images = torch.cat(split_dates(inputs))
        seen = images
        if self.encoder_resolution is not None and tuple(images.shape[2:]) != self.encoder_resolution:
            seen = resize(images, size=self.encoder_resolution, mode='bilinear', align_corners=False)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.freeze_backbone):
            maps = super().extract_feat(seen)
        return BANFeatures(images, maps)


@MODELS.register_module()
class BANMLPDecoder(BaseDecodeHead):
    """Decoder of BAN: each date's maps to one width and size, both dates mixed, two classes.

    Args:
        in_channels: Channels of the side encoder's maps.
        channels: Width of one date.
        norm_cfg: Norm of the convolutions.
        **kwargs: As for every decode head of mmsegmentation.
    """

    def __init__(
        self, in_channels: Sequence[int], channels: int = 128, norm_cfg: dict | None = None, **kwargs: Any
    ) -> None:
        options = {'in_index': list(range(len(in_channels))), 'num_classes': 2, 'dropout_ratio': 0.1, **kwargs}
        norm = norm_cfg or dict(type='SyncBN', requires_grad=True)
        super().__init__(list(in_channels), channels, input_transform='multiple_select', norm_cfg=norm, **options)
        self.convs = nn.ModuleList(ConvModule(width, channels, 1, norm_cfg=norm) for width in in_channels)
        self.fusion_conv = ConvModule(channels * len(in_channels), channels, 1, norm_cfg=norm)
        self.discriminator = MixFFN(2 * channels, 2 * channels)
        self.conv_seg = nn.Conv2d(2 * channels, self.out_channels, 1)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Decodes both dates.

        Args:
            inputs: Maps of the side encoder, (2 B, C, H, W) each, the earlier dates first.

        Returns:
            (B, out_channels, H, W) logits at the size of the first map.
        """
        maps = self._transform_inputs(inputs)
        size = maps[0].shape[2:]
        levels = (resize(conv(x), size, mode='bilinear') for conv, x in zip(self.convs, maps, strict=True))
        before, after = self.fusion_conv(torch.cat(list(levels), dim=1)).chunk(2)
        both = torch.cat([before, after], dim=1)
        return self.cls_seg(nlc_to_nchw(self.discriminator(nchw_to_nlc(both), size), size))


@MODELS.register_module()
class BitemporalAdapterHead(BaseDecodeHead):
    """Adapter and decoder of BAN as a decode head.

    Args:
        ban_cfg: Arguments of :class:`mmrs.models.change.adapter.BitemporalAdapter`.
        ban_dec_cfg: Config of the decoder, such as ``mmrs.BANMLPDecoder``.
        **kwargs: As for every decode head of mmsegmentation; ``loss_decode`` above all.
    """

    def __init__(self, ban_cfg: dict, ban_dec_cfg: dict, **kwargs: Any) -> None:
        classes = {'num_classes': ban_dec_cfg.get('num_classes', 2), 'out_channels': ban_dec_cfg.get('out_channels')}
        super().__init__(1, 1, **{'init_cfg': None, **classes, **kwargs})
        del self.conv_seg
        self.side_adapter_network = BitemporalAdapter(**ban_cfg)
        self.mask_decoder = SEGMENTATION_MODELS.build({'type': 'mmrs.BANMLPDecoder', **ban_dec_cfg})

    def forward(self, inputs: BANFeatures) -> Tensor:
        """Maps images and foundation features of both dates to logits (B, classes, H / 4, W / 4)."""
        return self.mask_decoder(self.side_adapter_network(inputs.images, inputs.maps))
