"""Transforms, registered under scope ``mmrs`` and usable in the pipeline of every OpenMMLab host."""

from mmrs.datasets.transforms.annotation_mask import MaskAnnotation, clustered_mask
from mmrs.datasets.transforms.block_mask import BlockMask, block_mask
from mmrs.datasets.transforms.change import EachDate, ExchangeTime, LoadChangeLabel
from mmrs.datasets.transforms.loading import LoadMask, LoadRaster
from mmrs.datasets.transforms.modalities import FlipModalities, LoadModalities, PackModalities
from mmrs.datasets.transforms.mosaic import LoadMosaic, PackMosaic, PaintAnnotation
from mmrs.datasets.transforms.pair import NormalizeBySensor, PackPair, RandomResizedPair, RefuseEmptyPair
from mmrs.datasets.transforms.part import KeepPart
from mmrs.datasets.transforms.patch_mask import draw_masks, patch_mask
from mmrs.datasets.transforms.photometric import PhotoMetricDistortion
from mmrs.datasets.transforms.seasonal_crops import LoadSeasons, SeasonalCrops
from mmrs.datasets.transforms.time_series import LoadTimeSeries
from mmrs.datasets.transforms.views import LoadViews, PackViews
from mmrs.datasets.transforms.window import LoadWindow, RandomWindow

__all__ = [
    'BlockMask',
    'EachDate',
    'ExchangeTime',
    'FlipModalities',
    'KeepPart',
    'LoadChangeLabel',
    'LoadMask',
    'LoadModalities',
    'LoadMosaic',
    'LoadRaster',
    'LoadSeasons',
    'LoadTimeSeries',
    'LoadViews',
    'LoadWindow',
    'MaskAnnotation',
    'NormalizeBySensor',
    'PackModalities',
    'PackMosaic',
    'PackPair',
    'PackViews',
    'PaintAnnotation',
    'PhotoMetricDistortion',
    'RandomResizedPair',
    'RandomWindow',
    'RefuseEmptyPair',
    'SeasonalCrops',
    'block_mask',
    'draw_masks',
    'patch_mask',
    'clustered_mask',
]
