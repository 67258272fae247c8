"""Sub-pixel upsampling of a feature map (SkySense++ specification, section 2.5)."""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrs.registry import MODELS


@MODELS.register_module()
class SkySenseUpHead(BaseModule):
    """A 1 x 1 convolution to ``scale ** 2`` times the channels, then a pixel shuffle.

    SkySense++ brings the maps of Sentinel backbones to the grid and width of the high-resolution one with it.

    Args:
        in_dims: Channels of the input.
        out_dims: Channels of the output.
        scale: Factor of height and width.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(self, in_dims: int, out_dims: int, scale: int = 4, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        convolution = nn.Conv2d(in_dims, out_dims * scale**2, 1)
        nn.init.kaiming_normal_(convolution.weight, mode='fan_in', nonlinearity='relu')
        if convolution.bias is not None:
            nn.init.zeros_(convolution.bias)
        self.decoder = nn.Sequential(convolution, nn.PixelShuffle(scale))

    def forward(self, feature: Tensor) -> Tensor:
        """Maps (B, in_dims, H, W) to (B, out_dims, scale * H, scale * W)."""
        return self.decoder(feature)
