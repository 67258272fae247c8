"""Transforms, registered under scope ``mmrs`` and usable in the pipeline of every OpenMMLab host."""

from mmrs.datasets.transforms.block_mask import BlockMask, block_mask
from mmrs.datasets.transforms.change import EachDate, ExchangeTime, LoadChangeLabel
from mmrs.datasets.transforms.loading import LoadMask, LoadRaster

__all__ = [
    'BlockMask',
    'EachDate',
    'ExchangeTime',
    'LoadChangeLabel',
    'LoadMask',
    'LoadRaster',
    'block_mask',
]
