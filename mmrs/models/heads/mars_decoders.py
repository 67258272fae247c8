"""Decoders of MaRS' downstream tasks, whose code the authors withdrew (specification, section 5)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmrs.models.layers.decoder_block import DecoderBlock, double_size


class MaRSFCN(nn.Module):
    """Road and segmentation decoder: four LinkNet blocks from the last map, then convolutions to full resolution.

    Args:
        in_channels: Channels of the four maps, fine to coarse.
        num_classes: Number of output channels.
        skips: Adds the finer maps on the way, as LinkNet does. The original has these lines commented out and reads
            the last map only.
    """

    def __init__(self, in_channels: Sequence[int], num_classes: int, skips: bool = False) -> None:
        super().__init__()
        first, second, third, fourth = in_channels
        self.skips = skips
        self.decoder4 = DecoderBlock(fourth, third)
        self.decoder3 = DecoderBlock(third, second)
        self.decoder2 = DecoderBlock(second, first)
        self.decoder1 = DecoderBlock(first, first)
        self.finaldeconv1 = double_size(first, 32)
        self.finalconv2 = nn.Conv2d(32, 32, 3, padding=1)
        self.finalconv3 = nn.Conv2d(32, num_classes, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps four maps of strides 4 to 32 to logits (B, num_classes, H, W) of the image's size or a little more."""
        x = maps[3]
        for decoder, finer in ((self.decoder4, maps[2]), (self.decoder3, maps[1]), (self.decoder2, maps[0])):
            x = decoder(x)
            if self.skips:
                x = x[..., : finer.shape[2], : finer.shape[3]] + finer
        x = functional.relu(self.finaldeconv1(self.decoder1(x)))
        return self.finalconv3(functional.relu(self.finalconv2(x)))


class _ConvBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(x)))


class MaRSChangeDecoder(nn.Module):
    """Change decoder over the last maps of two dates, joined along the channels.

    Args:
        in_channels: Channels of one date's last map.
        num_classes: Number of output channels; 1 for change or none.
    """

    WIDTHS = (256, 128, 64, 32, 32, 32)

    def __init__(self, in_channels: int, num_classes: int = 1) -> None:
        super().__init__()
        self.block = _ConvBlock(2 * in_channels, self.WIDTHS[0])
        steps = zip(self.WIDTHS[:-1], self.WIDTHS[1:], strict=True)
        self.upsample_blocks = nn.Sequential(*(DecoderBlock(have, want) for have, want in steps))
        self.final = nn.Conv2d(self.WIDTHS[-1], num_classes, 1)

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Maps two maps (B, C, H, W) to logits (B, num_classes, 32 H, 32 W)."""
        return self.final(self.upsample_blocks(self.block(torch.cat([before, after], dim=1))))


class MaRSHeightDecoder(nn.Module):
    """Height decoder from the last map, halving the width four times.

    Args:
        in_channels: Channels of the last map.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        widths = [in_channels, in_channels // 2, in_channels // 4, in_channels // 8, 64]
        self.decoder4, self.decoder3, self.decoder2, self.decoder1 = (
            DecoderBlock(have, want) for have, want in zip(widths[:-1], widths[1:], strict=True)
        )
        self.final_deconv = double_size(64, 32)
        self.final_conv = nn.Conv2d(32, 1, 1)

    def forward(self, feature: Tensor) -> Tensor:
        """Maps (B, C, H, W) to heights (B, 1, 32 H, 32 W)."""
        x = self.decoder1(self.decoder2(self.decoder3(self.decoder4(feature))))
        return self.final_conv(functional.relu(self.final_deconv(x)))
