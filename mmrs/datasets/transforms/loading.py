"""Loads images and masks of any raster format as they are, and refuses broken ones by name."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from mmrs.errors import DataError, RasterError
from mmrs.geo.scene import GeoreferenceWarning, Scene
from mmrs.registry import TRANSFORMS

IGNORE = 255


@TRANSFORMS.register_module()
class LoadRaster(BaseTransform):
    """Loads an image of any dtype and band count, bands in the file's order: RGB stays RGB.

    Adds ``img`` (H, W, C) in the file's dtype, ``img_shape`` and ``ori_shape``. Because the order is RGB, the data
    preprocessor has ``bgr_to_rgb=False``.

    Args:
        bands: 1-based numbers of the bands to load; None takes all.
        keys: Paths to load from ``results``. Several co-registered rasters are stacked as channels in this order,
            and numpy decides their common dtype; ``bands`` then chooses among the first one's.
        same_bands: Choose ``bands`` from every raster, as for two dates of one sensor.
    """

    def __init__(
        self,
        bands: Sequence[int] | None = None,
        keys: Sequence[str] = ('img_path',),
        same_bands: bool = False,
    ) -> None:
        self.bands = None if bands is None else list(bands)
        self.keys = tuple(keys)
        self.same_bands = same_bands

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Loads the image.

        Raises:
            RasterError: If a raster cannot be read, lacks a band, or co-registered ones differ in size.
        """
        layers = [
            read_raster(results[key], self.bands if self.same_bands or index == 0 else None)
            for index, key in enumerate(self.keys)
        ]
        for key, layer in zip(self.keys[1:], layers[1:], strict=True):
            if layer.shape[1:] != layers[0].shape[1:]:
                expected = f'{_size(layers[0])} like {results[self.keys[0]]}'
                raise RasterError(results[key], _size(layer), expected, 'Warp the rasters to one grid first.')
        image = layers[0] if len(layers) == 1 else np.concatenate(layers)
        results['img'] = np.ascontiguousarray(np.moveaxis(image, 0, -1))
        results['img_shape'] = results['ori_shape'] = image.shape[1:]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(bands={self.bands}, keys={self.keys}, same_bands={self.same_bands})'


@TRANSFORMS.register_module()
class LoadMask(BaseTransform):
    """Loads a mask of class indices (PNG, GeoTIFF, ...) and checks every value.

    Adds ``gt_seg_map`` (H, W) uint8. 255 means "ignore" and is always allowed.

    Args:
        num_classes: Number of classes; None takes ``results['num_classes']``, which mmrs datasets supply.
        label_map: Value in the file to class index, for files that do not hold class indices. Values that are not
            listed, apart from 255, are an error.
        threshold: For two classes drawn in grey: values from here on are class 1, below it 0.
    """

    def __init__(
        self,
        num_classes: int | None = None,
        label_map: Mapping[int, int] | None = None,
        threshold: int | None = None,
    ) -> None:
        self.num_classes = num_classes
        # Keys become strings in a config that has been through JSON or YAML.
        self.label_map = None if label_map is None else {int(old): int(new) for old, new in label_map.items()}
        self.threshold = threshold

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Loads the mask.

        Raises:
            DataError: If it is missing, has another size than the image, or holds values outside the classes.
        """
        path = results['seg_map_path']
        mask = self._indices(path)
        if results.get('reduce_zero_label'):
            mask = np.where(mask == 0, IGNORE, mask - (mask != IGNORE)).astype(np.uint8)
        if results.get('label_map') is not None:  # classes chosen or reordered in the dataset's metainfo
            mask = _looked_up(mask, {**{value: value for value in range(256)}, **results['label_map']}, path)
        number = self.num_classes or results.get('num_classes')
        if number:
            _check_values(mask, number, path)
        shape = results.get('img_shape')
        if shape is not None and mask.shape != tuple(shape[:2]):
            expected = f'{shape[0]} x {shape[1]} like the image {results.get("img_path")}'
            raise DataError(path, _size(mask), expected, 'Redo the mask on the grid of the image.')
        results['gt_seg_map'] = mask
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results

    def _indices(self, path: str) -> NDArray[np.uint8]:
        try:
            mask = read_raster(path)
        except RasterError as error:
            raise DataError(path, error.found, 'a readable mask', 'Restore the mask or drop its image.') from error
        if mask.shape[0] != 1:
            raise DataError(path, f'{mask.shape[0]} bands', 'one band of class indices', 'Convert colours to indices.')
        mask = mask[0]
        if self.threshold is not None:
            return (mask >= self.threshold).astype(np.uint8)
        if mask.dtype != np.uint8:
            mask = _as_uint8(mask, path)
        return mask if self.label_map is None else _looked_up(mask, self.label_map, path)

    def __repr__(self) -> str:
        settings = f'num_classes={self.num_classes}, label_map={self.label_map}, threshold={self.threshold}'
        return f'{type(self).__name__}({settings})'


def read_raster(path: str, bands: list[int] | None = None) -> NDArray[Any]:
    """All pixels of a raster, wherever it is on Earth.

    Args:
        path: Any raster that GDAL opens.
        bands: 1-based numbers of the bands; None takes all.

    Returns:
        (bands, rows, columns) in the file's dtype.

    Raises:
        RasterError: If it cannot be read or lacks a band.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', GeoreferenceWarning)  # training needs no place on Earth
        with Scene(path, bands) as scene:
            return scene.read()


def _size(array: NDArray[Any]) -> str:
    return f'{array.shape[-2]} x {array.shape[-1]} pixels'


def _as_uint8(mask: NDArray[Any], path: str) -> NDArray[np.uint8]:
    """Narrows integers and whole floats; a negative "no data" or a fraction is not a class."""
    small = mask.astype(np.uint8)
    if not np.array_equal(small, mask):
        found = f'{mask.dtype} values from {mask.min():g} to {mask.max():g}'
        raise DataError(path, found, 'whole numbers from 0 to 255', 'Convert the mask to class indices.')
    return small


def _looked_up(mask: NDArray[np.uint8], label_map: Mapping[int, int], path: str) -> NDArray[np.uint8]:
    table = np.full(256, -1, np.int16)
    table[IGNORE] = IGNORE
    for old, new in label_map.items():
        table[old] = new
    mapped = table[mask]
    if (mapped < 0).any():
        unknown = np.unique(mask[mapped < 0]).tolist()
        raise DataError(path, f'values {unknown}', f'values of the label map {sorted(label_map)}', 'Add them to it.')
    return mapped.astype(np.uint8)


def _check_values(mask: NDArray[np.uint8], number: int, path: str) -> None:
    counts = np.bincount(mask.ravel(), minlength=256)
    unknown = np.flatnonzero(counts[:IGNORE])
    unknown = unknown[unknown >= number].tolist()
    if unknown:
        expected = f'0 to {number - 1}, or {IGNORE} for "ignore"'
        raise DataError(path, f'values {unknown}', expected, 'Check the class list or give a label_map.')
