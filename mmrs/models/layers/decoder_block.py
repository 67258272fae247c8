"""Decoder block of LinkNet, which the downstream heads of MaRS are built from (specification, section 5)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class DecoderBlock(nn.Module):
    """1 x 1 convolution to a quarter of the channels, transposed convolution to twice the size, 1 x 1 convolution.

    Each is followed by a batch norm and a ReLU.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        inner = in_channels // 4
        self.conv1 = nn.Conv2d(in_channels, inner, 1)
        self.norm1 = nn.BatchNorm2d(inner)
        self.deconv2 = double_size(inner, inner)
        self.norm2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, out_channels, 1)
        self.norm3 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, in_channels, H, W) to (B, out_channels, 2 H, 2 W)."""
        x = functional.relu(self.norm1(self.conv1(x)))
        x = functional.relu(self.norm2(self.deconv2(x)))
        return functional.relu(self.norm3(self.conv3(x)))


def double_size(in_channels: int, out_channels: int) -> nn.ConvTranspose2d:
    """Transposed convolution that doubles height and width."""
    return nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1, output_padding=1)
