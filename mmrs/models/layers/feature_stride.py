"""Feature maps of a plain ViT at the strides that pyramid necks and anchor heads expect."""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional


def to_stride(feature: Tensor, patch_size: int, stride: float, image_size: tuple[int, int]) -> Tensor:
    """Resamples a map of stride ``patch_size`` to ``stride``, bilinear, every cell at its exact place in the image.

    Args:
        feature: (B, C, ceil(H / patch_size), ceil(W / patch_size)).
        patch_size: Stride of ``feature`` in pixels.
        stride: Stride wanted in pixels.
        image_size: Height and width of the image in pixels.

    Returns:
        (B, C, ceil(H / stride), ceil(W / stride)).
    """
    # Naming the output size would stretch the map whenever the sizes do not divide. A fixed scale does not, but rounds
    # down: the repeated border supplies the missing cells, the crop removes those beyond the image.
    border = math.ceil(stride / patch_size)
    feature = functional.pad(feature, (0, border, 0, border), mode='replicate')
    scale = patch_size / stride
    feature = functional.interpolate(feature, scale_factor=scale, mode='bilinear', align_corners=False)
    height, width = (math.ceil(side / stride) for side in image_size)
    return feature[..., :height, :width].contiguous()
